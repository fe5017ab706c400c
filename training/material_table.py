"""The materials of a scene as one tensor, from which every pixel takes the numbers of its own."""

from __future__ import annotations

from dataclasses import astuple, fields

import numpy as np
import torch

from training.materials import Material


def _rows() -> dict[str, int | slice]:
    """Which rows of the table hold which field of a Material; pairs and colours take several."""
    rows: dict[str, int | slice] = {}
    start = 0
    for field, value in zip(fields(Material), astuple(Material()), strict=True):
        count = len(value) if isinstance(value, tuple) else 1
        rows[field.name] = start if count == 1 else slice(start, start + count)
        start += count
    return rows


_ROWS = _rows()


def _column(material: Material) -> list[float]:
    numbers: list[float] = []
    for name in _ROWS:
        value = getattr(material, name)
        numbers += value if isinstance(value, tuple) else (value,)
    return numbers


class MaterialTable:
    """``table["grain"]`` is that field of n materials, (n) float32; (k, n) where it has k numbers, as colours do."""

    def __init__(self, numbers: torch.Tensor) -> None:
        """``numbers`` (23, n): the fields of ``Material`` in their order, one column per material."""
        self._numbers = numbers

    @classmethod
    def of(cls, materials: list[Material], device: str) -> MaterialTable:
        """One column for each of ``materials``."""
        columns = np.array([_column(m) for m in materials], dtype=np.float32)
        return cls(torch.from_numpy(columns.T.copy()).to(device))

    def __getitem__(self, field: str) -> torch.Tensor:
        """One field of all materials."""
        return self._numbers[_ROWS[field]]

    def pick(self, columns: torch.Tensor) -> MaterialTable:
        """The materials with the numbers ``columns`` (n), which may repeat: one for each pixel."""
        return MaterialTable(self._numbers.index_select(1, columns))
