"""The range as a line of text, and in any direction."""

import numpy as np
import pytest

from spag4d.check.walking_range import DIRECTIONS, NAMES, Limits, WalkingRange, is_walking_range

LIMITS = Limits(0.0625, 0.8, 0.5, 0.02, 0.15)
RANGE = WalkingRange(np.round(np.linspace(0.1, 2.0, 14), 2), LIMITS, True)


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
        assert back.limits == LIMITS and back.estimated and back.to_comment() == line


def test_a_comment_of_an_older_version_is_read() -> None:
    ranges = " ".join(f"{name} 0.50" for name in NAMES)
    found = WalkingRange.from_comment(f"walking range m {ranges} see-through 0.005 stretch 0.02 clearance 0.15")
    assert found is not None and not found.estimated and set(found.by_name.values()) == {0.5}
    assert (found.limits.see_through, found.limits.torn) == (0.005, np.inf)


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
    same = WalkingRange(np.full(14, 0.7), LIMITS, False)
    assert same.towards(np.array([0.3, -0.2, 0.9])) == pytest.approx(0.7)
    with pytest.raises(ValueError, match="no direction"):
        RANGE.towards(np.zeros(3))
