"""Panorama → DepthMap: the family of depth models."""

from spag4d.registry import Registry

DEPTH_MODELS = Registry("depth model", {
    "builtin": "spag4d.depth.builtin:BuiltinDepth",
})
"""Depth models by name, constructed as ``Model(device)``; see `spag4d.depth.base.DepthModel`."""
