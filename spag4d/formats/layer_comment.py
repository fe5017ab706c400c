"""The comment that says which Gaussians of a file belong to which layer: ``layers fine 81000 backing 5000 sky 9000``.

It names the layers in the order in which their Gaussians stand in the file, and how many each has. So only formats that keep
the order can hold it.
"""

import re
from collections.abc import Sequence

from spag4d.data import LAYERS, Gaussians, Layers

_LAYER = re.compile(r"([a-z]+) (\d{1,12})", re.ASCII)
_WHOLE = re.compile(rf"layers {_LAYER.pattern}( {_LAYER.pattern})*", re.ASCII)


def layers_comment(layers: Layers) -> str:
    """Return the comment for a scene whose layers stand in the file in the order of `LAYERS`."""
    return " ".join(["layers", *(f"{name} {count}" for name, count in layers.counts.items() if count)])


def is_layers(comment: str) -> bool:
    """Return whether a comment is such a one."""
    return _WHOLE.fullmatch(comment) is not None


def layers_in(comments: Sequence[str], gaussians: Gaussians) -> Layers | None:
    """Return the Gaussians of a file in the layers that its comments name, or None where they name none that fit."""
    counts = layer_counts(comments, len(gaussians))
    return Layers.split(gaussians, counts) if counts else None


def layer_counts(comments: Sequence[str], count: int | None = None) -> dict[str, int]:
    """Return how many Gaussians each layer of a file has; empty where its comments name none, or not ``count`` in all."""
    for comment in filter(is_layers, comments):
        pairs = _LAYER.findall(comment)
        counts = {name: int(number) for name, number in pairs}
        in_order = [name for name in LAYERS if name in counts] == [name for name, _ in pairs]
        if in_order and count in (None, sum(counts.values())):
            return counts
    return {}
