import numpy as np

from spag4d.depth.scale import surface_weights
from spag4d.geometry.equirect import solid_angle_weights


def test_surfaces_weigh_their_solid_angle_and_the_sky_nothing() -> None:
    sky = np.zeros((8, 16), bool)
    sky[:2] = True
    weights = surface_weights(sky)
    assert (weights[:2] == 0).all()
    np.testing.assert_allclose(weights[2:, 3], solid_angle_weights(8)[2:])
