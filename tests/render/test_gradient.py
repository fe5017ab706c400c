from dataclasses import replace

import numpy as np

from spag4d.data import Gaussians, Pose
from spag4d.geometry.rotation import rotation_from_yaw_pitch_roll
from spag4d.render.gradient import Photograph, panorama_gradient

ROWS, COUNT = 24, 40
POSE = Pose(rotation_from_yaw_pitch_roll(0.4, 0.1, 0.0), np.array([0.1, 0.0, -0.2]))


def scene(seed: int) -> Gaussians:
    random = np.random.default_rng(seed)
    directions = random.normal(size=(COUNT, 3))
    means = directions / np.linalg.norm(directions, axis=1, keepdims=True) * random.uniform(1, 3, (COUNT, 1))
    quats = random.normal(size=(COUNT, 4))
    quats /= np.linalg.norm(quats, axis=1, keepdims=True)
    scales, opacities = random.uniform(0.08, 0.16, (COUNT, 3)), random.uniform(0.3, 0.8, COUNT)
    colors = random.uniform(0, 1, (COUNT, 3))
    return Gaussians(*(values.astype(np.float32) for values in (means, scales, quats, opacities, colors)))


def photograph() -> Photograph:
    random = np.random.default_rng(5)
    return Photograph(random.uniform(0, 1, (ROWS, 2 * ROWS, 3)).astype(np.float32),
                      random.uniform(0, 1, (ROWS, 2 * ROWS)).astype(np.float32), POSE)


def half_error(gaussians: Gaussians, photo: Photograph) -> float:
    return panorama_gradient(gaussians, photo).error / 2


def test_gradients_are_those_of_small_changes() -> None:
    """Means are moved across the rays, as their size is not looked at; alpha ends with a step at 1/255."""
    gaussians, photo = scene(1), photograph()
    found = panorama_gradient(gaussians, photo)
    rays = gaussians.means[found.members] - POSE.translation.astype(np.float32)
    rays /= np.linalg.norm(rays, axis=1, keepdims=True)
    across = found.means - (found.means * rays).sum(1, keepdims=True) * rays
    for name, slopes in (("colors", found.colors), ("opacities", found.opacities), ("means", across)):
        change = np.zeros_like(getattr(gaussians, name))
        change[found.members] = slopes / np.linalg.norm(slopes)
        before, after = (half_error(replace(gaussians, **{name: getattr(gaussians, name) + step * change}), photo)
                         for step in (-0.005, 0.005))
        assert np.isclose((after - before) / 0.01, np.linalg.norm(slopes), rtol=0.1), name


def test_what_is_quite_another_thing_pulls_no_harder_than_what_is_a_little_off() -> None:
    """As where someone walked past one of the panoramas."""
    white = replace(scene(1), colors=np.full((COUNT, 3), 0.9, np.float32))

    def pull(level: float) -> float:
        photo = replace(photograph(), rgb=np.full((ROWS, 2 * ROWS, 3), level, np.float32))
        return float(np.abs(panorama_gradient(replace(white, opacities=np.full(COUNT, 0.99, np.float32)), photo).colors).sum())

    assert pull(0.0) < 2 * pull(0.6)


def test_what_counts_nothing_has_no_gradient() -> None:
    photo = replace(photograph(), weight=np.zeros((ROWS, 2 * ROWS), np.float32))
    found = panorama_gradient(scene(2), photo)
    assert len(found.members) == 0 and found.error == 0
