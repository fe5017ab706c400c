import cv2
import numpy as np
import pytest

from spag4d.data import PinholeCamera, Pose
from spag4d.geometry import RIGS, camera, equirect, resample
from spag4d.geometry.rotation import rotation_from_yaw_pitch_roll


def smooth(vectors: np.ndarray) -> np.ndarray:
    """Three channels with all their detail well above the pixel, defined on directions."""
    phase = vectors @ np.array([[2.0, 1.0, 0.5], [-1.0, 2.5, 0.7], [0.3, -0.8, 3.0]])
    return np.sin(phase + [0.1, 0.7, 1.9]).astype(np.float32)


def slow_sample(image: np.ndarray, u: float, v: float) -> np.ndarray:
    """Bilinear in float64, one pixel at a time, on the sphere: beyond a pole at azimuth + 180°."""
    height, width = image.shape[:2]
    i, j = int(np.floor(u)), int(np.floor(v))
    total = np.zeros(image.shape[2:])
    for dj in (0, 1):
        for di in (0, 1):
            row, column = j + dj, i + di
            if not 0 <= row < height:
                row, column = (-1 - row if row < 0 else 2 * height - 1 - row), column + width // 2
            total += (1 - abs(u - i - di)) * (1 - abs(v - j - dj)) * image[row, column % width]
    return total


def test_views_equal_the_slow_twin(name: str) -> None:
    height = 24
    image = np.random.default_rng(0).random((height, 2 * height, 3), dtype=np.float32)
    cameras = RIGS.load(name)(9)
    for view, seen in zip(cameras, resample.views_from_panorama(image, cameras), strict=True):
        pixels = equirect.pixels_from_directions(camera.view_directions(view), height).reshape(-1, 2)
        expected = np.array([slow_sample(image, u, v) for u, v in pixels]).reshape(9, 9, 3)
        np.testing.assert_allclose(seen, expected, atol=2e-5)


def test_a_view_alone_is_the_same_as_among_others(name: str) -> None:
    image = np.random.default_rng(0).random((24, 48, 3), dtype=np.float32)
    cameras = RIGS.load(name)(9)
    for view, seen in zip(cameras, resample.views_from_panorama(image, cameras), strict=True):
        np.testing.assert_array_equal(resample.views_from_panorama(image, [view])[0], seen)


def test_of_a_mask_views_show_the_share_that_is_set(name: str) -> None:
    mask = np.random.default_rng(0).random((24, 48)) < 0.5
    cameras = RIGS.load(name)(9)
    shares = resample.views_from_panorama(mask.astype(np.float32), cameras)
    for seen, expected in zip(resample.views_from_panorama(mask, cameras), shares, strict=True):
        np.testing.assert_array_equal(seen, expected)


@pytest.mark.parametrize("channels", [(), (1,), (2,), (3,), (4,), (6,)])
def test_positions_are_met_far_below_a_fiftieth_of_a_pixel(channels: tuple) -> None:
    """A ramp of one grey level per pixel reads back the position at which it was sampled."""
    height = 64
    row = np.broadcast_to(np.arange(height, dtype=np.float32)[:, None], (height, 2 * height))
    image = np.broadcast_to(row.reshape(*row.shape, *[1] * len(channels)), (*row.shape, *channels)).copy()
    looking = camera.camera_looking(np.array([0.3, 0.1, 1.0]), 70.0, (101, 101))
    seen = resample.views_from_panorama(image, (looking,))[0]
    assert seen.shape == (101, 101, *channels) and seen.dtype == np.float32
    v = equirect.pixels_from_directions(camera.view_directions(looking), height)[..., 1]
    assert np.abs(seen.reshape(101, 101, -1) - v[..., None]).max() < 1e-3


def test_distances_are_not_cut_to_levels(name: str, box_room) -> None:
    cameras = RIGS.load(name)(129)
    for view, seen in zip(cameras, resample.views_from_panorama(box_room.distance(512), cameras), strict=True):
        rays = camera.view_directions(view)
        expected, normal = box_room.hit(rays)
        same = np.abs(cv2.Laplacian(normal, cv2.CV_64F)).max(-1) == 0
        flat = cv2.erode(same.astype(np.uint8), np.ones((5, 5)), borderType=cv2.BORDER_CONSTANT, borderValue=(0.0,)) > 0
        assert seen.dtype == np.float32 and flat.mean() > 0.5
        assert (np.abs(seen - expected) / expected)[flat].max() < 1e-3


