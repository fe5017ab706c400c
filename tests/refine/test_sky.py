import numpy as np

from spag4d.data import DepthMap
from spag4d.refine.sky import mark_sky


def make() -> DepthMap:
    distance = np.array([[1, 50, 90, 200]], np.float32).repeat(2, 0)
    sky = np.zeros((2, 4), bool)
    sky[0, 0] = True
    return DepthMap(distance, sky)


def test_sky_is_the_mask_or_far():
    marked = mark_sky(make(), threshold_m=80.0)
    np.testing.assert_array_equal(marked.sky, [[True, False, True, True], [False, False, True, True]])
    np.testing.assert_array_equal(marked.distance, make().distance)


def test_zero_keeps_the_mask_alone():
    np.testing.assert_array_equal(mark_sky(make(), threshold_m=0.0).sky, make().sky)
