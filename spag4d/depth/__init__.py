"""Panorama → DepthMap: the family of depth models."""

from collections.abc import Mapping
from dataclasses import dataclass

from spag4d.errors import InputError, either
from spag4d.models.weights import is_installed, may_be_sold, weights_path
from spag4d.registry import Registry

BUILTIN = "builtin"
"""The model that is always available."""


@dataclass(frozen=True)
class Model:
    """What is known of a depth model before it is imported.

    ``place`` is its class, a `spag4d.depth.base.DepthModel`, constructed as ``Model(device)``. Its weights, if it has any, have
    its name in `spag4d.models.weights`. ``rank`` says which of several installed models is taken (1 first; None: only by name),
    ``lends_metres`` whether models without metres may use its own. ``variants`` are options about which the authors' programs
    disagree; `spag4d.commands.verify_models` tries them.
    """

    place: str
    rank: int | None = None
    lends_metres: bool = False
    variants: tuple[Mapping[str, str], ...] = ({},)


DEPTH_MODELS = Registry("depth model", {
    "panda": Model("spag4d.depth.panda:PandaDepth", rank=1),
    "panda-small": Model("spag4d.depth.panda:PandaSmallDepth", rank=5),
    "panda-matterport": Model("spag4d.depth.panda:PandaMatterportDepth"),
    "dap": Model("spag4d.depth.dap:DapDepth", rank=2, lends_metres=True,
                 variants=({"normalization": "imagenet"}, {"normalization": "none"})),
    "da3": Model("spag4d.depth.da3:Da3Depth", rank=3, lends_metres=True),
    "da360": Model("spag4d.depth.da360:Da360Depth", rank=4),
    BUILTIN: Model("spag4d.depth.builtin:BuiltinDepth", rank=6, lends_metres=True),
})
"""Depth models by name, in the order of menus."""


def best_first() -> list[str]:
    """Return the names of the models that are taken by themselves, the best first."""
    ranks = {name: model.rank for name, model in DEPTH_MODELS.items() if model.rank is not None}
    return sorted(ranks, key=ranks.__getitem__)


def best_available(*, commercial_ok: bool = False) -> str:
    """Return the name of the best depth model that is installed.

    ``commercial_ok`` leaves out those whose results may not be sold.
    """
    return next(name for name in _allowed(commercial_ok) if is_installed(name))


def best_published(*, commercial_ok: bool = False) -> str:
    """Return the name of the best depth model of all, installed or not; ``commercial_ok`` as in `best_available`."""
    return _allowed(commercial_ok)[0]


def _allowed(commercial_ok: bool) -> list[str]:
    return [name for name in best_first() if may_be_sold(name) or not commercial_ok]


def check_available(name: str, *, commercial_ok: bool = False) -> None:
    """Raise before any work where the model ``name`` cannot be used.

    `WeightsError` where its weights are not installed; `InputError` where ``commercial_ok`` is asked for and results of the
    model may not be sold, or no licence allows it.
    """
    if commercial_ok and not may_be_sold(name):
        allowed = either(model for model in DEPTH_MODELS if may_be_sold(model))
        raise InputError(f"--commercial-ok: the licence of {name} does not allow its results to be sold, or is not stated. "
                         f"Models you may use: {allowed}.")
    if not is_installed(name):
        weights_path(name)
