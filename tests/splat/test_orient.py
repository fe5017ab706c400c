import numpy as np

from spag4d.data import Gaussians
from spag4d.geometry.rotation import rotations_from_quats
from spag4d.splat.orient import Patches, place
from spag4d.splat.sphere_grid import SphereGrid


def _placed(slopes: np.ndarray):
    grid = SphereGrid.of_rows(24, 1)
    cells = grid.cells(0, len(grid))
    rng = np.random.default_rng(3)
    right, down = (rng.choice(slopes, len(cells)).astype(np.float32) for _ in range(2))
    distance = rng.uniform(0.5, 20, len(cells)).astype(np.float32)
    out = Gaussians.unfilled(len(cells))
    place(out, grid, cells, Patches(distance, right, down), distance * np.float32(0.05), 0.1)
    azimuth, elevation = 2 * np.pi * cells.turn - np.pi, grid.elevations_rad[cells.ring]
    u = np.stack([np.cos(elevation) * np.sin(azimuth), -np.sin(elevation), np.cos(elevation) * np.cos(azimuth)], -1)
    x = np.stack([np.cos(azimuth), 0 * azimuth, -np.sin(azimuth)], -1)
    return out, distance, right, down, u, x, np.cross(u, x)


SLOPES = np.array([0, 0, -3, 0.2, 1, 8, -0.001])


def test_means_lie_at_their_distance_in_their_direction():
    out, distance, _, _, u, _, _ = _placed(SLOPES)
    np.testing.assert_allclose(out.means, u * distance[:, None], atol=2e-5)


def test_quaternions_are_unit_and_the_third_axis_is_the_normal_towards_the_origin():
    out, _, right, down, u, x, y = _placed(SLOPES)
    np.testing.assert_allclose(np.linalg.norm(out.quats_wxyz, axis=1), 1, atol=1e-6)
    normal = right[:, None] * x + down[:, None] * y - u
    normal /= np.linalg.norm(normal, axis=1, keepdims=True)
    np.testing.assert_allclose(rotations_from_quats(out.quats_wxyz)[..., 2], normal, atol=2e-3)
    assert (np.einsum("ni,ni->n", normal, out.means) < 0).all()


def test_seen_from_the_origin_every_gaussian_is_round():
    out, distance, *_, u, x, y = _placed(SLOPES)
    axes = rotations_from_quats(out.quats_wxyz)[:, :, :2] * out.scales[:, None, :2]
    flat = np.stack([np.einsum("ni,nik->nk", side, axes) for side in (x, y)], 1) / distance[:, None, None]
    covariance = flat @ flat.transpose(0, 2, 1)
    np.testing.assert_allclose(covariance, np.broadcast_to(0.05**2 * np.eye(2), covariance.shape), atol=1e-5)
