"""Colours that change with where they are seen from."""

import numpy as np
import pytest

from spag4d.data import Gaussians
from spag4d.geometry.camera import camera_looking
from spag4d.geometry.harmonics import harmonics
from spag4d.render.seen_colors import seen_colors
from spag4d.render.view import render_panorama, render_view
from tests.formats.gaussian_scenes import scene

C1 = 0.4886025119029199  # of the harmonics of degree 1


def one(sh: np.ndarray) -> Gaussians:
    values = ((0, 0, 2.0), (1, 1, 1), (1, 0, 0, 0), 0.99, (0.5, 0.5, 0.5))
    return Gaussians(*(np.array([value], np.float32) for value in values), sh=sh.astype(np.float32)[None])


@pytest.mark.parametrize("degree", [0, 1, 2, 3])
def test_agrees_with_the_sum_gaussian_by_gaussian(degree: int) -> None:
    gaussians, eye = scene(50, sh_degree=degree), np.array([0.2, -0.4, 1.0])
    members = np.array([7, 3, 44])
    found = seen_colors(gaussians, members, eye)
    for row, i in zip(found, members, strict=True):
        expected = gaussians.colors[i].astype(float)
        if gaussians.sh is not None:
            ahead = (gaussians.means[i] - eye) / np.linalg.norm(gaussians.means[i] - eye)
            expected = np.maximum(expected + harmonics(ahead[None], gaussians.sh.shape[1])[0] @ gaussians.sh[i], 0)
        np.testing.assert_allclose(row, expected, atol=1e-5)


def test_a_view_shows_another_colour_from_the_other_side() -> None:
    """With z's coefficient it is brighter seen along +z, from the origin, and darker along -z."""
    sh = np.zeros((3, 3))
    sh[1] = [0.4 / C1, 0.2 / C1, -2 / C1]
    gaussians, size_hw = one(sh), (9, 9)
    front = render_view(gaussians, camera_looking(np.array([0, 0, 1.0]), 40.0, size_hw)).rgb[4, 4]
    there = camera_looking(np.array([0, 0, -1.0]), 40.0, size_hw).moved(np.array([0, 0, 4.0]))
    np.testing.assert_allclose(front, [0.9 * 0.99, 0.7 * 0.99, 0], atol=0.02)
    np.testing.assert_allclose(render_view(gaussians, there).rgb[4, 4], [0.1 * 0.99, 0.3 * 0.99, 2.5 * 0.99], rtol=0.02)


def test_a_panorama_shows_it_as_a_view_does() -> None:
    sh = np.zeros((3, 3))
    sh[1] = [0.4 / C1, 0.2 / C1, -0.2 / C1]
    np.testing.assert_allclose(render_panorama(one(sh), 64).rgb[32, 64], np.array([0.9, 0.7, 0.3]) * 0.99, atol=0.02)
