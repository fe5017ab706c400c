import numpy as np
import pytest

from spag4d.formats.smallest_three import from_unsigned, quats_from_smallest_three, smallest_three


def some(count: int) -> np.ndarray:
    quats = np.random.default_rng(5).standard_normal((count, 4)).astype(np.float32)
    return quats / np.linalg.norm(quats, axis=1, keepdims=True)


def test_the_three_give_the_rotation_back() -> None:
    axes = np.eye(4, dtype=np.float32)
    quats = np.concatenate([some(1000), axes, -axes, np.full((1, 4), -0.5, np.float32)])
    largest, others = smallest_three(quats)
    assert np.abs(others).max() <= 1.00001
    named = np.take_along_axis(np.abs(quats), largest[:, None].astype(int), 1)[:, 0]
    np.testing.assert_array_equal(named, np.abs(quats).max(1))
    cosines = np.abs((quats_from_smallest_three(largest, others) * quats).sum(1))
    np.testing.assert_allclose(cosines, 1, atol=1e-6)


def test_length_does_not_matter_and_none_is_the_identity() -> None:
    np.testing.assert_allclose(smallest_three(some(9) * np.float32(7))[1], smallest_three(some(9))[1], atol=1e-6)
    largest, others = smallest_three(np.zeros((1, 4), np.float32))
    assert quats_from_smallest_three(largest, others).tolist() == [[1, 0, 0, 0]]


@pytest.mark.parametrize("bits", [8, 10])
def test_words_are_split_from_the_highest_bits(bits: int) -> None:
    word = ((2 << bits | 1) << bits | 5) << bits | 7
    largest, fields = from_unsigned(np.array([word], np.uint32), bits)
    assert (largest.tolist(), fields.tolist()) == ([2], [[1, 5, 7]])
