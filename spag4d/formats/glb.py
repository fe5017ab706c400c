"""The .glb format: glTF 2.0 with the extension KHR_gaussian_splatting; .gltf is read too."""

from pathlib import Path

from spag4d.data import SH_COUNTS
from spag4d.formats.format import Format, degree_in_words, json_in
from spag4d.formats.glb_read import read_glb, read_glb_comments, read_glb_document
from spag4d.formats.glb_write import COLOR, MAGIC, sh_names, write_glb


def describe_glb(path: Path) -> str:
    """Describe version, maker and degree of view-dependent colour; raises `InputError`."""
    document = read_glb_document(path)
    attributes = [primitive.attributes for mesh in document.meshes for primitive in mesh.primitives]
    degree = max(degree for degree, count in enumerate(SH_COUNTS)
                 if not degree or any({*sh_names(count)} <= names.keys() for names in attributes))
    asset = document.asset
    holds = "with KHR_gaussian_splatting" if any(COLOR in names for names in attributes) else "without Gaussians"
    return f"glTF {asset.version[:20]} {holds}, by {asset.generator[:80]}{degree_in_words(degree)}"


def _recognises(path: Path, head: bytes) -> bool:
    document = json_in(head)
    return head.startswith(MAGIC) or (bool(document) and (path.suffix.lower() == ".gltf" or b'"asset"' in document))


GLB = Format("glb", "GLB", "Exact, with a camera: for glTF programs", _recognises, read_glb, describe_glb, write_glb,
             comments=read_glb_comments, holds_layers=True, shown=6, y_up=True, endings=(".gltf",))
