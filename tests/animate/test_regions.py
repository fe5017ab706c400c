"""Regions in words and by brush: as their definitions say, across the seam and at the poles."""

import numpy as np
import pytest

from spag4d.animate.motions import read_region
from spag4d.animate.regions import brushed, is_polygon, polygon
from spag4d.errors import InputError
from tests.box_room import directions

ROWS = 64
YAW = (np.arange(2 * ROWS) + 0.5) / (2 * ROWS) * 360 - 180
PITCH = (90 - (np.arange(ROWS) + 0.5) / ROWS * 180)[:, None]


def test_a_brush_covers_what_is_near_one_of_its_places() -> None:
    strokes = [(9.0, [(0, 0), (4, 2)]), (15.0, [(178, -30)]), (20.0, [(60, 85)]), (8.0, [(0, -90)])]
    rays, expected = directions(ROWS), np.zeros((ROWS, 2 * ROWS), bool)
    for radius, places in strokes:
        for yaw, pitch in np.radians(places):
            place = np.array([np.cos(pitch) * np.sin(yaw), -np.sin(pitch), np.cos(pitch) * np.cos(yaw)])
            expected |= rays @ place >= np.cos(np.radians(radius))
    found = brushed(strokes, ROWS)
    assert (found != expected).mean() < 1e-3 and expected[0].all() and expected[40, 0] and expected[40, -1]


def test_a_polygon_is_what_lies_between_its_corners_also_across_the_seam() -> None:
    def box(low: float, high: float) -> np.ndarray:
        return (np.abs(PITCH + 20) < 10) & (low < YAW) & (high > YAW)

    assert (polygon("-40,-10 20,-10 20,-30 -40,-30", ROWS) != box(-40, 20)).mean() < 0.02
    across = polygon("160,-10 200,-10 200,-30 160,-30", ROWS)
    assert (across != box(160, 180) | box(-180, -160)).mean() < 0.02
    assert np.array_equal(across, polygon("-200,-10 -160,-10 -160,-30 -200,-30", ROWS))
    assert polygon("-180,90 180,90 180,30 -180,30", ROWS)[: ROWS // 3].all()
    assert not polygon("0,0 60,0 0,60", ROWS)[20, ROWS + 18]  # beyond the slanting side


def test_words_are_a_polygon_or_a_file() -> None:
    assert is_polygon("-20,-30 20.5,-30 0,-60") and not is_polygon("pond.png") and not is_polygon("20,30")
    assert np.array_equal(read_region("0,0 60,0 0,60"), polygon("0,0 60,0 0,60"))
    for words, said in (("0,0 60,0", "three corners"), ("0,0 60,0 0,95", "within 90"), ("0,0 900,0 0,5", "within 720")):
        with pytest.raises(InputError, match=said):
            read_region(words)
    with pytest.raises(InputError, match="yaw,pitch"):
        polygon("somewhere")
