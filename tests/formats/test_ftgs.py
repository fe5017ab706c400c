"""The .ftgs.ply format: a still PLY for others, windows as bells, and its own times."""

import math
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from gsply import plyread

from spag4d.data import Gaussians, Moving
from spag4d.errors import InputError
from spag4d.formats.moving import Timeline, is_moving, opened_moving, write_moving
from spag4d.formats.scene import read_scene
from tests.formats.gaussian_scenes import scene, sh_of
from tests.formats.moving_files import write_ply_of

LINE = Timeline(4.0, 10.0)


def fading(count: int = 60, sh_degree: int = 0) -> Moving:
    """Gaussians that move and fade in and out in the middle of the whole."""
    rng = np.random.default_rng(2)
    return Moving(scene(count, sh_degree=sh_degree), rng.normal(size=(count, 3)).astype(np.float32),
                  rng.uniform(1.5, 2.5, count), rng.uniform(0.1, 0.3, count), np.tile([[0.0, 4.0]], (count, 1)))


def test_what_fades_comes_back_as_it_was(tmp_path: Path) -> None:
    path, given = tmp_path / "a.ftgs.ply", fading(sh_degree=1)
    assert write_moving(path, LINE, [Moving.still(scene(50, seed=4), 0.0, 4.0), given], comments=["made of nothing"]) == 110
    found = opened_moving(path)
    assert found.timeline == LINE and found.comments == ["made of nothing"] and found.count == 110
    assert found.encoding.startswith("FTGS PLY, 22 properties")
    parts = list(found.parts())
    assert np.isinf(parts[0].sigmas_s[:50]).all() and not parts[0].velocities[:50].any()
    moved = parts[0].select(slice(50, None))
    for name in ("velocities", "centers_s", "sigmas_s"):
        np.testing.assert_allclose(getattr(moved, name), getattr(given, name), rtol=1e-5)
    np.testing.assert_allclose(moved.gaussians.means, given.gaussians.means, atol=1e-6)
    assert (moved.windows_s[:, 0] <= given.centers_s - 3 * given.sigmas_s).all()
    for time_s in (0.0, 1.9, 4.0):
        np.testing.assert_allclose(found.at(time_s).opacities[:50], scene(50, seed=4).opacities, atol=1e-3)


def test_ordinary_readers_see_a_still_scene(tmp_path: Path) -> None:
    path, given = tmp_path / "a.ftgs.ply", fading(sh_degree=1)
    write_moving(path, LINE, [given])
    still, theirs = read_scene(path), plyread(path)
    assert is_moving(path) and len(still) == len(theirs) == 60
    np.testing.assert_allclose(still.means, given.gaussians.means, atol=1e-6)
    np.testing.assert_allclose(theirs.means, still.means, atol=1e-6)
    np.testing.assert_allclose(sh_of(still), sh_of(given.gaussians), atol=1e-6)


def windowed(first_s: float, last_s: float) -> Moving:
    one = scene(1)
    one.opacities[:] = 0.8
    return Moving(one, np.ones((1, 3), np.float32), np.zeros(1), np.full(1, np.inf), np.array([[first_s, last_s]]))


@pytest.mark.parametrize(("first_s", "last_s", "whole_s", "half_s"), [
    (1.0, 2.0, 1.5, (1.0, 2.0)), (0.0, 2.0, 0.0, (2.0,)), (3.0, 4.0, 4.0, (3.0,)), (-1.0, 9.0, 2.0, ())])
def test_windows_become_bells(
    tmp_path: Path, first_s: float, last_s: float, whole_s: float, half_s: tuple[float, ...]
) -> None:
    path, given = tmp_path / "a.ftgs.ply", windowed(first_s, last_s)
    write_moving(path, LINE, [given])
    found = opened_moving(path)
    assert found.at(whole_s).opacities[0] == pytest.approx(0.8, abs=1e-3)
    np.testing.assert_allclose(found.at(whole_s).means[0], given.gaussians.means[0] + whole_s, atol=1e-5)
    for time_s in half_s:
        assert found.at(time_s).opacities[0] == pytest.approx(0.4, abs=1e-3)


def test_a_fade_that_a_window_cuts_is_the_product_of_both(tmp_path: Path) -> None:
    fades = Moving(scene(1), np.zeros((1, 3), np.float32), np.array([1.5]), np.array([0.5]), np.array([[1.0, 3.0]]))
    write_moving(tmp_path / "a.ftgs.ply", LINE, [fades])
    found, width = opened_moving(tmp_path / "a.ftgs.ply"), 2 / math.sqrt(8 * math.log(2))
    for time_s in (1.2, 1.6, 2.0):
        right = math.exp(-0.5 * ((time_s - 1.5) / 0.5) ** 2 - 0.5 * ((time_s - 2) / width) ** 2)
        assert found.at(time_s).opacities[0] == pytest.approx(scene(1).opacities[0] * right, rel=1e-3)


def test_a_foreign_file_says_how_many_pictures_it_has(tmp_path: Path) -> None:
    names = ("x", "y", "z", "f_dc_0", "f_dc_1", "f_dc_2", "opacity", "scale_0", "scale_1", "scale_2", "rot_0", "rot_1", "rot_2",
             "rot_3", "time", "log_duration", "velocity_0", "velocity_1", "velocity_2")
    values = {"opacity": 2.0, "rot_0": 1.0, "time": 0.5, "log_duration": math.log(0.1), "velocity_0": 1.0}
    rows = {name: np.full(1, values.get(name, 0), np.float32) for name in names}
    for moves, place in (("1", 0.1), ("0", 0.0)):
        write_ply_of(tmp_path / "a.ply", rows, ("ftgs_version 1", "n_frames 61", f"use_velocity {moves}", "lonely"))
        found = opened_moving(tmp_path / "a.ply")
        assert found.timeline == Timeline(2.0, None, assumed=True) and found.comments == ["lonely"]
        shown = found.at(1.2)
        np.testing.assert_allclose(shown.means, [[place, 0, 0]], atol=1e-6)
        assert shown.opacities[0] == pytest.approx(math.exp(-0.5) / (1 + math.exp(-2)), rel=1e-4)


def test_a_failed_run_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="nothing to write"):
        write_moving(tmp_path / "a.ftgs.ply", LINE, [Moving.still(Gaussians.empty(), 0.0, 1.0)])
    assert not list(tmp_path.iterdir())


def test_a_promise_costs_nothing(tmp_path: Path) -> None:
    path = tmp_path / "a.ftgs.ply"
    write_moving(path, LINE, [fading()])
    path.write_bytes(path.read_bytes().replace(b"vertex 60", b"vertex 6000000000"))
    tracemalloc.start()
    with pytest.raises(InputError, match="cut short"):
        opened_moving(path)
    assert tracemalloc.get_traced_memory()[1] < 1 << 20
    tracemalloc.stop()
