"""Views that share the cells of the sphere: weights that sum to one, agreement where they overlap, noise that stays white."""

import numpy as np
import pytest

from spag4d.animate.shared_cells import SharedCells
from spag4d.data import PinholeCamera
from spag4d.geometry.camera import camera_looking, view_directions
from spag4d.geometry.icosahedron import face_views

SIZE = 24
CAMERAS = face_views(SIZE)
CELLS = SharedCells(CAMERAS)


def random_views(cameras: tuple[PinholeCamera, ...] = CAMERAS, seed: int = 0) -> list[np.ndarray]:
    generator = np.random.default_rng(seed)
    return [generator.standard_normal((2, 3, camera.height, camera.width), np.float32) for camera in cameras]


def test_what_agrees_stays_and_weights_sum_to_one() -> None:
    fused = CELLS.fused(random_views())
    assert max(np.abs(a - b).max() for a, b in zip(fused, CELLS.fused(fused), strict=True)) < 1e-5
    ones = CELLS.fused([np.ones((1, SIZE, SIZE), np.float32)] * len(CAMERAS))
    assert max(np.abs(view - 1).max() for view in ones) < 1e-5


def test_pixels_of_a_cell_agree_whatever_view_they_are_of() -> None:
    fused = CELLS.fused(random_views())
    flat, cells = np.concatenate([view.reshape(6, -1).T for view in fused]), np.concatenate(CELLS.cells)
    first = np.full((CELLS.count, 6), np.nan, np.float32)
    first[cells] = flat
    assert np.abs(flat - first[cells]).max() == 0
    views_of_cell = np.zeros(CELLS.count)
    for own in CELLS.cells:
        views_of_cell[np.unique(own)] += 1
    assert (views_of_cell > 1).mean() > 0.8  # so that nearly everything is told of its neighbours


@pytest.mark.parametrize("direction", [(0.0, -1.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.2, -1.0), (0.3, 0.1, 0.9)],
                         ids=["zenith", "nadir", "edge of the panorama", "ahead"])
def test_views_of_one_place_agree_there(direction: tuple[float, float, float]) -> None:
    """Cells are directions: two views that look the same way hold the same, however each of them is turned."""
    camera = camera_looking(np.array(direction), 60.0, (SIZE, SIZE))
    pose = camera.world_from_camera
    turned = PinholeCamera(SIZE, SIZE, camera.fx, camera.fy, camera.cx, camera.cy, type(pose)(
        pose.rotation @ np.array([[0.0, -1, 0], [1, 0, 0], [0, 0, 1]]), pose.translation))
    both = (camera, turned)
    cells = SharedCells(both)
    apart = view_directions(camera)[:, :, None] - view_directions(turned).reshape(-1, 3)[None, None]
    same = np.square(apart).sum(-1).argmin(-1)
    a, b = cells.fused(random_views(both))
    assert np.abs(a - b.reshape(2, 3, -1)[:, :, same]).max() < 1e-5


def test_the_middle_of_a_view_counts_most() -> None:
    straight, aside = camera_looking(np.array([0.0, 0, 1]), 60.0, (SIZE, SIZE)), camera_looking(
        np.array([0.4, 0, 1]), 60.0, (SIZE, SIZE))
    cells = SharedCells((straight, aside))
    fused, _ = cells.fused([np.ones((1, SIZE, SIZE), np.float32), np.zeros((1, SIZE, SIZE), np.float32)])
    shared = np.isin(cells.cells[0], cells.cells[1]).reshape(SIZE, SIZE)
    middle, border = slice(8, 16), slice(SIZE - 3, SIZE)
    assert fused[0, 8:16, middle][shared[8:16, middle]].mean() > 0.7 > 0.3 > fused[0, 8:16, border][shared[8:16, border]].mean()
    assert np.all(fused[0][~shared] == 1)


def test_noise_agrees_and_is_white_in_the_middle_of_views() -> None:
    views = CELLS.noise((1, 64, SIZE, SIZE), 5)
    assert views[0].shape == (1, 64, SIZE, SIZE) and views[0].dtype == np.float32
    assert all(np.array_equal(a, b) for a, b in zip(views, CELLS.noise((1, 64, SIZE, SIZE), 5), strict=True))
    assert not np.array_equal(views[0], CELLS.noise((1, 64, SIZE, SIZE), 6)[0])
    assert all(np.abs(a - b).max() < 1e-5 for a, b in zip(views, CELLS.fused(views), strict=True))
    middle = np.stack([view[0, :, 8:16, 8:16] for view in views])
    assert abs(middle.mean()) < 0.01 and middle.var() == pytest.approx(1, abs=0.02)
    across = (middle[..., 1:] * middle[..., :-1]).mean()
    assert abs(across) < 0.06
