"""Laws of every camera rig in the registry."""

import numpy as np
import pytest

from spag4d.data import PinholeCamera
from spag4d.errors import InputError
from spag4d.geometry import RIGS, camera, equirect
from tests.geometry.random_directions import random_directions

GOLDEN = (1 + 5**0.5) / 2
COUNTS = {"cubemap": 6, "icosahedron": 20, "icosahedron-vertices": 12}


def symmetric_directions() -> np.ndarray:
    """Vertices, edge centres and face centres of cube, icosahedron and dodecahedron: where cells meet."""
    signs = np.array([(i, j, k) for i in (-1, 0, 1) for j in (-1, 0, 1) for k in (-1, 0, 1)])
    g = GOLDEN
    shapes = [(1, 1, 1), (1, 1, 0), (1, 0, 0), (0, 1, g), (0, g, 1), (0, g, 1 / g), (0, 1 / g, g), (1, g, g * g)]
    rolled = [np.roll(shape, shift) for shape in shapes for shift in range(3)]
    vectors = np.concatenate([shape * signs for shape in rolled])
    vectors = vectors[np.linalg.norm(vectors, axis=1) > 0.1]
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def covered(cameras: tuple[PinholeCamera, ...], vectors: np.ndarray) -> np.ndarray:
    shown = np.zeros(len(vectors), bool)
    for view in cameras:
        shown |= camera.view_contains(view, camera.view_pixels_from_directions(view, vectors))
    return shown


def test_views_are_square_upright_and_as_many_as_promised(name: str) -> None:
    cameras = RIGS.load(name)(48)
    assert len(cameras) == COUNTS[name]
    axes = np.stack([view.world_from_camera.rotation[:, 2] for view in cameras])
    np.testing.assert_allclose(axes.sum(0), 0, atol=1e-9)
    assert len(np.unique(axes.round(6), axis=0)) == len(axes)
    for view in cameras:
        right, down, forward = view.world_from_camera.rotation.T
        assert (view.width, view.height, view.fx) == (48, 48, view.fy)
        assert right[1] == pytest.approx(0) and (down[1] > 0 or abs(forward[1]) == 1)
        assert np.linalg.det(view.world_from_camera.rotation) == pytest.approx(1)


def test_no_direction_is_uncovered(name: str) -> None:
    cameras = RIGS.load(name)(100)
    vectors = np.concatenate([random_directions(200_000), symmetric_directions(), equirect.directions(64).reshape(-1, 3)])
    assert covered(cameras, vectors).all()


def worst_direction_of_20_views() -> tuple[np.ndarray, float]:
    """Where the lower border of the view at elevation atan φ² meets the top border of the level views 20.9° beside it.

    The half angle a with tan(atan φ² - a) = tan a cos 20.9°, a quadratic in tan a.
    """
    steep, beside = GOLDEN**2, GOLDEN / 3**0.5
    half = (-(1 + beside) + ((1 + beside) ** 2 + 4 * beside * steep**2) ** 0.5) / (2 * beside * steep)
    elevation = np.arctan(steep) - np.arctan(half)
    return np.array([0, -np.sin(elevation), np.cos(elevation)]), 2 * np.degrees(np.arctan(half))


@pytest.mark.parametrize(
    ("name", "worst", "needed_deg"),
    [("cubemap", np.array([1.0, 0.3, 1.0]), 90.0),
     ("icosahedron", *worst_direction_of_20_views()),
     ("icosahedron-vertices", np.array([1.0, 1.0, 1.0]), 72.0)],
)
def test_the_needed_field_of_view_is_the_analytic_one(name: str, worst: np.ndarray, needed_deg: float) -> None:
    rig = RIGS.load(name)
    assert not covered(rig(100, needed_deg - 0.05), worst[None]).any()
    assert covered(rig(100, needed_deg + 1e-6), worst[None]).all()
    assert covered(rig(100, needed_deg + 1e-6), random_directions(100_000, seed=5)).all()


def test_the_face_angle_of_an_icosahedron_leaves_gaps() -> None:
    share = 1 - covered(RIGS.load("icosahedron")(100, 62.6), random_directions(100_000)).mean()
    assert 0.005 < share < 0.03


@pytest.mark.parametrize("size_px", [64, 1024])
def test_panorama_and_view_agree_in_both_orders(name: str, size_px: int) -> None:
    height = 8 * size_px // 2
    vectors = random_directions(20_000, seed=size_px).astype(np.float32)
    for view in RIGS.load(name)(size_px):
        pixels = camera.view_pixels_from_directions(view, vectors)
        shown = camera.view_contains(view, pixels)
        on_panorama = equirect.pixels_from_directions(camera.directions_from_view_pixels(view, pixels[shown]), height)
        again = equirect.directions_from_pixels(on_panorama, height)
        assert np.abs(camera.view_pixels_from_directions(view, again) - pixels[shown]).max() < 0.02
        error_px = np.linalg.norm(np.cross(again, vectors[shown]), axis=1) * height / np.pi
        assert error_px.max() < 0.02


def test_right_is_rising_azimuth_and_down_is_falling_elevation(name: str) -> None:
    for view in RIGS.load(name)(65):
        pixels = np.array([[32, 32], [32.5, 32], [32, 32.5]])
        here, right, below = camera.directions_from_view_pixels(view, pixels)
        assert below[1] > here[1] or abs(here[1]) > 0.999
        if abs(here[1]) < 0.999:
            turn = np.arctan2(right[0], right[2]) - np.arctan2(here[0], here[2])
            assert 0 < (turn + np.pi) % (2 * np.pi) - np.pi < 0.2


def test_an_unknown_rig_is_refused_with_the_nearest_name() -> None:
    with pytest.raises(InputError, match="did you mean 'icosahedron'"):
        RIGS.load("icosahedral")
