"""SpacetimeGaussian PLY and .splatv: the trainer's formulas, and straight pieces that stay by the curves."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from spag4d.data import Gaussians
from spag4d.errors import InputError
from spag4d.formats.moving import MovingFile, is_moving, opened_moving, write_moving
from spag4d.formats.scene import read_scene
from spag4d.progress import Progress
from tests.formats.moving_files import moment, spacetime_rows, write_ply_of, write_splatv_of

ROWS = spacetime_rows()
TIMES = (0.0, 0.2, 0.55, 0.99)


@pytest.fixture
def ply(tmp_path: Path) -> Path:
    write_ply_of(tmp_path / "trained.ply", ROWS)
    return tmp_path / "trained.ply"


@pytest.fixture
def splatv(tmp_path: Path) -> Path:
    write_splatv_of(tmp_path / "a file", ROWS)
    return tmp_path / "a file"


def expected(time: float) -> tuple[list[int], Gaussians]:
    """Those that the trainer's formulas show at a time."""
    moments = [moment(ROWS, place, time) for place in range(40)]
    seen = [place for place, (_, _, opacity) in enumerate(moments)
            if opacity * (1 + np.exp(-ROWS["opacity"][place])) >= 0.02]
    means, quats, opacities = zip(*(moments[place] for place in seen), strict=True)
    scales = np.exp([[ROWS[f"scale_{number}"][place] for number in range(3)] for place in seen])
    colors = [[ROWS[f"f_dc_{number}"][place] for number in range(3)] for place in seen]
    return seen, Gaussians(*(np.array(values, np.float32) for values in (means, scales, quats, opacities, colors)))


def same_rotation(first: Gaussians, second: Gaussians) -> float:
    return float(np.abs((first.quats_wxyz * second.quats_wxyz).sum(1)).min())


@pytest.mark.parametrize("time", TIMES)
def test_a_moment_is_what_the_trainer_draws(ply: Path, splatv: Path, time: float) -> None:
    seen, right = expected(time)
    for path, off in ((ply, 1e-4), (splatv, 0.02)):
        assert is_moving(path)
        found = opened_moving(path, duration_s=2.0)
        assert found.count == 40 and found.timeline.duration_s == 2
        shown = found.at(2 * time)
        assert len(shown) == len(seen)
        np.testing.assert_allclose(shown.means, right.means, atol=off)
        np.testing.assert_allclose(shown.scales, right.scales, rtol=off)
        np.testing.assert_allclose(shown.opacities, right.opacities, atol=max(off, 1e-5))
        np.testing.assert_allclose(shown.colors, right.colors, atol=max(off, 1e-5))
        assert same_rotation(shown, right) > 1 - off


def piecewise(found: MovingFile, time_s: float) -> Gaussians:
    return Gaussians.concatenate([part.at(time_s, 0.02) for part in found.parts(time_s, time_s)])


@pytest.mark.parametrize("time", TIMES[1:])
def test_pieces_stay_within_a_quarter_of_a_size(ply: Path, time: float) -> None:
    found = opened_moving(ply, duration_s=2.0)
    exact, pieces = found.at(2 * time), piecewise(found, 2 * time)
    assert len(exact) == len(pieces)  # one piece each at any time
    strayed = np.linalg.norm(exact.means - pieces.means, axis=1) / np.sort(exact.scales, 1)[:, 1]
    assert strayed.max() <= 0.26 and strayed.max() > 0.02
    np.testing.assert_allclose(exact.opacities, pieces.opacities, atol=1e-5)
    angle = 2 * np.arccos(np.minimum(np.abs((exact.quats_wxyz * pieces.quats_wxyz).sum(1)), 1))
    ends = angle * (exact.scales.max(1) - exact.scales.min(1)) / np.sort(exact.scales, 1)[:, 1]
    assert np.median(ends) < 0.2 and ends.max() < 0.6  # turns are quicker where the rotation that is normalised is short
    assert sum(map(len, found.parts())) < 40 * 20


