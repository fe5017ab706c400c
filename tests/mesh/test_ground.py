import numpy as np

from spag4d.mesh.ground import ground_mesh

FLOOR = 1.5


def floor_points(without: tuple[float, float], half: float = 4.0) -> np.ndarray:
    """A floor whose middle, a square around (2, 2), was not seen."""
    x, z = np.meshgrid(np.arange(-half, half, 0.1), np.arange(-half, half, 0.1))
    points = np.stack([x, np.full_like(x, FLOOR), z], -1).reshape(-1, 3).astype(np.float32)
    low, high = without
    return points[~((points[:, [0, 2]] > low) & (points[:, [0, 2]] < high)).all(1)]


def test_a_hole_in_the_floor_is_closed_and_the_rest_is_left_alone() -> None:
    mesh = ground_mesh(floor_points((1.0, 3.0)))
    np.testing.assert_allclose(mesh.vertices[:, 1], FLOOR, atol=1e-5)
    covered = mesh.vertices[:, [0, 2]]
    assert (covered.min(0) <= 1.0).all() and (covered.max(0) >= 3.0).all()
    assert covered.min() >= 0.0 and covered.max() <= 4.0
    a, b, c = (mesh.vertices[mesh.triangles[:, k]] for k in range(3))
    normals = np.cross(b - a, c - a)
    assert (normals[:, 1] < 0).all(), "seen from above, triangles go round against the clock"
    assert abs(normals[:, 1]).sum() / 2 >= 4.0


def test_a_floor_without_holes_and_no_points_at_all_need_none() -> None:
    assert len(ground_mesh(floor_points((0.0, 0.0))).triangles) == 0
    assert len(ground_mesh(np.empty((0, 3), np.float32)).triangles) == 0


def test_a_hole_wider_than_all_things_has_the_level_of_the_rest() -> None:
    mesh = ground_mesh(floor_points((-3.9, 3.9), half=6.0))
    np.testing.assert_allclose(mesh.vertices[:, 1], FLOOR, atol=1e-5)
    assert len(mesh.triangles) > 400


def test_it_lies_around_all_places_from_which_was_seen() -> None:
    points = floor_points((1.0, 3.0)) + np.array([20, 0, 0], np.float32)
    assert len(ground_mesh(points).triangles) == 0
    assert len(ground_mesh(points, np.array([[0, 0, 0], [20, 0, 0]], np.float32)).triangles) > 20
