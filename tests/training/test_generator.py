import math

import numpy as np
import pytest
import torch

from training import develop, generator, noise
from training import scene_people as people
from training.generator import KINDS, build, generate
from training.hits import surface_points, tables
from training.intersections import intersect, local_frame
from training.light import Atmosphere
from training.materials import TEXT, Material
from training.primitives import BOX, ELLIPSOID, FRUSTUM, Primitive, yaw_matrix
from training.raycast import Grid, cast, windows
from training.render import Quality, render
from training.scene import Scene
from training.scene_air import atmosphere
from training.terrain import Terrain
from training.view import look

pytestmark = pytest.mark.usefixtures("single_thread")


def empty_scene() -> Scene:
    return Scene(atmosphere(np.random.default_rng(1)))


def box_room_scene(half: tuple[float, float], floor: float, ceiling: float) -> Scene:
    s = empty_scene()
    look = s.material(Material())
    (x, z), high = half, floor + ceiling
    s.camera = np.array([0.0, -floor, 0.0])
    corners = [(-x, z), (x, z), (x, -z), (-x, -z)]
    for a, b in zip(corners, corners[1:] + corners[:1], strict=True):
        s.wall(a, b, (0.0, high), look)
    s.slab(0, 0, (2 * x, 2 * z), 0.0, look)
    s.slab(0, 0, (2 * x, 2 * z), high, look)
    return s


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_is_finite_reproducible_and_keeps_its_promises(kind):
    for seed in (3, 4):
        a, b = generate(seed, 32, kind=kind), generate(seed, 32, kind=kind)
        assert a.kind == kind
        assert a.rgb.shape == (32, 64, 3) and a.rgb.dtype == torch.float32
        assert a.distance.shape == a.sky.shape == a.valid.shape == (32, 64)
        assert torch.isfinite(a.rgb).all() and a.rgb.min() >= 0 and a.rgb.max() <= 1
        assert torch.equal(a.distance.isinf(), a.sky) and not a.distance.isnan().any()
        assert a.distance.min() > 0.15, "the camera is inside something"
        assert (a.rgb[~a.valid] == 0).all()
        assert torch.equal(a.rgb, b.rgb) and torch.equal(a.distance, b.distance)


def test_an_unknown_kind_is_refused_by_name():
    with pytest.raises(ValueError, match="'moon'"):
        generate(0, 16, kind="moon")


def test_seeds_differ_and_draw_every_kind():
    kinds = {build(seed)[1] for seed in range(30)}
    assert kinds == set(KINDS)
    assert not torch.equal(generate(1, 16).rgb, generate(2, 16).rgb)


def test_distance_of_a_box_room_is_the_analytic_one():
    x, z, floor, ceiling = 2.5, 3.5, 1.4, 1.3
    scene = box_room_scene((x, z), floor, ceiling)
    grid = Grid(64, 0, 64, scene.camera, 0.7, "cpu")
    d = grid.directions()
    found, _ = cast(scene.primitives, grid, d)
    down = torch.where(d[1] > 0, floor / d[1], -ceiling / d[1])
    expected = torch.minimum(torch.minimum(x / d[0].abs(), z / d[2].abs()), down)
    torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-5)


def test_directions_follow_the_convention_of_pixel_centres():
    d = Grid(4, 0, 4, np.zeros(3), 0.0, "cpu").directions()
    azimuth, elevation = 2 * math.pi * 5.5 / 8 - math.pi, math.pi / 2 - math.pi * 0.5 / 4
    expected = (math.cos(elevation) * math.sin(azimuth), -math.sin(elevation), math.cos(elevation) * math.cos(azimuth))
    assert d[:, 0, 5].tolist() == pytest.approx(expected, abs=1e-6)


