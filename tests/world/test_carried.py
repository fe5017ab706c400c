from dataclasses import replace

import numpy as np

from spag4d.data import DepthMap, Panorama
from spag4d.world.carried import carried_along
from tests.world.rooms import PLACES, distance_from, panorama_from

HEIGHT = 128
PERSON = (slice(70, 118), slice(90, 130))


def taken(person_m: float, *, stands: bool = False) -> tuple[list[Panorama], list[DepthMap]]:
    """Three panoramas of a room, in the same pixels of which is someone, so far away."""
    shirt = np.random.default_rng(3).uniform(0.1, 0.9, (48 // 4, 40 // 4)).repeat(4, 0).repeat(4, 1)[..., None]
    pictures, depths = [], []
    for pose in [PLACES[0]] * 3 if stands else PLACES:
        panorama, distance = panorama_from(pose, HEIGHT), distance_from(pose, HEIGHT)
        rgb = panorama.rgb.copy()
        rgb[PERSON], distance[PERSON] = shirt, person_m
        pictures.append(replace(panorama, rgb=rgb))
        depths.append(DepthMap(distance, np.zeros(distance.shape, bool), kind="metric", model="truth"))
    return pictures, depths


def test_who_goes_along_is_found_and_hardly_anything_else() -> None:
    mask = carried_along(*taken(0.6))
    inside = mask[PERSON].mean()
    assert inside > 0.8 and mask.mean() < 2 * inside * 48 * 40 / mask.size


def test_what_is_far_away_stays_without_being_carried() -> None:
    assert not carried_along(*taken(40.0)).any()


def test_a_camera_that_stood_still_carries_nothing() -> None:
    assert not carried_along(*taken(0.6, stands=True)).any()
