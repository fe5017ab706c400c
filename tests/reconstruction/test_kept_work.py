from pathlib import Path

import numpy as np
import pytest

from spag4d.data import DepthMap
from spag4d.errors import Cancelled, InputError
from spag4d.reconstruction.kept_work import depth_from_arrays, depth_to_arrays, kept_work, work_folder


def keep_one(output: Path, made_of: dict[str, int], *, then: type[Exception] | None) -> None:
    with kept_work(output, made_of) as kept:
        kept.keep("one", {"values": np.arange(3)})
        if then is not None:
            raise then("for the test")


def found(output: Path, made_of: dict[str, int]) -> bool:
    with kept_work(output, made_of) as kept:
        return kept.find("one") is not None


def test_work_that_was_stopped_is_found_by_the_same_work_alone(tmp_path: Path) -> None:
    output = tmp_path / "house.ply"
    for made_of, expected in (({"a": 1}, True), ({"a": 2}, False)):
        with pytest.raises(Cancelled):
            keep_one(output, {"a": 1}, then=Cancelled)
        assert found(output, made_of) is expected
        assert list(tmp_path.iterdir()) == []  # what is done leaves nothing behind


def test_wrong_input_leaves_nothing_behind(tmp_path: Path) -> None:
    with pytest.raises(InputError):
        keep_one(tmp_path / "house.ply", {}, then=InputError)
    assert list(tmp_path.iterdir()) == []


def test_what_is_damaged_is_made_again(tmp_path: Path) -> None:
    output = tmp_path / "house.ply"
    with pytest.raises(Cancelled):
        keep_one(output, {}, then=Cancelled)
    path = work_folder(output) / "one.npz"
    path.write_bytes(path.read_bytes()[:50])
    assert not found(output, {})


def test_two_runs_do_not_make_one_output(tmp_path: Path) -> None:
    output = tmp_path / "house.ply"
    with kept_work(output, {}), pytest.raises(InputError, match="another run"), kept_work(output, {}):
        pass


@pytest.mark.parametrize("doubt", [None, np.full((2, 4), 0.1, np.float32)])
def test_depth_comes_back(doubt: np.ndarray | None) -> None:
    depth = DepthMap(np.full((4, 8), 2, np.float32), np.eye(4, 8, dtype=bool), "metric", "da3", "builtin", 0.1, doubt)
    back = depth_from_arrays(depth_to_arrays(depth))
    assert (back.kind, back.model, back.metres_from, back.scale_sigma) == ("metric", "da3", "builtin", 0.1)
    np.testing.assert_array_equal(back.distance, depth.distance)
    np.testing.assert_array_equal(back.sky, depth.sky)
    assert (back.doubt is None) == (doubt is None)
