import numpy as np

from spag4d.data import Layers
from spag4d.geometry.rotation import rotation_from_yaw_pitch_roll, rotations_from_quats
from spag4d.splat.edit import most_visible, opaque, rotated, scaled, within
from tests.formats.gaussian_scenes import scene


def test_turning_moves_means_and_axes_alike() -> None:
    gaussians, turn = scene(50), rotation_from_yaw_pitch_roll(0.4, -0.2, 1.0)
    turned = rotated(gaussians, turn)
    np.testing.assert_allclose(turned.means, gaussians.means @ turn.T, atol=1e-5)
    np.testing.assert_allclose(
        rotations_from_quats(turned.quats_wxyz), turn @ rotations_from_quats(gaussians.quats_wxyz), atol=1e-5)
    back = rotated(turned, turn.T)
    np.testing.assert_allclose(back.means, gaussians.means, atol=1e-5)


def test_what_changes_nothing_copies_nothing() -> None:
    gaussians = scene(9)
    assert rotated(gaussians, np.eye(3)) is gaussians
    assert scaled(gaussians, 1.0) is gaussians and most_visible(gaussians, 9, np.zeros(3)) is gaussians
    assert opaque(gaussians, 0.0) is gaussians and within(gaussians, np.zeros(3), 100.0) is gaussians


def test_scaling() -> None:
    gaussians = scene(20)
    larger = scaled(gaussians, 3.0)
    np.testing.assert_allclose(larger.means, 3 * gaussians.means, rtol=1e-5)
    np.testing.assert_allclose(larger.scales, 3 * gaussians.scales, rtol=1e-6)


def test_choosing_keeps_the_order() -> None:
    gaussians = scene(500)
    near = np.linalg.norm(gaussians.means - [1, 0, 0], axis=1) <= 2
    for chosen, keep in ((within(gaussians, np.array([1.0, 0.0, 0.0]), 2.0), near),
                         (opaque(gaussians, 0.5), gaussians.opacities >= 0.5)):
        assert 0 < len(chosen) < 500
        np.testing.assert_array_equal(chosen.means, gaussians.means[keep])


def test_the_most_visible_are_large_near_and_opaque() -> None:
    gaussians = scene(100).select(np.arange(4))
    gaussians.means[:] = [[0, 0, 1], [0, 0, 10], [0, 0, 1], [0, 0, 1]]
    gaussians.scales[:] = [[0.1, 0.1, 0.01], [0.5, 0.5, 0.5], [0.1, 0.1, 0.01], [0.1, 0.01, 0.01]]
    gaussians.opacities[:] = [0.9, 0.9, 0.2, 0.9]
    for count, kept in ((1, [0]), (2, [0, 1]), (3, [0, 1, 2])):
        np.testing.assert_array_equal(most_visible(gaussians, count, np.zeros(3)).opacities, gaussians.opacities[kept])
    np.testing.assert_array_equal(most_visible(gaussians, 1, np.array([0, 0, 9.0])).opacities, gaussians.opacities[[1]])
    assert len(most_visible(scene(1000), 123, np.zeros(3))) == 123


def test_what_is_chosen_of_a_scene_stays_in_its_layer() -> None:
    layers = Layers.split(scene(500), {"fine": 300, "sky": 200})
    for chosen, all_of_them in ((opaque(layers, 0.5), opaque(layers.joined, 0.5)),
                                (within(layers, np.zeros(3), 3.0), within(layers.joined, np.zeros(3), 3.0)),
                                (most_visible(layers, 77, np.zeros(3)), most_visible(layers.joined, 77, np.zeros(3)))):
        np.testing.assert_array_equal(chosen.joined.means, all_of_them.means)
        assert set(map(tuple, chosen.sky.means.tolist())) <= set(map(tuple, layers.sky.means.tolist()))
        assert 0 < chosen.counts["sky"] < 200
