"""Scene files: read, written, recognised and described."""

from dataclasses import dataclass

from spag4d.registry import Registry

WRITERS = Registry("format", {
    "ply": "spag4d.formats.ply:write_ply",
    "splat": "spag4d.formats.splat:write_splat",
    "spz": "spag4d.formats.spz:write_spz",
    "compressed.ply": "spag4d.formats.compressed_ply:write_compressed_ply",
    "sog": "spag4d.formats.sog:write_sog",
    "glb": "spag4d.formats.glb:write_glb",
})
"""Splat formats by file extension: ``write(path, gaussians, *, comments=(), progress=SILENT)``.

Gaussians of which a value is not a finite number are left out, with a warning, by every one of them.
"""

READERS = Registry("format", {
    "ply": "spag4d.formats.ply:read_ply",
    "splat": "spag4d.formats.splat:read_splat",
    "spz": "spag4d.formats.spz_read:read_spz",
    "compressed.ply": "spag4d.formats.compressed_ply:read_compressed_ply",
    "sog": "spag4d.formats.sog_read:read_sog",
    "glb": "spag4d.formats.glb_read:read_glb",
    "ksplat": "spag4d.formats.ksplat:read_ksplat",
})
"""``read(path, *, shift_m=ORIGIN, progress=SILENT) -> Gaussians``: those that are written first, then those that are only read.

Places are moved by ``shift_m`` before they are cut to float32; what is in a file and not in what is returned is a warning.
"""

COMMENT_READERS = Registry("format", {
    "ply": "spag4d.formats.ply_comments:read_comments",
    "compressed.ply": "spag4d.formats.ply_comments:read_comments",
    "sog": "spag4d.formats.sog_read:read_sog_comments",
    "glb": "spag4d.formats.glb_read:read_glb_comments",
})
"""``read(path) -> list[str]`` for the formats that have a place for comments."""


@dataclass(frozen=True)
class About:
    """What people are told of a format: its name, what it is good for, and how soon the web page can show it (1 first)."""

    label: str
    purpose: str
    shown: int


ABOUT = {
    "ply": About("PLY", "Exact: for editors and other programs", 5),
    "splat": About("SPLAT", "Small, for web viewers", 1),
    "spz": About("SPZ", "Very small, for web viewers and headsets", 2),
    "compressed.ply": About("Compressed PLY", "Small, for SuperSplat and PlayCanvas", 4),
    "sog": About("SOG", "The smallest, for the web", 3),
    "glb": About("GLB", "Exact, with a camera: for glTF programs", 6),
    "ksplat": About("KSPLAT", "Read, not written", 7),
}
"""In the order in which the formats are registered."""
