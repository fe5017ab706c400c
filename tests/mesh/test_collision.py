import json
import struct
from pathlib import Path

import numpy as np

from spag4d.data import DepthMap
from spag4d.mesh.collision import (
    collision_around,
    collision_mesh,
    collision_part,
    edited_collision,
    is_collision,
    read_collision,
    viewer_glb,
)
from spag4d.mesh.mesh import Mesh
from spag4d.mesh.write import write_mesh
from spag4d.splat.edits import Erase, Up
from tests.box_room import BoxRoom, directions

HEIGHT = 128


def room_depth() -> DepthMap:
    distance = BoxRoom().hit(directions(HEIGHT))[0].astype(np.float32)
    return DepthMap(distance, np.zeros(distance.shape, bool))


def with_a_table() -> DepthMap:
    """A table top of 1.2 × 0.8 m, 0.6 m below the eye, which hides the floor behind it."""
    depth, rays = room_depth(), directions(HEIGHT)
    with np.errstate(divide="ignore"):
        reach = np.where(rays[..., 1] > 0, 0.6 / rays[..., 1], np.inf)
    place = rays * np.minimum(reach, 100)[..., None]
    on_it = (np.abs(place[..., 0]) < 0.6) & (place[..., 2] > 0.7) & (place[..., 2] < 1.5) & (reach < depth.distance)
    return DepthMap(np.where(on_it, reach, depth.distance).astype(np.float32), depth.sky)


def heights_at(mesh: Mesh, x: float, z: float) -> np.ndarray:
    """Return the y at which an upright line through a place meets the mesh."""
    a, b, c = (mesh.vertices[mesh.triangles[:, k]].astype(float) for k in range(3))
    u, v, p = (b - a)[:, [0, 2]], (c - a)[:, [0, 2]], np.array([x, z]) - a[:, [0, 2]]
    size = u[:, 0] * v[:, 1] - u[:, 1] * v[:, 0]
    size = np.where(np.abs(size) > 1e-9, size, np.nan)
    one = (p[:, 0] * v[:, 1] - p[:, 1] * v[:, 0]) / size
    two = (u[:, 0] * p[:, 1] - u[:, 1] * p[:, 0]) / size
    heights = a[:, 1] + one * (b - a)[:, 1] + two * (c - a)[:, 1]
    return np.sort(heights[(one >= 0) & (two >= 0) & (one + two <= 1)])


def test_it_is_light_and_lies_on_the_walls() -> None:
    mesh = collision_mesh(room_depth(), 0.1)
    middles = mesh.vertices[mesh.triangles].mean(1)
    length = np.linalg.norm(middles, axis=1)
    true = BoxRoom().hit(middles / length[:, None])[0]
    assert len(mesh.triangles) < 10_000 and np.quantile(np.abs(length - true), 0.98) < 0.05


def test_there_is_floor_below_a_table_and_behind_it() -> None:
    mesh = collision_mesh(with_a_table(), 0.1)
    floor = heights_at(mesh, 0.0, -1.0)[-1]
    for z in (0.8, 1.1, 1.4, 1.7):
        heights = heights_at(mesh, 0.05, z)
        assert abs(heights[-1] - floor) < 0.1, (z, heights, floor)
    assert abs(heights_at(mesh, 0.05, 1.1) - 0.6).min() < 0.03


def test_where_there_is_sky_the_world_ends_and_has_an_end() -> None:
    depth = room_depth()
    mesh = collision_mesh(DepthMap(depth.distance, directions(HEIGHT)[..., 1] < 0.3), 0.1)
    assert np.linalg.norm(mesh.vertices, axis=1).max() < 10.1
    assert (np.abs(np.linalg.norm(mesh.vertices, axis=1) - 10) < 0.1).sum() > 100


def test_a_part_has_what_is_wanted_and_its_points() -> None:
    mesh, points = collision_part(room_depth(), (0.1, 100.0), lambda depth: directions(len(depth.distance))[..., 0] > 0.2)
    assert points[:, 0].min() > 0 and mesh.vertices[:, 0].min() > -0.3 and len(points) > 1000


def test_names_ask_for_it() -> None:
    assert is_collision(Path("house.collision.GLB")) and is_collision(Path("a/house.collision.ply"))
    assert not is_collision(Path("collision.glb")) and not is_collision(Path("house.glb"))


def test_a_file_is_read_back(tmp_path: Path) -> None:
    mesh = collision_mesh(room_depth(), 0.1)
    write_mesh(tmp_path / "a.collision.glb", mesh)
    again = read_collision(tmp_path / "a.collision.glb")
    np.testing.assert_array_equal(again.vertices, mesh.vertices)
    np.testing.assert_array_equal(again.triangles, mesh.triangles)


def test_the_viewer_s_file_is_turned_as_the_viewer_turns_scenes() -> None:
    mesh = Mesh(np.array([[1, 2, 3], [0, 2, 3], [1, 0, 3]], np.float32), np.zeros((3, 3), np.float32), np.array([[0, 1, 2]]))
    data = viewer_glb(mesh)
    length = struct.unpack_from("<I", data, 12)[0]
    view = json.loads(data[20 : 20 + length])["bufferViews"][0]
    start = 28 + length + view["byteOffset"]
    np.testing.assert_array_equal(np.frombuffer(data, "<f4", 3, start), [-1, -2, 3])


def test_a_scene_seen_from_elsewhere_has_its_walls_where_they_are() -> None:
    place = np.array([0.5, 0.0, -0.3], np.float32)
    mesh = collision_around(room_depth(), place)
    at_home = heights_at(collision_mesh(room_depth(), 0.1), 0.5, 0.5)
    np.testing.assert_allclose(heights_at(mesh, 1.0, 0.2).max(), at_home.max(), atol=0.03)
    np.testing.assert_allclose(mesh.vertices.max(0) - collision_mesh(room_depth(), 0.1).vertices.max(0), place, atol=0.05)


def test_what_is_erased_stops_nobody_and_the_rest_turns_with_the_scene() -> None:
    mesh = collision_mesh(with_a_table(), 0.1)
    stroke = Erase(edit="erase", eye_m=(0, 0, 0), radius_deg=35, rays=[(0.0, 0.48, 0.88, 1.9)])
    assert (np.abs(heights_at(mesh, 0.0, 1.1) - 0.6) < 0.05).any()
    left = edited_collision(mesh, [stroke])
    assert not (np.abs(heights_at(left, 0.0, 1.1) - 0.6) < 0.05).any() and len(left.triangles) > len(mesh.triangles) / 2
    turned = edited_collision(mesh, [Up(edit="up", up=(0, 1, 0))])
    np.testing.assert_allclose(turned.vertices, mesh.vertices * [1, -1, -1], atol=1e-6)
