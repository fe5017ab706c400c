import numpy as np
import pytest

from spag4d.data import DepthMap, Panorama, Pose
from spag4d.mesh.mesh import Mesh
from spag4d.mesh.surface import rows_for, surface_mesh
from tests.box_room import BoxRoom, directions
from tests.world.rooms import grey_at

HEIGHT = 128


def room(height: int = HEIGHT) -> tuple[Panorama, DepthMap]:
    rays = directions(height)
    distance = BoxRoom().hit(rays)[0].astype(np.float32)
    grey = grey_at(rays * distance[..., None])
    return Panorama(np.repeat(grey[..., None], 3, -1)), DepthMap(distance, np.zeros(distance.shape, bool))


def mesh_of(panorama: Panorama, depth: DepthMap, **wishes: object) -> Mesh:
    return surface_mesh(panorama, depth, near_far_m=(0.1, 100.0), **wishes)  # type: ignore[arg-type]


def sphere_covered(mesh: Mesh) -> float:
    """Return the solid angle of all triangles together, as Van Oosterom and Strackee have it."""
    a, b, c = (mesh.vertices[mesh.triangles[:, k]].astype(float) for k in range(3))
    far_a, far_b, far_c = (np.linalg.norm(one, axis=1) for one in (a, b, c))
    triple = (a * np.cross(b, c)).sum(1)
    below = far_a * far_b * far_c + (a * b).sum(1) * far_c + (b * c).sum(1) * far_a + (c * a).sum(1) * far_b
    return float(abs(2 * np.arctan2(triple, below).sum()))


def normals(mesh: Mesh) -> np.ndarray:
    a, b, c = (mesh.vertices[mesh.triangles[:, k]].astype(float) for k in range(3))
    return np.cross(b - a, c - a)


def test_triangles_lie_on_the_walls_face_the_camera_and_close_around_it() -> None:
    mesh = mesh_of(*room())
    middles = mesh.vertices[mesh.triangles].mean(1)
    length = np.linalg.norm(middles, axis=1)
    true = BoxRoom().hit(middles / length[:, None])[0]
    assert np.quantile(np.abs(length / true - 1), 0.99) < 0.01
    assert ((normals(mesh) * -middles).sum(1) > 0).mean() > 0.999
    assert sphere_covered(mesh) == pytest.approx(4 * np.pi, rel=1e-4)


def test_few_triangles_are_enough_for_plain_walls() -> None:
    panorama, depth = room()
    plain = Panorama(np.full_like(panorama.rgb, 0.5))
    mesh = mesh_of(plain, depth, most=4000)
    length = np.linalg.norm(mesh.vertices[mesh.triangles].mean(1), axis=1)
    true = BoxRoom().hit(mesh.vertices[mesh.triangles].mean(1) / length[:, None])[0]
    assert len(mesh.triangles) <= 4000 and np.quantile(np.abs(length / true - 1), 0.95) < 0.02


def test_it_is_cut_where_depth_is_cut_and_open_where_the_sky_is() -> None:
    panorama, depth = room()
    distance, sky = depth.distance.copy(), depth.sky.copy()
    distance[50:80, 100:140] = 0.4
    sky[:20] = True
    mesh = mesh_of(panorama, DepthMap(distance, sky))
    far = np.linalg.norm(mesh.vertices, axis=1)[mesh.triangles]
    above = 2 * np.pi * (1 - np.cos(np.pi * 20.5 / HEIGHT))
    assert sphere_covered(mesh) == pytest.approx(4 * np.pi - above, rel=1e-3)  # no gap beside what is near
    assert (far.max(1) / far.min(1)).max() < 1.6
    assert (far.max(1) < 0.5).sum() > 100
    highest = np.degrees(np.arcsin(-mesh.vertices[:, 1] / np.linalg.norm(mesh.vertices, axis=1))).max()
    assert highest == pytest.approx(90 - 180 * 20.5 / HEIGHT, abs=0.1)


def test_of_what_is_not_wanted_only_the_border_is_there() -> None:
    panorama, depth = room()
    wanted = np.zeros(depth.sky.shape, bool)
    wanted[:, :64] = True  # a quarter of a turn, behind and to the left
    mesh = mesh_of(panorama, depth, wanted=wanted)
    azimuth = np.degrees(np.arctan2(mesh.vertices[:, 0], mesh.vertices[:, 2]))
    outside = (azimuth > -90) & (np.abs(mesh.vertices[:, 1]) < 0.9 * np.linalg.norm(mesh.vertices, axis=1))
    assert 0.2 < len(mesh.triangles) / len(mesh_of(panorama, depth).triangles) < 0.35
    assert outside.mean() < 0.1


def test_a_panorama_s_mesh_is_placed_and_joined() -> None:
    mesh = mesh_of(*room(32))
    turn = np.array([[0.0, 0, 1], [0, 1, 0], [-1, 0, 0]])
    two = Mesh.joined([mesh, mesh.placed(Pose(turn, np.array([1.0, 2, 3])))])
    assert len(two.vertices) == 2 * len(mesh.vertices) and two.triangles.max() == len(two.vertices) - 1
    np.testing.assert_allclose(two.vertices[len(mesh.vertices)], turn @ mesh.vertices[0] + (1, 2, 3), rtol=1e-5)


def test_rows_are_a_power_of_two_and_not_too_many() -> None:
    assert [rows_for(height) for height in (64, 100, 546, 1024, 4096)] == [64, 64, 512, 1024, 1024]
    assert [rows_for(4096, most) for most in (500_000, 300_000, 100_000)] == [1024, 512, 256]
