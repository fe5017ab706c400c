import dataclasses

import numpy as np
import pytest

from spag4d.color import linear_from_srgb, rgb_from_sh0, sh0_from_rgb, srgb_from_linear
from spag4d.data import LAYERS, SH_COUNTS, DepthMap, Gaussians, Layers, Panorama, PinholeCamera, Pose
from spag4d.errors import Cancelled
from spag4d.progress import SILENT, Event, Notice, Progress, Step
from tests.box_room import BoxRoom
from tests.formats.gaussian_scenes import scene


def zeros(*shape: int) -> np.ndarray:
    return np.zeros(shape, np.float32)


def test_a_panorama_is_twice_as_wide_as_high() -> None:
    with pytest.raises(ValueError, match="width 10 and height 4"):
        Panorama(zeros(4, 10, 3))


def test_sizes_that_disagree_are_both_named() -> None:
    with pytest.raises((ValueError, TypeError)):
        DepthMap(zeros(4, 8), np.zeros((4, 7), bool))
    with pytest.raises((ValueError, TypeError)):
        Gaussians(zeros(3, 3), zeros(3, 3), zeros(2, 4), zeros(3), zeros(3, 3))


def test_types_are_immutable(box_room: BoxRoom) -> None:
    panorama = box_room.panorama(8)
    with pytest.raises(dataclasses.FrozenInstanceError):
        panorama.name = "other"  # pyright: ignore[reportAttributeAccessIssue]


def test_reach_and_scale_of_a_depth_map() -> None:
    depth = DepthMap(np.array([[1, 2], [3, 4]], np.float32), np.array([[False, False], [False, True]]))
    assert depth.reach() == (1, 3)
    assert depth.reach(np.array([[False, True], [True, True]])) == (2, 3)
    assert depth.reach(np.zeros((2, 2), bool)) is None
    assert depth.scaled(2.0).reach() == (2, 6)
    assert depth.scaled(1.0) is depth


def test_a_reflection_is_no_pose() -> None:
    with pytest.raises(ValueError, match="det = -1"):
        Pose(np.diag([1.0, 1.0, -1.0]), np.zeros(3))
    assert np.array_equal(Pose.identity().rotation, np.eye(3))


def test_a_camera_needs_pixels_and_focal_lengths() -> None:
    with pytest.raises(ValueError, match="0 x 5"):
        PinholeCamera(0, 5, 1.0, 1.0, 0.5, 0.5, Pose.identity())
    with pytest.raises(ValueError, match="fx 0"):
        PinholeCamera(5, 5, 0.0, 1.0, 0.5, 0.5, Pose.identity())


def test_a_scaled_or_moved_camera_sees_along_the_same_rays() -> None:
    camera = PinholeCamera(40, 30, 20.0, 25.0, 12.0, 21.0, Pose.identity())
    half = camera.scaled(0.5).moved(np.array([1.0, 2.0, 3.0]))
    assert (half.width, half.height, half.fx, half.fy, half.cx, half.cy) == (20, 15, 10, 12.5, 6, 10.5)
    assert np.array_equal(half.world_from_camera.rotation, np.eye(3))
    assert half.world_from_camera.translation.tolist() == [1, 2, 3]


def test_concatenated_sets_keep_their_order() -> None:
    def one(value: float) -> Gaussians:
        return Gaussians(*(np.full(shape, value, np.float32) for shape in ((1, 3), (1, 3), (1, 4), (1,), (1, 3))))

    joined = Gaussians.concatenate([one(1), Gaussians.empty(), one(2)])
    assert len(joined) == 2
    assert joined.means[:, 0].tolist() == [1, 2]
    assert joined.opacities.tolist() == [1, 2]


def test_srgb_round_trip_and_known_points() -> None:
    values = np.linspace(0, 1, 256, dtype=np.float32)
    assert np.allclose(srgb_from_linear(linear_from_srgb(values)), values, atol=2e-6)
    # IEC 61966-2-1: sRGB 0.5 is linear 0.21404.
    assert linear_from_srgb(np.array([0, 0.04045, 0.5, 1], np.float32)) == pytest.approx([0, 0.0031308, 0.2140411, 1], abs=1e-6)


def test_sh_of_degree_0_round_trip() -> None:
    values = np.linspace(0, 1, 11, dtype=np.float32)
    assert np.allclose(rgb_from_sh0(sh0_from_rgb(values)), values, atol=1e-6)
    assert sh0_from_rgb(np.array([0.5], np.float32))[0] == 0


