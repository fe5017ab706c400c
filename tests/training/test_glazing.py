import numpy as np
import pytest
import torch

from training import scene_rooms
from training.generator import build
from training.materials import Material
from training.raycast import Grid
from training.render import Quality, full_grid, render
from training.scene import Scene
from training.scene_air import atmosphere
from training.view import look

pytestmark = pytest.mark.usefixtures("single_thread")

PANE_Z_M, WALL_Z_M, HEIGHT = 2.0, 5.0, 64


def scene_with_pane(**glass: object) -> Scene:
    """A white wall far ahead, a pane before it, and behind the camera, to its right, a glowing red ball; no other light."""
    s = Scene(atmosphere(np.random.default_rng(1)))
    s.atmosphere.ambient, s.atmosphere.sun_color = 0.0, np.zeros(3)
    s.camera, s.atmosphere.haze_m = np.array([0.0, -1.5, 0.0]), 1e6
    s.wall((-40, WALL_Z_M), (40, WALL_Z_M), (-30, 30), s.material(Material(a=(0.9, 0.9, 0.9), grain=0, stain=0, emission=0.5)))
    s.ellipsoid(1.0, 1.5, -1.0, (0.2, 0.2, 0.2), s.material(Material(a=(0.9, 0.0, 0.0), grain=0, stain=0, emission=5.0)))
    s.pane((-10, PANE_Z_M), (10, PANE_Z_M), (-10, 13), **glass)  # type: ignore[arg-type]
    return s


def test_a_mirror_ends_the_ray_and_shows_the_ball_where_its_image_stands():
    s = scene_with_pane(through=(0.0, 0.0, 0.0), mirror=0.9, solid=True)
    grid = full_grid(s, HEIGHT, "cpu")
    image, rays = render(s, grid, Quality()), grid.directions()
    ahead = rays[2] > 0.5
    torch.testing.assert_close(image.distance[ahead], PANE_Z_M / rays[2][ahead])
    assert (image.index[ahead] > len(s.primitives)).all()
    red = ahead & (image.radiance[..., 0] > 1.0)
    toward = (rays * red).sum((1, 2))
    expected = np.array([1.0, 0.0, 2 * PANE_Z_M + 1.0])
    assert red.any()
    np.testing.assert_allclose(toward / toward.norm(), expected / np.linalg.norm(expected), atol=0.03)
    assert image.radiance[..., 1][red].max() < 0.2, "nothing of the wall behind shows"


@pytest.mark.parametrize("solid", [False, True])
def test_clear_glass_dims_what_is_behind_it_and_only_solid_glass_ends_the_ray(solid: bool):
    s = scene_with_pane(through=(0.5, 0.5, 0.5), mirror=0.0, solid=solid)
    grid = full_grid(s, HEIGHT, "cpu")
    image, rays = render(s, grid, Quality()), grid.directions()
    ahead = rays[2] > 0.9
    torch.testing.assert_close(image.distance[ahead], (PANE_Z_M if solid else WALL_Z_M) / rays[2][ahead])
    s.panes = []
    plain = render(s, grid, Quality())
    middle = rays[2] > 0.99
    torch.testing.assert_close(image.radiance[middle], 0.5 * plain.radiance[middle], rtol=1e-3, atol=1e-3)


def test_a_pane_behind_something_does_not_show():
    s = scene_with_pane(through=(0.0, 0.0, 0.0), mirror=0.9, solid=True)
    s.wall((-40, 1.0), (40, 1.0), (-30, 30), 0)
    distance = look(s, Grid(HEIGHT, 0, HEIGHT, s.camera, 0.0, "cpu")).distance
    assert distance[HEIGHT // 2, HEIGHT] == pytest.approx(1.0, rel=1e-2)


@pytest.mark.parametrize("walls", [{"closed": 1.0}, {"door": 0.4, "open": 0.3, "glass": 0.3}, {"window": 1.0}])
def test_a_room_without_a_view_has_no_sky(walls: dict[str, float], monkeypatch: pytest.MonkeyPatch):
    """Whatever its ceiling, its lamps and its mirrors, and whatever hides the outside in its windows."""
    monkeypatch.setattr(scene_rooms, "_WALLS", walls)
    monkeypatch.setattr(scene_rooms, "_WINDOWLESS", 1.0)
    monkeypatch.setattr(scene_rooms, "_OVERHEAD", dict.fromkeys(["flat", "cove", "attic", "glowing", "coffer"], 0.2))
    for seed in range(4):
        scene, _ = build(seed, "indoor")
        assert (look(scene, full_grid(scene, 64, "cpu")).index >= 0).all(), f"seed {seed}"