def test_straight_ways_take_one_piece(tmp_path: Path) -> None:
    rows = ROWS | {name: np.zeros(40, np.float32) for name in ROWS if name.startswith(("motion_", "omega_"))}
    write_ply_of(tmp_path / "a.ply", rows | {"motion_1": np.full(40, 3, np.float32)})
    part, = opened_moving(tmp_path / "a.ply", duration_s=2.0).parts()
    assert len(part) == 40
    np.testing.assert_allclose(part.velocities, np.tile([0, 1.5, 0], (40, 1)), atol=1e-4)


def test_they_become_a_file_that_ours_plays(ply: Path, tmp_path: Path) -> None:
    found = opened_moving(ply, duration_s=2.0)
    write_moving(tmp_path / "a.4dgs", found.timeline, found.parts())
    for time_s in (0.3, 1.2):
        ours, theirs = opened_moving(tmp_path / "a.4dgs").at(time_s), found.at(time_s)
        apart = np.linalg.norm(ours.means[:, None] - theirs.means, axis=2).min(1)
        assert len(ours) >= 0.8 * len(theirs) and (apart < 0.3 * np.median(theirs.scales)).all()


def test_a_length_that_is_not_said_is_warned_of(ply: Path, tmp_path: Path) -> None:
    heard: list[str] = []
    found = opened_moving(ply, progress=Progress(lambda event: heard.append(getattr(event, "message", ""))))
    assert found.timeline.duration_s == pytest.approx(50 / 30) and "taken to last 1.67 s" in heard[0] and found.encoding
    write_ply_of(tmp_path / "full.ply", ROWS | {"f_dc_3": ROWS["x"]})
    for read in (opened_moving, read_scene):
        with pytest.raises(InputError, match="full form"):
            read(tmp_path / "full.ply")


def test_as_a_still_its_colours_are_plain(ply: Path) -> None:
    colors = np.column_stack([ROWS[f"f_dc_{number}"] for number in range(3)])
    np.testing.assert_allclose(read_scene(ply).colors, colors, atol=1e-6)


@pytest.mark.parametrize(("change", "words"), [
    (lambda data: data[:6], "cut short"), (lambda data: data[:4] + b"\xff\xff\xff\x7f" + data[8:], "contents"),
    (lambda data: data[:-1], "cut short"), (lambda data: data.replace(b"splat", b"spoon", 1), "none of its contents"),
    (lambda data: data.replace(b'"size": 65536', b'"size": 65535'), "64 for each"),
    (lambda data: data[:8] + b"{" + data[9:], "list"),
    (lambda data: data.replace(b'"size": 65536', b'"size": 1e300'), "size"),
    (lambda data: data[:-65536] + bytes(65536), "no Gaussians"),
])
def test_damage_is_one_sentence(splatv: Path, change: Callable[[bytes], bytes], words: str) -> None:
    splatv.write_bytes(change(splatv.read_bytes()))
    with pytest.raises(InputError, match=words):
        opened_moving(splatv)


@pytest.mark.parametrize("name", ["motion_7", "omega_1", "trbf_center", "trbf_scale", "rot_0", "scale_1", "x"])
@pytest.mark.parametrize("value", [np.nan, np.inf, 3e38, -3e38])
def test_what_is_no_number_is_left_out(tmp_path: Path, name: str, value: float) -> None:
    rows = {key: values.copy() for key, values in ROWS.items()}
    rows[name][3] = value
    write_ply_of(tmp_path / "a.ply", rows)
    found = opened_moving(tmp_path / "a.ply", duration_s=1.0)
    for output in ("a.4dgs", "a.ftgs.ply"):
        assert write_moving(tmp_path / output, found.timeline, found.parts()) >= 39
        assert len(opened_moving(tmp_path / output).at(0.5)) > 20
    assert sum(map(len, found.parts())) < 40 * 33 and len(found.at(0.5)) > 20
