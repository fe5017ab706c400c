"""Panorama → DepthMap: the family of depth models."""

from spag4d.progress import Progress
from spag4d.registry import Registry

DEPTH_MODELS = Registry("depth model", {
    "builtin": "spag4d.depth.builtin:BuiltinDepth",
})
"""Depth models by name, constructed as ``Model(device)``; see `spag4d.depth.base.DepthModel`."""


def best_available(progress: Progress) -> str:
    """Return the name of the best depth model that is installed, and warn where that is only the built-in one."""
    progress.warn("depth was estimated by the small built-in model; if you have measured depth, pass it with --depth-map")
    return "builtin"