def test_rolling_the_panorama_by_a_quarter_turns_the_cube() -> None:
    image = np.random.default_rng(0).random((128, 256), dtype=np.float32)
    cameras = RIGS.load("cubemap")(64)
    front, right, back, left, up, down = resample.views_from_panorama(image, cameras)
    turned = resample.views_from_panorama(np.roll(image, -64, axis=1), cameras)
    for seen, expected in zip(turned, (right, back, left, front, np.rot90(up, -1), np.rot90(down)), strict=True):
        np.testing.assert_allclose(seen, expected, atol=1e-4)


def test_the_picture_closes_where_it_wraps_and_at_the_poles() -> None:
    height = 128
    image = smooth(equirect.directions(height))
    for axis in ([0.0, 0.0, -1.0], [0.0, -1.0, 0.0], [0.0, 1.0, 0.0], [0.02, -1.0, -0.01]):
        looking = camera.camera_looking(np.array(axis), 60.0, (200, 200))
        error = np.abs(resample.views_from_panorama(image, (looking,))[0] - smooth(camera.view_directions(looking)))
        assert error.max() < 3.5**2 * (np.pi / height) ** 2 / 4  # bilinear: f'' h² / 8 along both axes


def test_writing_stays_readable() -> None:
    """A letter F painted around a direction appears as an F, neither mirrored nor turned, in the view at that direction."""
    letter = np.array([[1, 1, 1], [1, 0, 0], [1, 1, 0], [1, 0, 0], [1, 0, 0]], np.float32)
    height = 512
    for azimuth, elevation in ((0.3, 0.2), (3.1, -0.5), (-1.6, 0.9)):
        i, j = int((azimuth + np.pi) * height / np.pi), int((np.pi / 2 - elevation) * height / np.pi)
        painted = np.zeros((height, 2 * height), np.float32)
        big = np.kron(letter, np.ones((8, int(8 / np.cos(elevation)))))
        rows, columns = np.arange(big.shape[0]) - 20 + j, np.arange(big.shape[1]) - big.shape[1] // 2 + i
        painted[rows[:, None], columns % (2 * height)] = big
        looking = camera.camera_looking(equirect.directions_from_pixels(np.array([i, j], np.float64), height), 20.0, (64, 64))
        seen = resample.views_from_panorama(painted, (looking,))[0]
        rows, columns = np.nonzero(seen.max(1) > 0.5)[0], np.nonzero(seen.max(0) > 0.5)[0]
        cut = seen[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
        np.testing.assert_array_equal(cv2.resize(cut, (3, 5), interpolation=cv2.INTER_AREA) > 0.5, letter > 0)


def test_a_footprint_holds_every_pixel_that_the_view_shows(name: str) -> None:
    height = 64
    shifted = PinholeCamera(40, 30, 20.0, 25.0, 12.0, 21.0, Pose(rotation_from_yaw_pitch_roll(3.0, 0.6, 1.0), np.zeros(3)))
    for view in (*RIGS.load(name)(32), *RIGS.load(name)(32, 40.0), shifted):
        part = resample.footprint(view, height)
        inside = np.zeros((height, 2 * height), np.float32)
        part.add(inside, camera.view_contains(view, part.pixels).astype(np.float32))
        expected = camera.view_contains(view, camera.view_pixels_from_directions(view, equirect.directions(height)))
        np.testing.assert_array_equal(inside, expected)


def test_maps_are_cached_and_read_only() -> None:
    looking = RIGS.load("cubemap")(16)[1]
    again = RIGS.load("cubemap")(16)[1]
    assert resample.footprint(looking, 32).pixels is resample.footprint(again, 32).pixels
    assert not resample.footprint(looking, 32).pixels.flags.writeable
    assert resample.footprint(looking, 32).pixels is not resample.footprint(RIGS.load("cubemap")(16)[2], 32).pixels


def test_views_from_elsewhere_and_other_types_are_refused() -> None:
    elsewhere = PinholeCamera(8, 8, 4.0, 4.0, 4.0, 4.0, Pose(np.eye(3), np.array([0.0, 0.0, 1.0])))
    with pytest.raises(ValueError, match="capture point"):
        resample.views_from_panorama(np.zeros((8, 16), np.float32), (elsewhere,))
    looking = RIGS.load("cubemap")(16)[0]
    with pytest.raises(ValueError, match="its camera 16 x 16"):
        resample.sample_view(np.zeros((8, 8), np.float32), looking, resample.footprint(looking, 32))
