import numpy as np

from spag4d.world.agree import measured, whole
from spag4d.world.sweep import FAR_M, sweep
from spag4d.world.sweep_kernels import warp
from tests.box_room import directions
from tests.world.rooms import PLACES, distance_from, panorama_from, view_from

HEIGHT = 128


def test_a_picture_drawn_with_true_distances_is_the_other_picture() -> None:
    here, there = PLACES[:2]
    view = view_from(here, HEIGHT, distance_from(here, HEIGHT))
    rotation, translation = view.relative(view_from(there, HEIGHT, distance_from(there, HEIGHT)))
    other = np.pad(panorama_from(there, HEIGHT).rgb[..., 0], 1, mode="wrap")
    drawn = np.empty((HEIGHT, 2 * HEIGHT), np.float32)
    rays = np.ascontiguousarray(directions(HEIGHT), np.float32)
    warp(other, rays, (1 / distance_from(here, HEIGHT)).astype(np.float32), rotation, translation, drawn)
    inner = slice(8, -8)  # rows beyond a pole, which `pad_sphere` would give, are not the wrapped ones
    missed, moved = np.abs(drawn - view.grey)[inner], np.abs(other[1:-1, 1:-1] - view.grey)[inner]
    assert np.median(missed) < 0.2 * np.median(moved)


def test_parallax_finds_what_a_wrong_estimate_misses() -> None:
    """The estimate is bent by up to 30 %; what parallax finds is not."""
    bend = np.exp(0.3 * directions(HEIGHT)[..., 0])
    views = [view_from(pose, HEIGHT, distance_from(pose, HEIGHT) * bend) for pose in PLACES]
    swept = [sweep(view, [other for other in views if other is not view]) for view in views]
    truth = distance_from(PLACES[0], HEIGHT)
    sure = measured(views[0], swept[0], list(zip(views[1:], swept[1:], strict=True)))
    depth = whole(views[0].prior, swept[0].distance, sure)
    error, before = np.abs(depth / truth - 1), np.abs(views[0].prior / truth - 1)
    assert sure.mean() > 0.6
    assert np.median(error[sure]) < 0.02
    assert np.median(error) < 0.2 * np.median(before)


def test_sky_that_is_measured_to_be_a_wall_does_not_bend_what_is_beside_it() -> None:
    """All is 2 m away; the estimate has 1.6 m, and takes a patch for the sky, of which the half is measured."""
    prior, distance = np.full((64, 128), 1.6, np.float32), np.full((64, 128), 2, np.float32)
    sure = np.ones(prior.shape, bool)
    prior[20:40, 40:60] = FAR_M
    sure[:, 50:70] = False
    depth = whole(prior, distance, sure)
    sky = (prior == FAR_M) & ~sure
    np.testing.assert_allclose(depth[~sky], 2, rtol=1e-3)
    assert (depth[sky] == FAR_M).all()


def test_without_parallax_the_estimate_stays() -> None:
    prior = 1.2 * distance_from(PLACES[0], HEIGHT)
    views = [view_from(PLACES[0], HEIGHT, prior), view_from(PLACES[0], HEIGHT, prior)]
    swept = [sweep(views[0], views[1:]), sweep(views[1], views[:1])]
    sure = measured(views[0], swept[0], [(views[1], swept[1])])
    assert not sure.any()
    np.testing.assert_array_equal(whole(prior, swept[0].distance, sure), prior)
