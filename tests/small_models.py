"""Small random checkpoints of every published network, in the place where the downloaded ones would be."""

from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks.synthetic_checkpoints import write_checkpoint
from spag4d.depth import DEPTH_MODELS
from spag4d.models.weights import WEIGHTS

PICTURES = {
    "spag4d.depth.panda.SIZE_HW": (126, 252), "spag4d.depth.da360.SIZE_HW": (126, 252), "spag4d.depth.dap.SIZE_HW": (128, 256),
    "spag4d.depth.da3.VIEW_PX": 126, "spag4d.depth.da3.WHOLE_HW": (126, 252)}
"""Sizes of what the networks look at: a quarter of the published ones, which take a sixteenth of the time."""


QUICK_DEPTH = ("spag4d.depth.builtin.WORKING_HW", (128, 256))
"""What the built-in network looks at where its depth need not be good: a fifteenth of the time."""


def write_small_models(home: Path) -> None:
    """Lay the folder out as `spag4d.models.weights` does."""
    for name in [name for name in DEPTH_MODELS if name in WEIGHTS]:
        folder = home / "models" / name
        folder.mkdir(parents=True)
        write_checkpoint(name, folder)


def install_small_models(home: Path, patch: pytest.MonkeyPatch) -> None:
    """Make the program take the checkpoints in ``home`` for the published ones."""
    patch.setenv("SPAG4D_HOME", str(home))
    for name, size in PICTURES.items():
        patch.setattr(name, size)
    for name, weights in list(WEIGHTS.items()):
        patch.setitem(WEIGHTS, name, replace(weights, slack=2**40, sha256=None))
