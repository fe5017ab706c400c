import math
import struct
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from spag4d.data import Gaussians
from spag4d.errors import InputError
from spag4d.formats.splat import read_splat, write_splat
from tests.formats.gaussian_scenes import facing_discs, scene

MANY = 40_000  # more than two chunks


def weights(gaussians: Gaussians) -> np.ndarray:
    return gaussians.scales.astype(float).prod(1) * gaussians.opacities


def ordered(gaussians: Gaussians) -> Gaussians:
    return gaussians.select(np.argsort(-weights(gaussians), kind="stable"))


def by_place(gaussians: Gaussians) -> Gaussians:
    """In an order that does not depend on how nearly equal weights round."""
    return gaussians.select(np.lexsort(gaussians.means.T))


def angles_deg(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """By how much rotations differ; q and -q are the same one. Through the sine, which is exact for small angles."""
    a, b = a.astype(float), b.astype(float)
    difference = np.minimum(np.linalg.norm(a - b, axis=1), np.linalg.norm(a + b, axis=1))
    return np.degrees(4 * np.arcsin(difference / 2))


def slow_bytes(gaussians: Gaussians) -> bytes:
    """The file, one Gaussian after the other."""
    content = b""
    for mean, scale, quat, alpha, color in zip(gaussians.means, gaussians.scales, gaussians.quats_wxyz, gaussians.opacities,
                                               gaussians.colors, strict=True):
        sign = -1 if max((float(q) for q in quat), key=abs) > 0 else 1
        rotation = [min(255, round(sign * float(q) * 128 + 128)) for q in quat]
        rgba = [round(255 * float(v)) for v in (*color, alpha)]
        content += struct.pack("<6f8B", *mean, *scale, *rgba, *rotation)
    return content


def test_agrees_with_the_slow_twin(tmp_path: Path):
    gaussians = ordered(scene(300))
    write_splat(tmp_path / "a.splat", gaussians)
    fast = np.frombuffer((tmp_path / "a.splat").read_bytes(), np.uint8).reshape(-1, 32)
    slow = np.frombuffer(slow_bytes(gaussians), np.uint8).reshape(-1, 32)
    assert fast.shape == slow.shape == (300, 32)
    np.testing.assert_array_equal(fast[:, :24], slow[:, :24])
    differences = np.abs(fast[:, 24:].astype(int) - slow[:, 24:].astype(int))  # a float32 half may round the other way
    assert differences.max() <= 1
    assert (differences > 0).mean() < 0.005


def test_round_trip_over_several_chunks_within_a_quantum(tmp_path: Path):
    gaussians = scene(MANY)
    write_splat(tmp_path / "a.splat", gaussians, comments=["dropped"])
    assert (tmp_path / "a.splat").stat().st_size == 32 * MANY
    back, expected = by_place(read_splat(tmp_path / "a.splat")), by_place(gaussians)
    np.testing.assert_array_equal(back.means, expected.means)
    np.testing.assert_array_equal(back.scales, expected.scales)
    assert np.abs(back.colors - expected.colors).max() <= 0.5001 / 255
    assert np.abs(back.opacities - expected.opacities).max() <= 0.5001 / 255
    np.testing.assert_allclose(np.linalg.norm(back.quats_wxyz, axis=1), 1, atol=1e-6)


def test_a_second_round_trip_changes_no_more_than_a_rotation_by_a_quantum(tmp_path: Path):
    write_splat(tmp_path / "a.splat", scene(3000))
    write_splat(tmp_path / "b.splat", read_splat(tmp_path / "a.splat"))
    a, b = (by_place(read_splat(tmp_path / name)) for name in ("a.splat", "b.splat"))
    for field in ("means", "scales", "opacities", "colors"):
        np.testing.assert_array_equal(getattr(a, field), getattr(b, field))
    assert angles_deg(a.quats_wxyz, b.quats_wxyz).max() < 0.9


def test_rotations_turn_by_less_than_the_quantum_allows(tmp_path: Path):
    """Four components are off by at most 1/256 each, so the angle by at most 2 √4 / 256 = 0.9°."""
    gaussians = scene(MANY)
    write_splat(tmp_path / "a.splat", gaussians)
    errors = angles_deg(by_place(read_splat(tmp_path / "a.splat")).quats_wxyz, by_place(gaussians).quats_wxyz)
    assert errors.mean() < 0.45
    assert np.percentile(errors, 95) < 0.65
    assert errors.max() < math.degrees(4 / 256)


def test_special_rotations(tmp_path: Path):
    half = math.sqrt(0.5)
    rotations = [(1, 0, 0, 0), (-1, 0, 0, 0), (0, 0, 1, 0), (half, 0, half, 0), (half, 0, -half, 0), (0.5, 0.5, 0.5, 0.5),
                 (0.5, -0.5, 0.5, -0.5)]
    quats = np.array(rotations, np.float32)
    count = len(quats)
    gaussians = Gaussians(np.zeros((count, 3), np.float32), np.full((count, 3), 0.1, np.float32), quats,
                          np.ones(count, np.float32), np.ones((count, 3), np.float32))
    write_splat(tmp_path / "a.splat", gaussians)
    raw = np.frombuffer((tmp_path / "a.splat").read_bytes(), np.uint8).reshape(-1, 32)[:, 28:]
    np.testing.assert_allclose(np.linalg.norm(raw / 128 - 1, axis=1), 1, atol=0.01, err_msg="not every viewer normalises")
    assert angles_deg(read_splat(tmp_path / "a.splat").quats_wxyz, quats).max() < 0.5


def test_sorted_by_volume_times_opacity_and_stable(tmp_path: Path):
    gaussians = scene(5000)
    write_splat(tmp_path / "a.splat", gaussians)
    first = read_splat(tmp_path / "a.splat")
    rank = {tuple(mean): weight for mean, weight in zip(gaussians.means, weights(gaussians), strict=True)}
    exact = np.array([rank[tuple(mean)] for mean in first.means])
    assert (np.diff(exact) <= 1e-6 * exact[:-1]).all()
    same = Gaussians(gaussians.means, np.full_like(gaussians.scales, 0.1), gaussians.quats_wxyz,
                     np.full_like(gaussians.opacities, 0.5), gaussians.colors)
    write_splat(tmp_path / "b.splat", same)
    np.testing.assert_array_equal(read_splat(tmp_path / "b.splat").means, same.means)


def test_colours_out_of_range_are_clipped(tmp_path: Path):
    one = scene(2)
    bright = Gaussians(one.means, one.scales, one.quats_wxyz, one.opacities, np.array([[-1, 0.5, 2]] * 2, np.float32))
    write_splat(tmp_path / "a.splat", bright)
    np.testing.assert_allclose(read_splat(tmp_path / "a.splat").colors[0], [0, 128 / 255, 1])


def test_a_zero_quaternion_of_another_tool_reads_as_the_identity(tmp_path: Path):
    (tmp_path / "a.splat").write_bytes(struct.pack("<6f8B", 1, 2, 3, 1, 1, 1, 9, 9, 9, 9, 128, 128, 128, 128))
    np.testing.assert_array_equal(read_splat(tmp_path / "a.splat").quats_wxyz, [[1, 0, 0, 0]])


def test_refuses_a_size_that_is_no_multiple_of_32(tmp_path: Path):
    write_splat(tmp_path / "a.splat", scene(10))
    (tmp_path / "a.splat").write_bytes((tmp_path / "a.splat").read_bytes()[:-1])
    with pytest.raises(InputError, match="319 bytes"):
        read_splat(tmp_path / "a.splat")


def test_the_strict_inspector_finds_nothing(tmp_path: Path, shared_folder: Path):
    write_splat(tmp_path / "a.splat", facing_discs(3000))
    command = [sys.executable, str(shared_folder / "tools" / "splat_inspect.py"), "--strict", "--expect-count", "3000"]
    result = subprocess.run([*command, str(tmp_path / "a.splat")], capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout + result.stderr