def test_progress_reports_warns_and_cancels() -> None:
    seen: list[Event] = []
    progress = Progress(seen.append)
    progress.report("depth", 1, 3)
    progress.warn("careful")
    assert seen == [Step("depth", 1, 3), Notice("careful")]
    with pytest.raises(Cancelled, match="depth"):
        Progress(is_cancelled=lambda: True).report("depth", 0, 3)
    SILENT.report("depth", 0, 1)


@pytest.mark.parametrize("degree", [0, 1, 2, 3])
def test_gaussians_are_chosen_and_joined_with_their_view_dependent_colours(degree: int) -> None:
    gaussians = scene(9, sh_degree=degree)
    assert gaussians.sh_degree == degree
    for members in (np.arange(9) % 2 == 0, np.array([4, 1]), slice(2, 5)):
        chosen = gaussians.select(members)
        np.testing.assert_array_equal(chosen.means, gaussians.means[members])
        assert (chosen.sh is None) == (degree == 0)
        if gaussians.sh is not None:
            np.testing.assert_array_equal(chosen.sh, gaussians.sh[members])
    joined = Gaussians.concatenate([gaussians, scene(4, sh_degree=2)])
    assert joined.sh is not None and joined.sh_degree == max(degree, 2)
    if gaussians.sh is not None:
        np.testing.assert_array_equal(joined.sh[:9, :gaussians.sh.shape[1]], gaussians.sh)
    assert not joined.sh[9:, 8:].any() and not joined.sh[:9, SH_COUNTS[degree]:].any()


def test_view_dependent_colours_of_no_whole_degree() -> None:
    with pytest.raises(ValueError, match="k = 3, 8 or 15"):
        dataclasses.replace(scene(2), sh=np.zeros((2, 4, 3), np.float32))


@pytest.mark.parametrize("degree", [0, 2])
def test_a_stretch_is_a_view_and_can_be_written_over(degree: int) -> None:
    gaussians, other = scene(9, sh_degree=degree), scene(3, seed=7, sh_degree=degree)
    gaussians.select(slice(4, 7)).overwrite(other)
    for name, values in gaussians.arrays.items():
        np.testing.assert_array_equal(values[4:7], other.arrays[name])
        np.testing.assert_array_equal(values[7:], scene(9, sh_degree=degree).arrays[name][7:])
    assert gaussians.select(np.ones(9, bool)) is gaussians
    assert ("sh" in gaussians.arrays) == (degree > 0)
    assert [len(Gaussians.unfilled(count)) for count in (0, 5)] == [0, 5]


COUNTS = {"fine": 5, "backing": 2, "sky": 0, "behind": 3}


def layers() -> Layers:
    return Layers(*(scene(count, seed=number) for number, count in enumerate(COUNTS.values())))


def test_layers_are_joined_in_the_order_of_their_names_and_split_again() -> None:
    assert tuple(COUNTS) == LAYERS and layers().counts == COUNTS and len(layers()) == 10
    joined = layers().joined
    np.testing.assert_array_equal(joined.means[5:7], layers().backing.means)
    split = Layers.split(joined, COUNTS)
    assert split.joined is joined and split.counts == COUNTS
    for name in LAYERS:
        np.testing.assert_array_equal(getattr(split, name).colors, getattr(layers(), name).colors)
    assert np.shares_memory(split.behind.means, joined.means)
    assert Layers.split(scene(4), {"sky": 4}).counts == {"fine": 0, "backing": 0, "sky": 4, "behind": 0}
    with pytest.raises(ValueError, match="9 Gaussians, not 10"):
        Layers.split(joined, {"fine": 9})


def test_choosing_changing_and_leaving_out_keep_every_gaussian_in_its_layer() -> None:
    members = np.arange(10) % 2 == 0
    chosen = layers().select(members)
    assert chosen.counts == {"fine": 3, "backing": 1, "sky": 0, "behind": 1}
    np.testing.assert_array_equal(chosen.behind.means, layers().joined.means[8:9])
    doubled = layers().changed(lambda all_of_them: dataclasses.replace(all_of_them, means=2 * all_of_them.means))
    assert doubled.counts == COUNTS
    np.testing.assert_array_equal(doubled.backing.means, 2 * layers().backing.means)
    assert layers().without(["sky", "behind"]).counts == COUNTS | {"behind": 0}
    np.testing.assert_array_equal(layers().without(["fine"]).joined.means, layers().joined.means[5:])
