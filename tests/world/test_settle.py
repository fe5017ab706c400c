import numpy as np
from scipy.spatial.transform import Rotation

from spag4d.data import Pose
from spag4d.world.colmap_model import Points
from spag4d.world.poses import Places
from spag4d.world.settle import metres_per_unit, settled
from tests.box_room import BoxRoom
from tests.world.rooms import PLACES, distance_from

HEIGHT = 256


def world(scale: float, turn: np.ndarray) -> Places:
    """The room in units of ``1 / scale`` metres, turned and moved, with points on its walls; one panorama is lost."""
    random = np.random.default_rng(0)
    rays = random.normal(size=(300, 3))
    rays /= np.linalg.norm(rays, axis=1, keepdims=True)
    points = rays * BoxRoom().hit(rays)[0][:, None]
    moved = [Pose(turn @ pose.rotation, turn @ (pose.translation + 3) / scale) for pose in PLACES]
    seen_by = np.repeat(np.arange(3), 300)
    return Places((*moved, None), Points((points + 3) @ turn.T / scale, np.full(300, 0.2), seen_by, np.tile(np.arange(300), 3)))


def test_a_world_becomes_metric_and_upright_around_the_first_panorama() -> None:
    turn = Rotation.from_rotvec([0.5, -0.8, 1.1]).as_matrix()
    distances = [distance_from(pose, HEIGHT) for pose in PLACES]
    found_scale = metres_per_unit(world(2.5, turn), [*distances, distances[0]])
    assert found_scale is not None and found_scale[1] < 0.01
    places = settled(world(2.5, turn), found_scale[0])
    assert places.world_from_camera[3] is None
    for found, true in zip(places.world_from_camera, PLACES, strict=False):
        assert found is not None
        np.testing.assert_allclose(found.translation, true.translation, atol=0.02)  # up is a mean, and one panorama is tilted
        assert np.degrees(Rotation.from_matrix(found.rotation.T @ true.rotation).magnitude()) < 1.0


def test_sky_says_nothing_about_the_scale() -> None:
    nothing = np.full((HEIGHT, 2 * HEIGHT), np.inf, np.float32)
    assert metres_per_unit(world(2.5, np.eye(3)), [nothing] * 4) is None
