"""Pure mathematics of directions, cameras and resampling."""

from spag4d.registry import Registry

RIGS = Registry("camera rig", {
    "cubemap": "spag4d.geometry.cubemap:cubemap",
    "icosahedron": "spag4d.geometry.icosahedron:face_views",
    "icosahedron-vertices": "spag4d.geometry.icosahedron:vertex_views",
})
"""Camera rigs by name, called as ``rig(size_px, fov_deg=None)``; each returns a tuple of square, upright views."""