def random_primitives(rng: np.random.Generator, count: int) -> list[Primitive]:
    made = []
    for k in range(count):
        axes = yaw_matrix(rng.uniform(0, 6.28)) @ np.linalg.qr(rng.normal(size=(3, 3)))[0]
        half = tuple(float(v) for v in rng.uniform(0.1, 2.0, 3))
        kind = (BOX, ELLIPSOID, FRUSTUM)[k % 3]
        taper = 1.0 if kind == ELLIPSOID else (0.5, 1.0, 1.4)[k // 3 % 3]
        made.append(Primitive(kind, rng.normal(size=3) * 4, axes, half, 0, 0, taper=taper))  # type: ignore[arg-type]
    return made


def test_windows_hide_nothing():
    """Slow twin: every primitive intersected in every pixel gives the same picture."""
    shapes = random_primitives(np.random.default_rng(8), 60)
    grid = Grid(40, 0, 40, np.array([0.3, -0.2, 0.1]), 1.1, "cpu")
    rays = grid.directions()
    found, _ = cast(shapes, grid, rays)
    slow = torch.full_like(found, math.inf)
    for p in shapes:
        matrix, start = local_frame(p, grid.origin, "cpu")
        slow = torch.minimum(slow, intersect(p, matrix @ rays.reshape(3, -1), start).view(found.shape))
    torch.testing.assert_close(found, slow)
    area = (windows(shapes, grid).columns * (windows(shapes, grid).row1 - windows(shapes, grid).row0)).mean()
    assert area < 0.5 * 40 * 80, "windows should be much smaller than the picture"


def test_hits_lie_on_the_surface():
    rng = np.random.default_rng(2)
    for p in random_primitives(rng, 9):
        p.center = np.array([0.0, 0.0, 6.0])
        grid = Grid(48, 0, 48, np.zeros(3), 0.0, "cpu")
        found, index = cast([p], grid, rays := grid.directions())
        hit = index >= 0
        assert hit.any()
        points = (rays * found)[:, hit].numpy().astype(float)
        local = np.abs(p.axes.T @ (points - p.center[:, None])) / np.array(p.half)[:, None]
        if p.kind == BOX:
            down = (p.axes.T @ (points - p.center[:, None]))[1] / p.half[1]
            local[[0, 2]] /= (1 + p.taper) / 2 + (1 - p.taper) / 2 * down
            assert np.abs(local.max(0) - 1).max() < 1e-4
        elif p.kind == ELLIPSOID:
            assert np.abs((local**2).sum(0) - 1).max() < 1e-4
        else:
            assert local[1].max() < 1 + 1e-4


def test_turning_the_camera_by_columns_rolls_the_picture():
    scene, _ = build(7, "square")
    step = 2 * math.pi / 64 * 5
    a, _ = cast(scene.primitives, g := Grid(32, 0, 32, scene.camera, 0.3, "cpu"), g.directions())
    b, _ = cast(scene.primitives, g := Grid(32, 0, 32, scene.camera, 0.3 + step, "cpu"), g.directions())
    same = torch.isclose(a, b.roll(5, 1), rtol=1e-3) | (a.isinf() & b.roll(5, 1).isinf())
    assert same.float().mean() > 0.995


def test_bands_of_rows_are_the_whole_picture():
    scene, _ = build(5, "nature")
    quality = Quality(casters=6, shadow_step=1)
    whole = render(scene, Grid(32, 0, 32, scene.camera, 0.2, "cpu"), quality)
    parts = [render(scene, Grid(32, r, r + 8, scene.camera, 0.2, "cpu"), quality) for r in range(0, 32, 8)]
    torch.testing.assert_close(torch.cat([p.distance for p in parts]), whole.distance)
    torch.testing.assert_close(torch.cat([p.radiance for p in parts]), whole.radiance, rtol=1e-3, atol=1e-3)


def test_a_sign_reads_from_left_to_right_and_upright():
    """The letter P of "SPAG-4D" has its stem on the left and its bowl on top, seen from the camera."""
    s = empty_scene()
    s.atmosphere = Atmosphere(np.array([0.0, -1.0, 0.0]), np.zeros(3), np.ones(3), np.ones(3), np.ones(3), cloud_cover=0.0)
    sign = s.material(Material(TEXT, (0.9, 0.9, 0.9), (0.0, 0.0, 0.0), grain=0.0, stain=0.0))
    s.wall((-2.1, 2.0), (2.1, 2.0), (1.0, 2.0), sign)
    s.camera = np.array([0.0, -1.5, 0.0])
    image = render(s, grid := Grid(512, 0, 512, s.camera, 0.0, "cpu"), Quality()).radiance.mean(-1)
    d = grid.directions()
    x, y = 2.0 * d[0] / d[2], -2.0 * d[1] / d[2]
    share = (x + 2.1) / 4.2 * 1.06 - 0.02  # the text's own margins
    column = share * 42 - 6  # six columns to a letter; P is the second
    on = (d[2] > 0) & (y.abs() < 0.5) & (column > 0) & (column < 5)
    dark = on & (image < 0.5 * image[on].max())
    assert (column[dark] < 1).float().mean() > 0.4, "the stem is not on the left: mirrored"
    assert y[dark & (column > 1)].mean() > 0.1, "the bowl is not on top: upside down"


def test_terrain_is_hit_where_its_height_says():
    ground = Terrain(roll=1.5, roll_m=80.0, peak=20.0)
    grid = Grid(64, 0, 64, np.array([0.0, -1.6, 0.0]), 0.4, "cpu")
    distance = ground.cast(grid)
    points = (grid.directions() * distance + torch.tensor(grid.origin, dtype=torch.float32)[:, None, None])[:, distance < 15]
    assert points.shape[1] > 1000
    off = (-points[1] - ground.height(points[0], points[2])).abs()
    assert off.max() < 0.08 and off.median() < 0.003, "only the straight pieces between radial samples, 6 % apart, may show"
    assert ground.at(0.0, 0.0) == pytest.approx(0.0, abs=1e-4)


def test_noise_is_seamless_and_leaves_are_cut_by_the_share_asked_for():
    v = torch.linspace(0, 1, 50)
    left, right = noise.sample(torch.zeros(50), v, 0.0), noise.sample(torch.ones(50), v, 0.0)
    torch.testing.assert_close(left, right)
    points = torch.rand(3, 20000, generator=torch.Generator().manual_seed(0)) * 8 - 4
    for share in (0.2, 0.5, 0.7):
        assert noise.leaf_cut(points[0], points[1], points[2], share, 0.2).float().mean() == pytest.approx(share, abs=0.05)


def test_the_camera_stands_at_the_height_that_makes_scale_knowable():
    heights = [-build(seed)[0].camera[1] for seed in range(40)]
    assert 1.3 < float(np.median(heights)) < 1.8
    assert np.mean([(1.25 < h < 1.95) for h in heights]) > 0.7


def test_the_reasons_for_invalid_pixels_are_black_caps():
    films = [develop.random_film(np.random.default_rng([seed, 361])) for seed in range(200)]
    capped = [seed for seed, film in enumerate(films) if film.nadir_deg or film.zenith_deg]
    assert 0.1 < len(capped) / len(films) < 0.3
    assert not generate(capped[0], 16).valid.all()
    assert generator.KINDS == ("indoor", "atrium", "street", "square", "nature")


def test_the_sides_of_a_tapered_box_face_up_by_their_lean():
    s = empty_scene()
    s.camera = np.array([0.0, -1.0, 0.0])
    s.box(0, 0, 3.0, (1.0, 2.0, 2.0), s.material(Material()), taper=0.5)
    view = look(s, grid := Grid(64, 0, 64, s.camera, 0.0, "cpu"))
    rays, distance, index = view.every(1)
    seen = (index == 0).nonzero().squeeze(1)
    points = surface_points(tables(s, "cpu"), index[seen].long(), distance[seen], rays[:, seen], grid, None)
    length = math.hypot(2.0, 0.5)
    expected = torch.tensor([0.0, -0.5 / length, -2.0 / length])[:, None].expand_as(points.normal)
    torch.testing.assert_close(points.normal, expected, atol=1e-4, rtol=0)


def test_what_carries_the_camera_is_seen_below_it_and_not_too_near():
    rng = np.random.default_rng(5)
    shown = 0
    for _ in range(40):
        s = empty_scene()
        s.box(0, 0.7, 0, (1.5, 0.05, 1.0), s.material(Material()))
        carried = people.behind_the_camera(s, rng)
        s.clear_camera(carried=carried)
        assert carried != any(not p.fixed for p in s.primitives), "a tripod stands in a table"
        s.primitives = [p for p in s.primitives if p.fixed]
        shown += carried
        distance = look(s, Grid(48, 0, 48, s.camera, 0.0, "cpu")).distance
        assert distance.min() > 0.15
        assert not s.primitives or distance[-1].min() < 1.7
    assert 0.15 < shown / 40 < 0.65
