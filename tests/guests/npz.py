"""A scene format as a guest writes one: arrays of numpy in an .npz file."""

from collections.abc import Sequence
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
from jaxtyping import Float64

from spag4d.data import Gaussians
from spag4d.formats.format import Format
from spag4d.formats.placing import ORIGIN, placed
from spag4d.progress import SILENT, Progress


def read(path: Path, *, shift_m: Float64[np.ndarray, "3"] = ORIGIN, progress: Progress = SILENT) -> Gaussians:
    with np.load(path) as arrays:
        gaussians = Gaussians(**{field.name: arrays[field.name] for field in fields(Gaussians) if field.name in arrays})
    return replace(gaussians, means=placed(gaussians.means, shift_m, progress))


def write(path: Path, gaussians: Gaussians, *, comments: Sequence[str] = (), progress: Progress = SILENT) -> None:
    values = {field.name: getattr(gaussians, field.name) for field in fields(gaussians)}
    with path.open("wb") as file:
        np.savez(file, **{name: array for name, array in values.items() if array is not None})


def recognises(path: Path, head: bytes) -> bool:
    return path.suffix == ".npz"


NPZ = Format("npz", "Numpy", "For notebooks", recognises, read, lambda path: "arrays of numpy", write)
