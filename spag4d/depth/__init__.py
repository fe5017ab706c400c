"""Panorama → DepthMap: the family of depth models."""

from spag4d.errors import InputError, either
from spag4d.registry import Registry
from spag4d.weights import is_installed, may_be_sold, weights_path

DEPTH_MODELS = Registry("depth model", {
    "panda": "spag4d.depth.panda:PandaDepth",
    "panda-small": "spag4d.depth.panda:PandaSmallDepth",
    "panda-matterport": "spag4d.depth.panda:PandaMatterportDepth",
    "dap": "spag4d.depth.dap:DapDepth",
    "da3": "spag4d.depth.da3:Da3Depth",
    "da360": "spag4d.depth.da360:Da360Depth",
    "builtin": "spag4d.depth.builtin:BuiltinDepth",
})
"""Depth models by name, constructed as ``Model(device)``; see `spag4d.depth.base.DepthModel`."""

_BEST_FIRST = ("panda", "dap", "da3", "da360", "panda-small", "builtin")


BUILTIN = "builtin"
"""The model that is always available."""


def best_available(*, commercial_ok: bool = False) -> str:
    """Return the name of the best depth model that is installed.

    ``commercial_ok`` leaves out those whose results may not be sold.
    """
    return next(name for name in _allowed(commercial_ok) if is_installed(name))


def best_published(*, commercial_ok: bool = False) -> str:
    """Return the name of the best depth model of all, installed or not; ``commercial_ok`` as in `best_available`."""
    return _allowed(commercial_ok)[0]


def _allowed(commercial_ok: bool) -> list[str]:
    return [name for name in _BEST_FIRST if may_be_sold(name) or not commercial_ok]


def check_available(name: str, *, commercial_ok: bool = False) -> None:
    """Raise before any work where the model ``name`` cannot be used.

    `WeightsError` where its weights are not installed; `InputError` where ``commercial_ok`` is asked for and results of the
    model may not be sold, or nobody says that they may.
    """
    if commercial_ok and not may_be_sold(name):
        allowed = either(model for model in DEPTH_MODELS if may_be_sold(model))
        raise InputError(f"--commercial-ok: the licence of {name} does not allow its results to be sold, or is not stated. "
                         f"Models you may use: {allowed}.")
    if not is_installed(name):
        weights_path(name)
