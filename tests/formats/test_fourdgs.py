"""The .4dgs format: the reference package accepts and reads what is written here, and the other way round."""

import struct
import tracemalloc
import zlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import fourdgs
import numpy as np
import pytest
from fourdgs.model import GaussianSet
from fourdgs.stream_reader import read
from fourdgs.validate import validate
from fourdgs.writer import WriteOptions, write

from spag4d.data import Gaussians, Moving, Pose
from spag4d.errors import InputError
from spag4d.formats.fourdgs_grid import bounds_of, steps_for
from spag4d.formats.fourdgs_streams import HEAD
from spag4d.formats.moving import Timeline, is_moving, opened_moving, scene_at, write_moving
from spag4d.formats.scene import read_scene
from spag4d.geometry.rotation import rotation_from_yaw_pitch_roll
from spag4d.geometry.way import Way
from tests.formats.gaussian_scenes import scene, sh_of

LINE = Timeline(2.0, 10.0)


def things(count: int = 200) -> Moving:
    """Gaussians that move and live between 0.25 s and 1 s, half of which fade."""
    rng = np.random.default_rng(3)
    fades = np.where(np.arange(count) % 2, np.inf, 0.2)
    return Moving(scene(count, seed=1), rng.normal(size=(count, 3)).astype(np.float32), np.full(count, 0.5), fades,
                  np.tile([[0.25, 1.0]], (count, 1)))


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    path = tmp_path / "a.4dgs"
    assert write_moving(path, LINE, [Moving.still(scene(3000), 0.0, 2.0), things()], comments=["made of nothing"]) == 3200
    return path


def test_the_reference_accepts_the_file_and_sees_the_same(clip: Path) -> None:
    assert fourdgs.__name__ and validate(clip.read_bytes()).findings == []
    theirs, ours = read(clip), opened_moving(clip)
    assert (ours.count, ours.timeline, ours.comments) == (3200, LINE, ["made of nothing"])
    for time_s, count in ((0.0, 3000), (0.25, 3200), (0.6, 3200), (1.0, 3000), (1.99, 3000)):
        state, found = theirs.state_at(time_s), ours.at(time_s)
        assert len(found) == len(state["indices"]) == count
        np.testing.assert_allclose(found.means * [1, -1, -1], state["centers"], atol=1e-5)
        np.testing.assert_allclose(found.opacities, state["opacity"], atol=1e-6)


def test_nothing_is_farther_off_than_the_file_says(tmp_path: Path) -> None:
    given, path = things(500), tmp_path / "a.4dgs"
    write_moving(path, LINE, [given])
    found, = opened_moving(path).parts()
    found = found.select(np.abs(given.gaussians.means[:, None] - found.gaussians.means).sum(2).argmin(1))
    most = bounds_of(steps_for(given.gaussians))
    assert np.abs(found.gaussians.means - given.gaussians.means).max() <= most["pos"] * 1.001
    assert np.abs(np.log(found.gaussians.scales / given.gaussians.scales)).max() <= np.log1p(most["scale_rel"]) * 1.001
    assert np.abs(found.gaussians.colors - given.gaussians.colors).max() <= most["rgb"] * 1.001
    assert np.abs(found.gaussians.opacities - given.gaussians.opacities).max() <= most["alpha"] * 1.001
    turned = np.abs((found.gaussians.quats_wxyz * given.gaussians.quats_wxyz).sum(1))
    assert np.degrees(2 * np.arccos(turned.min().clip(-1, 1))) < 1
    drift_m = np.abs(found.velocities - given.velocities).max() * 0.5
    assert drift_m <= most["pos"] * 1.5 and np.abs(found.centers_s - given.centers_s).max() <= most["time"]
    np.testing.assert_array_equal(found.windows_s, given.windows_s)


def test_what_the_reference_writes_is_read(tmp_path: Path) -> None:
    given, path = things(), tmp_path / "theirs.4dgs"
    flipped = given.gaussians.quats_wxyz[:, [1, 2, 3, 0]]
    theirs = GaussianSet(given.gaussians.means, given.gaussians.scales, flipped,
                         np.column_stack([given.gaussians.colors, given.gaussians.opacities]), given.velocities,
                         given.centers_s.astype(np.float32), given.sigmas_s.astype(np.float32), *given.windows_s.T)
    write(str(path), theirs, 2.0, options=WriteOptions(profile="fine"))
    state, found = read(path).state_at(0.7), opened_moving(path).at(0.7)
    np.testing.assert_allclose(found.means, state["centers"], atol=1e-5)
    for axes, expected in (("y-up-right-handed", [1, -1, -1]), ("z-up-right-handed", None)):
        write(str(path), theirs, 2.0, options=WriteOptions(profile="fine", metadata={"coordinate_system": axes}))
        turned = opened_moving(path).at(0.7).means
        x, y, z = found.means.T
        np.testing.assert_allclose(turned, found.means * expected if expected else np.stack([x, -z, y], 1), atol=1e-5)


def test_parts_are_taken_one_by_one(tmp_path: Path) -> None:
    alive: list[int] = []

    class Kept(Moving):
        def __del__(self) -> None:
            alive.remove(id(self))

    def parts() -> Iterator[Moving]:
        for number in range(4):
            assert len(alive) <= 1
            still = Moving.still(scene(100), number / 2, (number + 1) / 2)
            part = Kept(still.gaussians, still.velocities, still.centers_s, still.sigmas_s, still.windows_s)
            alive.append(id(part))
            yield part
            del part

    assert write_moving(tmp_path / "a.4dgs", LINE, parts()) == 400
    assert [len(opened_moving(tmp_path / "a.4dgs").at(time_s)) for time_s in (0.0, 0.7, 1.99)] == [100] * 3


