import numpy as np

from spag4d.color import linear_from_srgb
from spag4d.data import Panorama
from spag4d.world.agree import Whole
from spag4d.world.exposure import balanced
from spag4d.world.join import captured_world
from tests.world.rooms import PLACES, distance_from, view_from

HEIGHT = 64


def test_pictures_that_were_exposed_differently_are_evened_out() -> None:
    """The second picture has half the light of the first and is redder."""
    views = [view_from(pose, HEIGHT, distance_from(pose, HEIGHT)) for pose in PLACES[:2]]
    pictures = {number: np.repeat(0.3 + 0.4 * view.grey[..., None], 3, -1) for number, view in enumerate(views)}
    light = np.array([0.6, 0.5, 0.5])
    pictures[1] = balanced(Panorama(pictures[1]), light).rgb
    everywhere = np.ones(views[0].grey.shape, bool)
    wholes = {number: Whole(view, view.prior, everywhere, ~everywhere) for number, view in enumerate(views)}
    _, gains = captured_world(wholes, pictures)
    np.testing.assert_allclose(gains[0] * gains[1], 1, atol=1e-6)
    np.testing.assert_allclose(gains[0] / gains[1], light, rtol=0.03)
    even = [linear_from_srgb(balanced(Panorama(pictures[number]), gains[number]).rgb).mean() for number in (0, 1)]
    assert abs(even[0] / even[1] - 1) < 0.1
