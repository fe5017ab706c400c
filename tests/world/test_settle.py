import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from spag4d.data import Pose
from spag4d.photos.gps import Gps
from spag4d.world.colmap_model import Points
from spag4d.world.poses import Places
from spag4d.world.settle import carried, metres_per_unit, metres_per_unit_by_gps, settled
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


def walk(turn_rad: float, error_m: float) -> tuple[Places, list[Gps | None]]:
    """Return places on a level loop at half of its true size, turned against north, and their GPS with errors."""
    angle = np.linspace(0, 5, 12)
    east, north = 60 * np.sin(angle), 80 * np.cos(angle)
    random = np.random.default_rng(1)
    off = random.normal(0, error_m, (2, 12)) / np.sqrt(2)
    stated = (np.array([east, north]) + off).T / 111_195 / (np.cos(np.radians(50)), 1)
    gps = [Gps(50 + float(n), 8 + float(e), error_m) for e, n in stated]
    x, z = np.cos(turn_rad) * east - np.sin(turn_rad) * north, np.sin(turn_rad) * east + np.cos(turn_rad) * north
    poses = [Pose(np.eye(3), 0.5 * np.array([a, 0, b])) for a, b in zip(x, z, strict=True)]
    nothing = np.empty(0, np.int64)
    return Places((*poses, None), Points(np.empty((0, 3)), np.empty(0), nothing, nothing)), [*gps, None]


def test_gps_of_a_long_walk_sets_the_scale() -> None:
    found = metres_per_unit_by_gps(*walk(0.7, 3.0))
    assert found is not None and found[0] == pytest.approx(2, rel=0.05) and 0.005 < found[1] < 0.05


def test_gps_counts_only_where_all_have_it_and_it_is_exact_enough() -> None:
    places, gps = walk(0.7, 3.0)
    assert metres_per_unit_by_gps(places, [None, *gps[1:]]) is None
    assert metres_per_unit_by_gps(*walk(0.7, 9.0)) is None


def test_gps_that_walks_a_mirror_image_does_not_fit() -> None:
    """Were north taken for south, a loop would shrink."""
    places, gps = walk(0.7, 0.5)
    mirrored = [Gps(100 - place.latitude_deg, place.longitude_deg, 0.5) if place else None for place in gps]
    found = metres_per_unit_by_gps(places, mirrored)
    assert found is None or found[0] < 1


def test_other_poses_are_carried_along() -> None:
    """What the world of all three makes of the third, the world of the first two makes of it as a pose beside them."""
    turn = Rotation.from_rotvec([0.5, -0.8, 1.1]).as_matrix()
    whole = world(2.5, turn)
    two = Places(whole.world_from_camera[:2], whole.points)
    third = whole.world_from_camera[2]
    assert third is not None
    moved = settled(two, 2.5)
    found = carried({"third": third}, two, moved)["third"]
    first, second = moved.world_from_camera
    assert first is not None and second is not None
    for pose, true in ((first, PLACES[0]), (second, PLACES[1])):  # as they stand to each other in the room
        np.testing.assert_allclose(pose.to_camera(found.translation), true.to_camera(PLACES[2].translation), atol=1e-9)
        np.testing.assert_allclose(pose.rotation.T @ found.rotation, true.rotation.T @ PLACES[2].rotation, atol=1e-9)
