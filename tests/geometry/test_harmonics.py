"""View-dependent colours turn with the scene."""

import numpy as np
import pytest

from spag4d.data import SH_COUNTS
from spag4d.geometry.harmonics import harmonics, turned_sh
from spag4d.geometry.rotation import rotation_from_yaw_pitch_roll

TURN = rotation_from_yaw_pitch_roll(0.7, -1.1, 2.3)
MIRROR = np.diag([1.0, -1.0, 1.0])


def directions(count: int, seed: int = 0) -> np.ndarray:
    found = np.random.default_rng(seed).standard_normal((count, 3))
    return found / np.linalg.norm(found, axis=1, keepdims=True)


@pytest.mark.parametrize("count", SH_COUNTS[1:])
@pytest.mark.parametrize("turn", [TURN, np.diag([1.0, -1, -1]), MIRROR, TURN @ MIRROR], ids=["turn", "half", "mirror", "both"])
def test_what_is_turned_looks_from_a_turned_direction_as_it_did(count: int, turn: np.ndarray) -> None:
    sh = np.random.default_rng(1).standard_normal((40, count, 3)).astype(np.float32)
    ahead = directions(40)
    before = np.einsum("nk,nkc->nc", harmonics(ahead, count), sh)
    after = np.einsum("nk,nkc->nc", harmonics(ahead @ turn.T, count), turned_sh(turn, sh))
    np.testing.assert_allclose(after, before, atol=1e-5)


def test_the_harmonics_are_orthonormal() -> None:
    """On a product of Gauss-Legendre heights and even azimuths, which integrates polynomials of degree 6 exactly."""
    heights, weights = np.polynomial.legendre.leggauss(8)
    azimuths = np.arange(16) / 16 * 2 * np.pi
    ring = np.sqrt(1 - heights ** 2)
    places = np.stack([np.outer(ring, np.cos(azimuths)), np.outer(ring, np.sin(azimuths)), np.outer(heights, np.ones(16))], -1)
    values = harmonics(places.reshape(-1, 3), 15)
    products = np.einsum("n,nj,nk->jk", np.repeat(weights, 16) * 2 * np.pi / 16, values, values)
    np.testing.assert_allclose(products, np.eye(15), atol=1e-12)


def test_signs_and_order_are_those_of_3dgs() -> None:
    """The constants of its reference implementation (Kerbl et al. 2023), along one axis and one diagonal."""
    c1, c20, c22 = 0.4886025119029199, 0.31539156525252005, 0.5462742152960396
    np.testing.assert_allclose(harmonics(np.array([[0.0, 1, 0]]), 8), [[-c1, 0, 0, 0, 0, -c20, 0, -c22]], atol=1e-12)
    np.testing.assert_allclose(harmonics(np.array([[1.0, 0, 0]]), 8), [[0, 0, -c1, 0, 0, -c20, 0, c22]], atol=1e-12)
    np.testing.assert_allclose(harmonics(np.array([[0, 0, 1.0]]), 15)[0, [1, 5, 11]], [c1, 2 * c20, 2 * 0.3731763325901154])
    x, y, z = directions(1)[0]
    third = harmonics(np.array([[x, y, z]]), 15)[0, 8:]
    c3 = (-0.5900435899266435, 2.890611442640554, -0.4570457994644658, 0.3731763325901154, -0.4570457994644658,
          1.445305721320277, -0.5900435899266435)
    expected = (y * (3 * x * x - y * y), x * y * z, y * (4 * z * z - x * x - y * y), z * (2 * z * z - 3 * x * x - 3 * y * y),
                x * (4 * z * z - x * x - y * y), z * (x * x - y * y), x * (x * x - 3 * y * y))
    np.testing.assert_allclose(third, np.multiply(c3, expected), atol=1e-12)