def test_a_failed_run_leaves_the_older_file(clip: Path) -> None:
    before = clip.read_bytes()

    def parts() -> Iterator[Moving]:
        yield things()
        raise InputError("no more")

    with pytest.raises(InputError, match="no more"):
        write_moving(clip, LINE, parts())
    with pytest.raises(InputError, match="nothing to write"):
        write_moving(clip, LINE, [Moving.still(Gaussians.empty(), 0.0, 1.0)])
    assert clip.read_bytes() == before and [path.name for path in clip.parent.iterdir()] == ["a.4dgs"]


def test_what_a_file_cannot_hold_is_left_out(tmp_path: Path) -> None:
    given = scene(50)
    given.means[3] = np.nan
    given.means[4] = 1e12
    colored = scene(10, sh_degree=1)
    assert sh_of(colored).any()
    assert write_moving(tmp_path / "a.4dgs", LINE, [Moving.still(given, 0.0, 2.0), Moving.still(colored, 0.0, 2.0)]) == 58


def test_still_scenes_of_a_moving_one(clip: Path, tmp_path: Path) -> None:
    assert is_moving(clip) and not is_moving(tmp_path / "none") and len(scene_at(clip, 0.5)) == 3200
    with pytest.raises(InputError, match=r"lasts 2 s, and --time is 2\.5"):
        scene_at(clip, 2.5)
    with pytest.raises(InputError, match="with --time makes a still scene"):
        read_scene(clip)


def test_damage_is_one_sentence(clip: Path) -> None:
    whole = clip.read_bytes()
    rng = np.random.default_rng(0)
    cuts = [whole[:size] for size in (*range(1, 40), *rng.integers(40, len(whole), 40), len(whole) - 1)]
    changed = []
    for _ in range(150):
        data = bytearray(whole)
        data[rng.integers(8, len(data)) if rng.random() < 0.5 else rng.integers(8, 900)] ^= int(rng.integers(1, 256))
        changed.append(bytes(data))
    for data in (*cuts, *changed):
        clip.write_bytes(data)
        try:
            found = opened_moving(clip)
            for part in found.parts():
                part.at(0.5)
            assert data in changed
        except InputError as error:
            assert "\n" not in str(error) and len(str(error)) < 600


def patched(clip: Path, old: bytes, new: bytes) -> None:
    data = clip.read_bytes()
    assert old in data and len(old) == len(new)
    clip.write_bytes(data.replace(old, new))


def test_promises_are_held_against_the_size(clip: Path) -> None:
    patched(clip, struct.pack("<ddIII", 0, 2, 0, 3000, 0), struct.pack("<ddIII", 0, 2, 0, 1 << 31, 0))
    tracemalloc.start()
    with pytest.raises(InputError, match="promise to unpack"):
        opened_moving(clip)
    assert tracemalloc.get_traced_memory()[1] < 1 << 20
    tracemalloc.stop()


def test_a_stream_unpacks_to_what_it_says_and_no_more(clip: Path) -> None:
    data = clip.read_bytes()
    at = data.index(HEAD.pack(5, 1, 0, 0, 1, 3000, 0)[:9])
    size, = struct.unpack_from("<Q", data, at + 9)
    bomb = zlib.compress(bytes(50 << 20), 9)[:size].ljust(size, b"\0")
    clip.write_bytes(data[:at + 17] + bomb + data[at + 17 + size:])
    tracemalloc.start()
    with pytest.raises(InputError, match="does not unpack to the 3000 bytes"):
        list(opened_moving(clip).parts())
    assert tracemalloc.get_traced_memory()[1] < 4 << 20
    tracemalloc.stop()


def test_other_models_and_grids_are_named(clip: Path) -> None:
    whole = clip.read_bytes()
    cutoff, none = struct.pack("<d", 0.05), struct.pack("<d", 0)
    for old, new, words in ((b"gaussian-birth", b"keyframe-delta", "in another way .keyframe-delta."),
                            (b"uniform-v1", b"uniform-v9", "uniform-v9"), (cutoff, none, "fainter")):
        clip.write_bytes(whole)
        patched(clip, old, new)
        with pytest.raises(InputError, match=words):
            opened_moving(clip)


def test_the_way_of_the_camera_is_kept_as_the_draft_has_it(tmp_path: Path) -> None:
    poses = [Pose(rotation_from_yaw_pitch_roll(0.1 * number, 0.2, 0.3), np.array([number, 0.5, 2.0])) for number in range(3)]
    path = tmp_path / "a.4dgs"
    write_moving(path, replace(LINE, way=Way(np.array([0.1, 0.5, 1.9]), poses)), [things()])
    assert validate(path.read_bytes()).findings == []
    assert read(path).provenance.trajectories[0].translations[2] == [2.0, -0.5, -2.0]
    way = opened_moving(path).timeline.way
    assert way is not None and way.times_s.tolist() == [0.1, 0.5, 1.9]
    for pose, expected in zip(way.poses, poses, strict=True):
        np.testing.assert_allclose(pose.translation, expected.translation)
        np.testing.assert_allclose(pose.rotation, expected.rotation, atol=1e-12)
    data = path.read_bytes()
    at = data.index(b"camera") + len(b"camera") + 5
    path.write_bytes(data[:at] + struct.pack("<d", np.nan) + data[at + 8:])
    with pytest.raises(InputError, match="the way of its camera"):
        opened_moving(path)
