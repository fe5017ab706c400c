"""The list of what is compiled ahead: types are written and read back, and what is listed exists."""

import importlib

import pytest
from numba import types

from spag4d.kernel_signatures import _described, _type, read_signatures


@pytest.mark.parametrize("type_", [
    types.int64, types.float32, types.boolean, types.float32[:, ::1], types.uint8[::1, :], types.float32[:],
    types.Array(types.float32, 3, "C", readonly=True), types.UniTuple(types.int64, 2),
    types.Tuple((types.int32[::1], types.float64, types.UniTuple(types.boolean[:, ::1], 3)))], ids=str)
def test_a_type_is_read_as_it_was_written(type_: types.Type) -> None:
    assert _type(_described(type_)) == type_


def test_what_is_listed_is_a_kernel() -> None:
    listed = read_signatures()
    assert len(listed) > 50
    for name in listed:
        module, function = name.split(":")
        assert callable(getattr(importlib.import_module(module), function).compile)
