"""Clouds keep what they are made of, and look from anywhere like the Gaussians that they stand for."""

from dataclasses import replace

import numpy as np
import pytest

from spag4d.check.merge import clouds_of, merged
from spag4d.check.ray_probe import blocks_of, probe
from spag4d.data import Gaussians
from spag4d.geometry.rotation import rotations_from_quats
from tests.check.scenes import furnished_scene

SCENE = furnished_scene()


def matrices(six: np.ndarray) -> np.ndarray:
    return six[:, [[0, 1, 2], [1, 3, 4], [2, 4, 5]]].astype(float)


def test_the_covariance_of_a_cloud_is_that_of_its_gaussian() -> None:
    rotations = rotations_from_quats(SCENE.quats_wxyz.astype(float))
    expected = np.einsum("nij,nj,nkj->nik", rotations, SCENE.scales.astype(float) ** 2, rotations)
    tolerance = 1e-3 * expected.max(axis=(1, 2)).min()
    np.testing.assert_allclose(matrices(clouds_of(SCENE).spread), expected, rtol=1e-3, atol=tolerance)


def test_one_cell_has_the_moments_of_its_members() -> None:
    rng = np.random.default_rng(1)
    count = 40
    means = np.array([0.2, 0.25, 3.15]) + rng.normal(size=(count, 3)) * [0.006, 0.006, 0.01]
    quats, scales = rng.normal(size=(count, 4)), np.full((count, 3), 0.01)
    scene = Gaussians(*(array.astype(np.float32) for array in (
        means, scales, quats, np.full(count, 0.7), np.zeros((count, 3)))))
    cloud = merged(scene, cell_rad=np.radians(9))
    assert len(cloud) == 1
    weights = 1 / (means**2).sum(1)  # round ones of one size look as large as they are near
    weights /= weights.sum()
    mean = weights @ means
    between = (means - mean).T @ ((means - mean) * weights[:, None])
    np.testing.assert_allclose(cloud.means[0], mean, rtol=1e-4)
    np.testing.assert_allclose(matrices(cloud.spread)[0], between + 1e-4 * np.eye(3), rtol=0.01, atol=1e-7)
    np.testing.assert_allclose(matrices(cloud.shape)[0], 1e-4 * np.eye(3), rtol=1e-3, atol=1e-9)
    dilogarithm = sum(0.7**k / k**2 for k in range(1, 60))
    assert cloud.strength[0] == pytest.approx(count * dilogarithm, rel=0.01)


@pytest.mark.parametrize("position", [(0, 0, 0), (0.3, 0, 0), (-0.4, 0.2, 0.5), (0, -0.5, -0.9)])
def test_a_merged_scene_looks_like_the_whole(position: tuple[float, float, float]) -> None:
    few, all_of_them = merged(SCENE), clouds_of(SCENE)
    assert len(few) < 0.8 * len(all_of_them)
    coarse, fine = (probe(blocks_of(clouds), np.array(position, float)) for clouds in (few, all_of_them))
    assert coarse.open == pytest.approx(fine.open, abs=0.004)
    assert coarse.stretched == pytest.approx(fine.stretched, abs=0.015)


def test_what_is_invalid_or_transparent_is_left_out() -> None:
    one = Gaussians(*(np.array([value], np.float32) for value in (
        (0, 0, 2), (0.1, 0.1, 0.1), (1, 0, 0, 0), 0.8, (0.5, 0.5, 0.5))))
    bad = [replace(one, means=one.means * np.float32(np.nan)), replace(one, means=one.means + np.float32(np.inf)),
           replace(one, scales=one.scales * np.float32(np.nan)), replace(one, quats_wxyz=0 * one.quats_wxyz),
           replace(one, opacities=one.opacities * np.float32(np.nan)), replace(one, opacities=0 * one.opacities)]
    assert len(merged(one)) == 1
    for scene in (*bad, Gaussians.empty()):
        assert len(merged(scene)) == len(clouds_of(scene)) == 0


def test_the_same_scene_gives_the_same_clouds() -> None:
    first, second = merged(SCENE), merged(SCENE)
    np.testing.assert_array_equal(first.spread, second.spread)
