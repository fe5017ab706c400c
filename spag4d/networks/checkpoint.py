"""Reading published checkpoints: what the file holds, which sizes follow from it, and that nothing is missing or left over."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import nn

from spag4d.errors import WeightsError
from spag4d.networks.vit import HEAD_WIDTH

State = dict[str, torch.Tensor]
Network = TypeVar("Network", bound=nn.Module)

_TAPS = {12: (2, 5, 8, 11), 24: (4, 11, 17, 23)}
_REMEDY = "Download it again with `spag4d download-models`."


def read_checkpoint(path: Path) -> dict[str, Any]:
    """Return what the file holds, safetensors or a pickle of plain tensors, mapped into memory rather than read.

    Nothing in the file is executed. Raises `WeightsError` for a file that is missing, damaged or something else.
    """
    try:
        if path.suffix == ".safetensors":
            return load_file(path)
        held = torch.load(path, map_location="cpu", weights_only=True, mmap=True)
    except OSError as error:
        raise WeightsError(f"cannot read the weights {path}: {error.strerror or error}. {_REMEDY}") from error
    except (SafetensorError, RuntimeError, ValueError, EOFError, KeyError) as error:
        raise _unreadable(path, error) from error
    except Exception as error:  # an unpickler that refuses code raises errors of a private module
        if type(error).__name__ != "UnpicklingError":
            raise
        raise _unreadable(path, error) from error
    if not isinstance(held, dict):
        raise WeightsError(f"{path} holds not weights but a {type(held).__name__}. {_REMEDY}")
    return held


def _unreadable(path: Path, error: Exception) -> WeightsError:
    reason = (str(error).splitlines() or [type(error).__name__])[0]
    return WeightsError(f"the weights {path} are damaged or not a checkpoint ({reason}). {_REMEDY}")


def official(held: dict[str, Any], *, prefix: str, dropped: Iterable[str] = ()) -> State:
    """Return the tensors of a checkpoint in float32 without the ``prefix`` (a pattern) of their names.

    ``dropped`` are patterns of whole names that a published file holds and the network does not use; they are matched
    after the prefix has gone.
    """
    unused = re.compile("|".join(dropped) or r"(?!)")
    named = ((re.sub(f"^{prefix}", "", name), value) for name, value in held.items())
    return {name: value.float() if isinstance(value, torch.Tensor) and value.is_floating_point() else value
            for name, value in named if not unused.fullmatch(name)}


@dataclass(frozen=True)
class Sizes:
    """The sizes of a transformer with a DPT head, read from the shapes of a checkpoint."""

    width: int
    depth: int
    side: int
    channels: tuple[int, ...]
    features: int

    @staticmethod
    def of(state: State, backbone: str, head: str) -> Sizes:
        """Read the sizes of the transformer named ``backbone`` and the head named ``head``."""
        table = state.get(f"{backbone}.pos_embed")
        blocks = re.compile(rf"{re.escape(backbone)}\.blocks\.(\d+)\.")
        return Sizes(
            width=state[f"{backbone}.cls_token"].shape[-1],
            depth=1 + max((int(found[1]) for found in map(blocks.match, state) if found), default=-1),
            side=0 if table is None else math.isqrt(table.shape[1] - 1),
            channels=tuple(state[f"{head}.projects.{level}.weight"].shape[0] for level in range(4)),
            features=state[f"{head}.scratch.layer1_rn.weight"].shape[0],
        )

    @property
    def taps(self) -> tuple[int, ...]:
        """Numbers of the blocks whose tokens the head takes."""
        return _TAPS[self.depth]

    def check(self, origin: object) -> None:
        """Raise `WeightsError` where no network of these sizes was published."""
        if self.depth not in _TAPS or self.width % HEAD_WIDTH or not self.width:
            raise not_of_this_network(origin, f"it has {self.depth} blocks of {self.width} channels; expected 12 or 24 blocks "
                                      f"and multiples of {HEAD_WIDTH} channels")


def not_of_this_network(origin: object, reason: str) -> WeightsError:
    """Return the error for a checkpoint whose content does not fit."""
    return WeightsError(f"{origin} does not hold the weights of this network: {reason}. {_REMEDY}")


def built(make: Callable[[Sizes], Network], state: State, origin: object, *, backbone: str, head: str) -> Network:
    """Return the network that ``make`` describes, holding the tensors of ``state`` themselves, ready for inference.

    Raises `WeightsError` that names what is missing, left over or of another shape.
    """
    try:
        sizes = Sizes.of(state, backbone, head)
    except (KeyError, AttributeError, IndexError) as error:
        raise not_of_this_network(origin, f"{error} is missing or not a tensor") from error
    sizes.check(origin)
    return filled(lambda: make(sizes), state, origin)


def filled(make: Callable[[], Network], state: State, origin: object) -> Network:
    """Return the network that ``make`` allocates, holding the tensors of ``state`` themselves, ready for inference.

    Nothing is allocated: ``make`` runs on the meta device. Raises `WeightsError` that names what is missing, left over or of
    another shape.
    """
    with torch.device("meta"):
        network = make()
    expected = network.state_dict()
    _compare({name: value.shape for name, value in expected.items()}, state, origin)
    network.load_state_dict(state, assign=True)
    return network.eval().requires_grad_(False)


def _compare(expected: dict[str, torch.Size], state: State, origin: object) -> None:
    missing = sorted(expected.keys() - state.keys())
    extra = sorted(state.keys() - expected.keys())
    misshapen = [f"{name} {tuple(getattr(state[name], 'shape', ()))} instead of {tuple(shape)}"
                 for name, shape in expected.items() if name in state and getattr(state[name], "shape", None) != shape]
    found = [f"{what}: {_listed(names)}" for what, names in
             (("missing", missing), ("unknown", extra), ("of another shape", misshapen)) if names]
    if found:
        raise not_of_this_network(origin, "; ".join(found))


def _listed(names: list[str]) -> str:
    shown = ", ".join(names[:3])
    return shown if len(names) <= 3 else f"{shown} and {len(names) - 3} more"
