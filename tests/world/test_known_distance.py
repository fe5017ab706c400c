import numpy as np
import pytest

from spag4d.errors import InputError
from spag4d.geometry.equirect import pixels_from_directions
from spag4d.world.agree import Whole
from spag4d.world.join import Captured, captured_world
from spag4d.world.known_distance import KnownDistance
from spag4d.world.sweep import FAR_M
from tests.box_room import BoxRoom
from tests.world.rooms import PLACES, distance_from, view_from

HEIGHT, SIZE = 256, (1024, 2048)
NAMES = ("a.jpg", "walk.mp4 at 1.50 s")


@pytest.fixture(scope="module")
def world() -> dict[int, Captured]:
    """The room at half of its size, seen from two places; the first panorama shows sky above."""
    wholes = {}
    for number, pose in enumerate(PLACES[:2]):
        distance = 0.5 * distance_from(pose, HEIGHT)
        if not number:
            distance[:3] = FAR_M
        view = view_from(type(pose)(pose.rotation, 0.5 * pose.translation), HEIGHT, distance)
        wholes[number] = Whole(view, distance, np.arange(HEIGHT)[:, None] + np.zeros(2 * HEIGHT) > HEIGHT // 2,
                               np.zeros(distance.shape, bool))
    return captured_world(wholes, {number: np.repeat(whole.view.grey[..., None], 3, -1) for number, whole in wholes.items()})[0]


def seen_in(number: int, ray: tuple[float, float, float]) -> tuple[str, np.ndarray]:
    """Return as "NAME:X,Y" the pixel of a panorama that looks along a ray of the first, and the point it shows."""
    point = np.array(ray) * BoxRoom().hit(np.array(ray)[None] / np.linalg.norm(ray))[0][0] / np.linalg.norm(ray)
    column, row = np.rint(pixels_from_directions(PLACES[number].to_camera(point), SIZE[0])).astype(int)
    return f"{NAMES[number]}:{column},{row}", point


def test_a_distance_between_points_of_two_panoramas_sets_the_scale(world: dict[int, Captured]) -> None:
    (first, one), (second, other) = seen_in(0, (1, 0.3, 1)), seen_in(1, (-1, 0.2, 0.5))
    metres = float(np.linalg.norm(one - other))
    factor, is_measured = KnownDistance.of(first, second, metres).factor(world, NAMES, [SIZE, SIZE])
    assert factor == pytest.approx(2, rel=0.02) and is_measured


def test_points_that_were_only_guessed_are_told(world: dict[int, Captured]) -> None:
    distance = KnownDistance.of("a.jpg:100,400", "a.jpg:1000,600", 3.0)
    assert not distance.factor(world, NAMES, [SIZE, SIZE])[1]


@pytest.mark.parametrize(("first", "second", "metres", "says"), [
    ("a.jpg", "a.jpg:1,2", 3.0, "write NAME:X,Y"),
    ("a.jpg:1,2", "a.jpg:3,4", -1.0, "0.001 to 10000 m"),
    ("a.jpg:2048,2", "a.jpg:3,4", 1.0, "lies outside of a.jpg, which has 2048 x 1024 pixels"),
    ("a.jpg:10,2", "a.jpg:900,700", 1.0, "shows the sky"),
    ("a.jpg:900,700", "a.jpg:901,700", 1.0, "nearly the same place"),
])
def test_what_tells_no_scale_is_refused(world: dict[int, Captured], first: str, second: str, metres: float, says: str) -> None:
    with pytest.raises(InputError, match=says):
        KnownDistance.of(first, second, metres).factor(world, NAMES, [SIZE, SIZE])


def test_points_of_other_pictures_are_refused(world: dict[int, Captured]) -> None:
    with pytest.raises(InputError, match=r"c\.jpg, which is not among the panoramas: a\.jpg, walk"):
        KnownDistance.of("a.jpg:1,2", "c.jpg:3,4", 1.0).check_named(NAMES)
    with pytest.raises(InputError, match="was left out"):
        KnownDistance.of("c.jpg:1,2", "a.jpg:3,4", 1.0).factor(world, ("a.jpg", "b.jpg", "c.jpg"), [SIZE] * 3)
