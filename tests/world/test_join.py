import numpy as np

from spag4d.data import Gaussians, Layers
from spag4d.world.agree import Whole
from spag4d.world.join import Captured, captured_world, own_part
from tests.box_room import directions
from tests.world.rooms import PLACES, distance_from, view_from

HEIGHT = 64


def gaussians_of(number: int, distance: np.ndarray) -> Gaussians:
    """One Gaussian for each pixel, in the world's axes."""
    pose, count = PLACES[number], distance.size
    means = (directions(HEIGHT) @ pose.rotation.T * distance[..., None] + pose.translation).reshape(-1, 3)
    return Gaussians(means.astype(np.float32), np.full((count, 3), 0.01, np.float32),
                     np.tile(np.array([1, 0, 0, 0], np.float32), (count, 1)), np.ones(count, np.float32),
                     np.full((count, 3), 0.5, np.float32))


def world_from(distances: list[np.ndarray], sure: list[np.ndarray]) -> dict[int, Captured]:
    """Return the panoramas as parts of a world."""
    views = [view_from(pose, HEIGHT, distance) for pose, distance in zip(PLACES, distances, strict=False)]
    wholes = {number: Whole(view, distances[number], sure[number], np.zeros_like(sure[number]))
              for number, view in enumerate(views)}
    world, _ = captured_world(wholes, {number: np.repeat(view.grey[..., None], 3, -1) for number, view in enumerate(views)})
    return world


def world_of(distances: list[np.ndarray], sure: list[np.ndarray]) -> tuple[list[Layers], list[Layers]]:
    """Return each panorama's Gaussians, and what the world takes of them."""
    world = world_from(distances, sure)
    layers = [Layers(fine=gaussians_of(number, distance), sky=gaussians_of(number, 10 * distance))
              for number, distance in enumerate(distances)]
    return layers, [own_part(one, number, world, with_sky=number == 1) for number, one in enumerate(layers)]


def test_every_surface_is_there_once() -> None:
    distances = [distance_from(pose, HEIGHT) for pose in PLACES]
    layers, parts = world_of(distances, [np.ones(one.shape, bool) for one in distances])
    kept = [len(part.fine) for part in parts]
    assert min(kept) > 0.1 * len(layers[0].fine) and sum(kept) < 0.5 * sum(len(one.fine) for one in layers)
    everything = Gaussians.concatenate([part.fine for part in parts]).means
    rays = directions(48).reshape(-1, 3)
    seen = (everything / np.linalg.norm(everything, axis=1, keepdims=True)).astype(np.float32)
    nearest = (rays @ seen.T).max(1)
    assert np.degrees(np.arccos(np.minimum(nearest, 1))).max() < 6  # no hole larger than two pixels


def test_the_backing_goes_with_its_surface() -> None:
    """A wide Gaussian 8 % behind a surface that another panorama shows would be seen beside its outline from there."""
    distances = [distance_from(pose, HEIGHT) for pose in PLACES]
    world = world_from(distances, [np.ones(one.shape, bool) for one in distances])
    layers = Layers(fine=gaussians_of(1, distances[1]), backing=gaussians_of(1, 1.08 * distances[1]))
    part = own_part(layers, 1, world, with_sky=False)
    assert len(part.backing) == len(part.fine) < 0.6 * len(layers.fine)


def test_the_sky_comes_from_one_panorama() -> None:
    distances = [distance_from(pose, HEIGHT) for pose in PLACES]
    layers, parts = world_of(distances, [np.ones(one.shape, bool) for one in distances])
    assert [len(part.sky) for part in parts] == [0, len(layers[1].sky), 0]


def test_what_others_look_through_is_left_out() -> None:
    """The first panorama guesses a thing 1 m away where the others have measured the wall behind."""
    distances = [distance_from(pose, HEIGHT) for pose in PLACES]
    sure = [np.ones(one.shape, bool) for one in distances]
    ghost = (slice(28, 36), slice(60, 68))
    distances[0][ghost], sure[0][ghost] = 0.5 * distances[0][ghost], False
    layers, parts = world_of(distances, sure)
    near = layers[0].fine.means.reshape(HEIGHT, -1, 3)[ghost].reshape(-1, 3)
    left = np.linalg.norm(parts[0].fine.means[:, None] - near[None], axis=-1).min(0) < 1e-6
    assert left.mean() < 0.1


def test_one_panorama_alone_keeps_all() -> None:
    distance = distance_from(PLACES[0], HEIGHT)
    layers, parts = world_of([distance], [np.zeros(distance.shape, bool)])
    assert len(parts[0].fine) == len(layers[0].fine)
