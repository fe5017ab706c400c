import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spag4d.geometry import rotation

angles = st.floats(-np.pi, np.pi)


def random_quats(count: int, seed: int = 0) -> np.ndarray:
    quats = np.random.default_rng(seed).normal(size=(count, 4))
    return quats / np.linalg.norm(quats, axis=1, keepdims=True)


def slow_rotation(quat: np.ndarray) -> np.ndarray:
    """Rodrigues: turn each basis vector about the axis by the angle."""
    w, axis = quat[0], quat[1:]
    length = np.linalg.norm(axis)
    angle = 2 * np.arctan2(length, w)
    axis = axis / length if length else np.array([0.0, 0.0, 1.0])
    cos, sin = np.cos(angle), np.sin(angle)
    return np.stack([v * cos + np.cross(axis, v) * sin + axis * (axis @ v) * (1 - cos) for v in np.eye(3)], 1)


def half_turns() -> np.ndarray:
    """Quaternions at and around 180°, about the axes, diagonals and anything else."""
    rng = np.random.default_rng(1)
    diagonals = [[1, 1, 0], [1, 0, -1], [0, 1, 1], [1, 1, 1], [-1, 1, 1]]
    axes = np.concatenate([np.eye(3), -np.eye(3), diagonals, rng.normal(size=(500, 3))])
    quats = np.concatenate([np.zeros((len(axes), 1)), axes / np.linalg.norm(axes, axis=1, keepdims=True)], 1)
    near = [quats + [w, 0, 0, 0] for w in (0.0, 1e-12, -1e-9, 1e-7, -1e-5, 1e-4, 1e-2)]
    return np.concatenate([*near, np.eye(4)])


def test_yaw_turns_right_pitch_looks_up_roll_tilts_right() -> None:
    turn = rotation.rotation_from_yaw_pitch_roll
    x, y, z = np.eye(3)
    np.testing.assert_allclose(turn(np.pi / 2, 0.0, 0.0) @ z, x, atol=1e-15)
    np.testing.assert_allclose(turn(0.0, np.pi / 2, 0.0) @ z, -y, atol=1e-15)
    np.testing.assert_allclose(turn(0.0, 0.0, np.pi / 2) @ x, y, atol=1e-15)


@given(angles, st.floats(-np.pi / 2, np.pi / 2), angles)
def test_yaw_and_pitch_are_azimuth_and_elevation(yaw: float, pitch: float, roll: float) -> None:
    matrix = rotation.rotation_from_yaw_pitch_roll(yaw, pitch, roll)
    np.testing.assert_allclose(matrix @ matrix.T, np.eye(3), atol=1e-12)
    assert np.linalg.det(matrix) == pytest.approx(1)
    looks_at = [np.cos(pitch) * np.sin(yaw), -np.sin(pitch), np.cos(pitch) * np.cos(yaw)]
    np.testing.assert_allclose(matrix[:, 2], looks_at, atol=1e-12)


@pytest.mark.parametrize("quats", [random_quats(500), half_turns()], ids=["random", "half turns"])
def test_matrices_equal_the_slow_twin(quats: np.ndarray) -> None:
    expected = np.stack([slow_rotation(quat) for quat in quats])
    np.testing.assert_allclose(rotation.rotations_from_quats(quats), expected, atol=1e-12)
    np.testing.assert_allclose(rotation.rotations_from_quats(quats * 3.7), expected, atol=1e-12)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("quats", [random_quats(50_000), half_turns()], ids=["random", "half turns"])
def test_quats_survive_the_way_over_matrices(quats: np.ndarray, dtype: type) -> None:
    quats = quats / np.linalg.norm(quats, axis=1, keepdims=True)
    back = rotation.quats_from_rotations(rotation.rotations_from_quats(quats.astype(dtype)))
    assert back.dtype == dtype
    error = np.minimum(np.abs(back - quats).max(1), np.abs(back + quats).max(1))
    assert error.max() < 8 * np.finfo(dtype).eps
    np.testing.assert_allclose(np.linalg.norm(back, axis=1), 1, atol=4 * np.finfo(dtype).eps)


def test_frames_are_the_columns() -> None:
    quats = random_quats(20_000, seed=2)
    matrices = rotation.rotations_from_quats(quats)
    from_axes = rotation.quats_from_frames(matrices[:, :, 0], matrices[:, :, 1], matrices[:, :, 2])
    np.testing.assert_array_equal(from_axes, rotation.quats_from_rotations(matrices))


def test_a_slightly_skewed_frame_still_gives_a_unit_quaternion() -> None:
    matrices = rotation.rotations_from_quats(random_quats(1000)) + np.random.default_rng(3).normal(0, 1e-3, (1000, 3, 3))
    quats = rotation.quats_from_rotations(matrices)
    np.testing.assert_allclose(np.linalg.norm(quats, axis=1), 1, atol=1e-12)
    np.testing.assert_allclose(rotation.rotations_from_quats(quats), matrices, atol=1e-2)


def test_none_of_them_is_no_problem() -> None:
    assert rotation.rotations_from_quats(np.zeros((0, 4), np.float32)).shape == (0, 3, 3)
    assert rotation.quats_from_rotations(np.zeros((0, 3, 3), np.float32)).shape == (0, 4)


def test_turning_quaternions_is_turning_what_they_turn() -> None:
    quats, turn = random_quats(30), rotation.rotation_from_yaw_pitch_roll(0.5, -0.3, 2.0)
    turned = rotation.turned_quats(turn, quats)
    np.testing.assert_allclose(rotation.rotations_from_quats(turned), turn @ rotation.rotations_from_quats(quats), atol=1e-12)
