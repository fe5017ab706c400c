import numpy as np

from spag4d.data import Gaussians
from spag4d.geometry.equirect import directions
from spag4d.render.gradient import Photograph
from spag4d.render.view import render_panorama
from spag4d.world.photo_fit import fitted
from tests.world.rooms import PLACES, distance_from, grey_at, panorama_from

ROWS = 32


def room() -> tuple[Gaussians, np.ndarray]:
    """The walls as the first two panoramas see them, each with every pixel, and from where."""
    parts = []
    for pose in PLACES[:2]:
        rays, distance = directions(ROWS) @ pose.rotation.T, distance_from(pose, ROWS)
        means = (pose.translation + rays * distance[..., None]).reshape(-1, 3)
        size = np.repeat(0.6 * np.pi / ROWS * distance.reshape(-1, 1), 3, 1)
        quats = np.tile(np.array([1, 0, 0, 0], np.float32), (len(means), 1))
        colors = np.repeat(grey_at(means)[:, None], 3, 1)
        parts.append(Gaussians(means.astype(np.float32), size.astype(np.float32), quats, np.full(len(means), 0.9, np.float32),
                               colors.astype(np.float32)))
    origins = np.repeat([pose.translation for pose in PLACES[:2]], [len(part) for part in parts], 0)
    return Gaussians.concatenate(parts), origins.astype(np.float32)


def photographs() -> list[Photograph]:
    weight = np.ones((ROWS, 2 * ROWS), np.float32)
    return [Photograph(panorama_from(pose, ROWS).rgb, weight, pose) for pose in PLACES]


def test_a_scene_comes_nearer_to_its_photographs_and_what_hangs_before_others_fades() -> None:
    """A thing that only the first panorama has, as a wrong distance puts it, stands black before the walls of all others."""
    walls, origins = room()
    ghost = np.zeros(len(walls), bool)
    ghost.reshape(2, ROWS, 2 * ROWS)[0, 14:18, 30:34] = True
    walls.means[ghost] = origins[ghost] + 0.4 * (walls.means[ghost] - origins[ghost])
    walls.scales[ghost] *= 0.4
    walls.colors[ghost] = 0
    photos = photographs()
    found = fitted(walls, origins, photos)

    def error(gaussians: Gaussians) -> float:
        drawn = [render_panorama(gaussians, ROWS, photo.pose.translation).rgb for photo in photos[:1]]
        return float(np.mean([(rgb - photo.rgb) ** 2 for rgb, photo in zip(drawn, photos, strict=False)]))

    assert error(found) < 0.7 * error(walls)
    assert found.opacities[ghost].mean() < 0.6 * walls.opacities[ghost].mean()
    aside = np.cross(found.means - origins, walls.means - origins)
    assert np.abs(aside).max() < 1e-4  # nothing leaves the ray on which it was seen


def test_what_nobody_shows_stays_as_it_is() -> None:
    walls, origins = room()
    hidden = Gaussians(*(values[:1] for values in (5 * walls.means, walls.scales, walls.quats_wxyz, walls.opacities,
                                                   walls.colors)))
    found = fitted(hidden, origins[:1], [Photograph(photo.rgb, 0 * photo.weight, photo.pose) for photo in photographs()])
    assert np.allclose(found.means, hidden.means) and np.allclose(found.opacities, hidden.opacities, atol=1e-4)
