"""Files only: pictures in, splat files out."""

from spag4d.registry import Registry

WRITERS = Registry("format", {
    "ply": "spag4d.io.ply:write_ply",
    "splat": "spag4d.io.splat:write_splat",
})
"""Splat formats by file extension: ``write(path, gaussians, *, comments=(), progress=SILENT)``."""

READERS = Registry("format", {
    "ply": "spag4d.io.ply:read_ply",
    "splat": "spag4d.io.splat:read_splat",
})
"""``read(path) -> Gaussians`` for every format that is written."""
