from dataclasses import replace

import numpy as np
import pytest

from spag4d.data import DepthMap, Panorama
from spag4d.refine.rig import clear_rig
from tests.box_room import BoxRoom, directions

HEIGHT = 256
RAYS = directions(HEIGHT)
FROM_NADIR_DEG = np.degrees(np.arccos(np.clip(RAYS[..., 1], -1, 1)))
AZIMUTH = np.arctan2(RAYS[..., 0], RAYS[..., 2])


def star(width: float, reach_deg: float, middle_deg: float) -> np.ndarray:
    """A disc with three legs."""
    return np.where(np.cos(3 * AZIMUTH) > width, reach_deg, middle_deg) > FROM_NADIR_DEG


@pytest.fixture(scope="module")
def truth(box_room: BoxRoom) -> DepthMap:
    return box_room.depth(HEIGHT)


def grey() -> Panorama:
    return Panorama(np.full((HEIGHT, 2 * HEIGHT, 3), 0.4, np.float32))


def painted(mask: np.ndarray) -> Panorama:
    return Panorama(np.where(mask[..., None], (0.9, 0.1, 0.1), 0.4).astype(np.float32))


def tripod(truth: DepthMap, reach_deg: float, share: float = 0.4) -> tuple[np.ndarray, DepthMap]:
    """Something that stands in the middle, up to ``share`` of the way to the camera."""
    shape = star(0.5, reach_deg, 0.5 * reach_deg)
    return shape, replace(truth, distance=np.where(shape, truth.distance * np.float32(1 - share), truth.distance))


def test_a_tripod_makes_room_for_the_floor(truth: DepthMap) -> None:
    shape, depth = tripod(truth, 22)
    panorama, cleared = clear_rig(painted(shape), depth)
    np.testing.assert_allclose(cleared.distance, truth.distance, rtol=0.01)
    np.testing.assert_allclose(panorama.rgb, 0.4, atol=0.02)


def test_nothing_else_is_taken_for_a_tripod(truth: DepthMap) -> None:
    aside = np.hypot(RAYS[..., 0] / RAYS[..., 1] - 0.45, RAYS[..., 2] / RAYS[..., 1]) < 0.25
    table = np.where(aside & (RAYS[..., 1] > 0), np.float32(0.55), np.float32(1))
    mound = 1 - 0.5 * np.exp(-((FROM_NADIR_DEG / 20) ** 2))
    scenes = {
        "empty room": truth,
        "table beside": replace(truth, distance=truth.distance * table),
        "table below": tripod(truth, 45)[1],
        "low box": tripod(truth, 22, share=0.12)[1],
        "mound": replace(truth, distance=(truth.distance * mound).astype(np.float32)),
        "sky all around": replace(truth, sky=np.ones_like(truth.sky)),
    }
    for name, depth in scenes.items():
        panorama = grey()
        assert clear_rig(panorama, depth) == (panorama, depth), name


@pytest.mark.parametrize("shape", [
    star(0.97, 14, 5),
    FROM_NADIR_DEG < 4,
], ids=["slender legs", "small foot"])
def test_gear_that_depth_takes_for_a_mark_is_found_by_its_colors(truth: DepthMap, shape: np.ndarray) -> None:
    panorama, cleared = clear_rig(painted(shape), truth)
    np.testing.assert_allclose(panorama.rgb, 0.4, atol=0.02)
    np.testing.assert_allclose(cleared.distance, truth.distance, rtol=2e-3)


@pytest.mark.parametrize("shape", [
    FROM_NADIR_DEG < 14,
    star(0.97, 45, 5),
    np.abs(RAYS[..., 0]) < 0.06,
    (FROM_NADIR_DEG > 5) & (FROM_NADIR_DEG < 20) & (np.cos(3 * AZIMUTH) > 0.8),
    (FROM_NADIR_DEG < 4) | ((FROM_NADIR_DEG > 6) & (FROM_NADIR_DEG < 40) & (np.abs(AZIMUTH) < 0.6)),
], ids=["round rug", "lines to far away", "line through", "marks around", "foot of somebody"])
def test_what_is_painted_on_the_floor_stays(truth: DepthMap, shape: np.ndarray) -> None:
    panorama = painted(shape)
    assert clear_rig(panorama, truth) == (panorama, truth)
