"""How a scene file holds its numbers, in words."""

from collections.abc import Callable
from pathlib import Path

from spag4d.io.glb_read import read_glb_document
from spag4d.io.ply_header import read_elements
from spag4d.io.scene import scene_format
from spag4d.io.sog_read import read_sog_meta
from spag4d.io.spz import read_spz_header

_DEGREES = {0: 0, 9: 1, 24: 2, 45: 3, 72: 4}


def encoding_of(path: Path) -> str:
    """Return version, precision and view-dependent colour of a scene file in words; raises `InputError`."""
    return _IN_WORDS[scene_format(path)](path)


def _ply(path: Path) -> str:
    elements, _ = read_elements(path)
    properties = [name for _, _, found in elements for name, _ in found]
    rest = sum(name.startswith("f_rest_") for name in properties)
    kind = "chunks of 256 with 16 bytes each" if elements and elements[0][0] == "chunk" else f"{len(properties)} properties"
    return f"PLY, {kind}{_degree(_DEGREES.get(rest, -1))}"


def _spz(path: Path) -> str:
    header = read_spz_header(path)
    return f"SPZ version {header.version}, positions in steps of 1/{1 << header.fractional_bits} m{_degree(header.degree)}"


def _sog(path: Path) -> str:
    meta = read_sog_meta(path)
    return f"SOG version {meta['version']}, positions of 16 bits{_degree(meta.get('shN', {}).get('bands', 0))}"


def _glb(path: Path) -> str:
    asset = read_glb_document(path).get("asset", {})
    return f"glTF {asset.get('version', '2.0')} with KHR_gaussian_splatting, by {asset.get('generator', 'an unknown program')}"


def _splat(path: Path) -> str:
    return "SPLAT, records of 32 bytes"


def _degree(degree: int) -> str:
    return f", view-dependent colour of degree {degree}, which is left out" if degree > 0 else ""


_IN_WORDS: dict[str, Callable[[Path], str]] = {
    "ply": _ply, "compressed.ply": _ply, "splat": _splat, "spz": _spz, "sog": _sog, "glb": _glb}
