"""How a scene file holds its numbers, in words."""

from collections.abc import Callable
from pathlib import Path

from spag4d.data import SH_COUNTS
from spag4d.errors import printable
from spag4d.formats.glb import COLOR, sh_names
from spag4d.formats.glb_read import read_glb_document
from spag4d.formats.ksplat import describe_ksplat
from spag4d.formats.ply_header import read_header
from spag4d.formats.ply_vertices import is_disc
from spag4d.formats.scene import SceneFile
from spag4d.formats.sog_read import read_sog_meta
from spag4d.formats.spz_read import read_spz_header


def encoding_of(scene: SceneFile) -> str:
    """Return version, precision and view-dependent colour of a scene file in words; raises `InputError`."""
    return printable(_IN_WORDS[scene.kind](scene.path))


def _ply(path: Path) -> str:
    header = read_header(path)
    rest = sum(element.rest_count for element in header.elements)
    kind = "chunks of 256 with 16 bytes each" if header.is_compressed else \
        f"{sum(len(element.properties) for element in header.elements)} properties"
    form = "" if header.encoding == "binary_little_endian" else f" {header.encoding.replace('_', ' ')}"
    discs = ", discs of 2DGS" if any(element.name == "vertex" and is_disc(element) for element in header.elements) else ""
    return f"PLY{form}, {kind}{discs}{_degree(SH_COUNTS.index(rest // 3) if rest // 3 in SH_COUNTS else 0)}"


def _spz(path: Path) -> str:
    header = read_spz_header(path)
    return f"SPZ version {header.version}, positions in steps of 1/{1 << header.fractional_bits} m{_degree(header.degree)}"


def _sog(path: Path) -> str:
    meta = read_sog_meta(path)
    return f"SOG version {meta.version}, positions of 16 bits{_degree(meta.shN.bands if meta.shN else 0)}"


def _glb(path: Path) -> str:
    document = read_glb_document(path)
    attributes = [primitive.attributes for mesh in document.meshes for primitive in mesh.primitives]
    degree = max(degree for degree, count in enumerate(SH_COUNTS)
                 if not degree or any({*sh_names(count)} <= names.keys() for names in attributes))
    asset = document.asset
    holds = "with KHR_gaussian_splatting" if any(COLOR in names for names in attributes) else "without Gaussians"
    return f"glTF {asset.version[:20]} {holds}, by {asset.generator[:80]}{_degree(degree)}"


def _splat(path: Path) -> str:
    return "SPLAT, records of 32 bytes"


def _ksplat(path: Path) -> str:
    level, degree = describe_ksplat(path)
    return f"KSPLAT, compressed at level {level}{_degree(degree)}"


def _degree(degree: int) -> str:
    return f", view-dependent colour of degree {degree}" if degree > 0 else ""


_IN_WORDS: dict[str, Callable[[Path], str]] = {
    "ply": _ply, "compressed.ply": _ply, "splat": _splat, "spz": _spz, "sog": _sog, "glb": _glb,
    "ksplat": _ksplat}
