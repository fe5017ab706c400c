"""Scene files: read, written, recognised and described.

A format is one file here with one record (`format.Format`), and one line in a registry.
"""

from spag4d.registry import Registry

FORMATS = Registry("format", {
    "ply": "spag4d.formats.ply:PLY",
    "splat": "spag4d.formats.splat:SPLAT",
    "spz": "spag4d.formats.spz:SPZ",
    "compressed.ply": "spag4d.formats.compressed_ply:COMPRESSED_PLY",
    "sog": "spag4d.formats.sog:SOG",
    "glb": "spag4d.formats.glb:GLB",
})
"""Formats that are read and written, by the extension of their files; the first is the one of frames and folders."""

READ_ONLY = Registry("format", {
    "ksplat": "spag4d.formats.ksplat:KSPLAT",
})

MOVING = Registry("format of moving scenes", {
    "4dgs": "spag4d.formats.fourdgs:FOURDGS",
    "ftgs.ply": "spag4d.formats.ftgs:FTGS",
})
"""Formats of scenes that move, see `formats.moving`; the still ones above know nothing of time."""

MOVING_READ_ONLY = Registry("format of moving scenes", {
    "spacetime.ply": "spag4d.formats.spacetime_ply:SPACETIME_PLY",
    "splatv": "spag4d.formats.splatv:SPLATV",
})
"""What trainers of such scenes write."""


def readable() -> Registry:
    """Return all formats, in the order in which they try to recognise a file."""
    return Registry("format", {**FORMATS, **READ_ONLY})
