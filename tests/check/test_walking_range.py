"""The range as a line of text, and in any direction."""

import numpy as np
import pytest

from spag4d.check.walking_range import DIRECTIONS, NAMES, WalkingRange, is_walking_range

RANGE = WalkingRange(np.round(np.linspace(0.1, 2.0, 14), 2), 0.005, 0.02, 0.15)


def test_the_directions_are_six_axes_and_eight_diagonals() -> None:
    assert len(set(NAMES)) == 14 and NAMES[:2] == ("+x", "-x")
    np.testing.assert_allclose(np.linalg.norm(DIRECTIONS, axis=1), 1)
    np.testing.assert_allclose(DIRECTIONS.sum(0), 0, atol=1e-12)
    assert DIRECTIONS[NAMES.index("+x-y+z")] == pytest.approx(np.array([1, -1, 1]) / np.sqrt(3))


def test_a_comment_is_read_back() -> None:
    line = RANGE.to_comment()
    assert len(line) < 1000 and line.isascii() and "\n" not in line and is_walking_range(line)
    for text in (line, f"comment {line}"):
        back = WalkingRange.from_comment(text)
        assert back is not None
        np.testing.assert_array_equal(back.range_m, RANGE.range_m)
        assert (back.see_through, back.stretch, back.clearance_m) == (0.005, 0.02, 0.15)
    again = WalkingRange.of(RANGE.by_name, 0.005, 0.02, 0.15)
    assert again.to_comment() == line


@pytest.mark.parametrize("line", ["depth builtin", "walking range m +x", "walking range m +x a", "walking range m", ""])
def test_other_comments_are_none(line: str) -> None:
    assert WalkingRange.from_comment(line) is None


def test_between_the_directions_the_range_is_between_theirs() -> None:
    for direction, metres in zip(DIRECTIONS, RANGE.range_m, strict=True):
        assert RANGE.towards(3 * direction) == pytest.approx(metres)
    rng = np.random.default_rng(0)
    for vector in rng.normal(size=(200, 3)):
        assert RANGE.towards(vector) == pytest.approx(RANGE.towards(vector * (1 + 1e-9) + 1e-9), abs=1e-6)
        axis = np.abs(vector).argmax()
        near = RANGE.range_m[DIRECTIONS[:, axis] * np.sign(vector[axis]) > 0.1]  # the face of the cube: its middle and corners
        assert near.min() - 1e-9 <= RANGE.towards(vector) <= near.max() + 1e-9
    same = WalkingRange(np.full(14, 0.7), 0.005, 0.02, 0.15)
    assert same.towards(np.array([0.3, -0.2, 0.9])) == pytest.approx(0.7)
    with pytest.raises(ValueError, match="no direction"):
        RANGE.towards(np.zeros(3))
