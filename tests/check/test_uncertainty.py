"""Whose depth is wrong by how much, and where."""

import numpy as np
import pytest

from spag4d.check.uncertainty import (
    BESIDE_EDGE,
    FARTHER_THAN_M,
    UNCERTAINTIES,
    UNMEASURED,
    Uncertainty,
    doubt_line,
    uncertainty_in,
    uncertainty_of,
)

DOUBT = np.random.default_rng(0).uniform(0.01, 1.5, (16, 32)).astype(np.float32)
EVERY = tuple(0.1 * k for k in range(len(FARTHER_THAN_M)))


def test_estimates_are_uncertain_and_measurements_are_not() -> None:
    assert uncertainty_of("builtin") == UNCERTAINTIES["builtin"]
    assert uncertainty_of("panda") == UNMEASURED, "a model of which nobody has measured it"
    assert uncertainty_of("unknown") is None, "what --depth-map brings"


def test_a_file_says_who_estimated_its_depth() -> None:
    assert uncertainty_in(["SPAG-4D 1", "depth builtin, metres from camera height"]) == UNCERTAINTIES["builtin"]
    assert uncertainty_in(["depth unknown"]) is None
    assert uncertainty_in(["made by something else"]) is None


def test_a_file_says_where_its_depth_is_doubtful() -> None:
    line = doubt_line(DOUBT)
    assert line.isascii() and line.isprintable() and len(line) < 900
    found = uncertainty_in(["depth builtin", line])
    assert found is not None and found.doubt is not None
    np.testing.assert_allclose(found.doubt, DOUBT, rtol=0.05)
    assert uncertainty_in(["depth unknown", line]) is None, "measured depth has no doubt"
    ends = uncertainty_of("builtin", doubt_line(np.array([[0, 100]], np.float32)))
    assert ends is not None and ends.doubt is not None
    np.testing.assert_allclose(ends.doubt, [[0.005, 2.03]], rtol=0.01)


@pytest.mark.parametrize("line", [
    "", "doubt about depth", "doubt about depth 16x32 AAA", "doubt about depth 2x2 AAAA", "doubt about depth 1x2 A!",
    "doubt about depth 0x0 A", f"doubt about depth 99x198 {'A' * 19602}"])
def test_a_damaged_doubt_leaves_the_constants(line: str) -> None:
    assert uncertainty_of("builtin", line) == UNCERTAINTIES["builtin"]


def test_errors_are_those_of_the_bin() -> None:
    found = Uncertainty(EVERY, tuple(error + 1 for error in EVERY))
    points = np.array([1.0, 1.5, 2.0, 100.0, 100.0], np.float32)[:, None] * np.array([0, 0, 1], np.float32)
    edge = np.array([False, False, True, False, True])
    np.testing.assert_allclose(found.errors(points, edge), [0, 0.1, 1.1, 0.5, 1.5], rtol=1e-6)


def test_a_doubt_counts_where_it_is_whatever_the_distance() -> None:
    doubt = np.full((16, 32), 0.02, np.float32)
    doubt[:, 24:] = 0.5
    found = Uncertainty(EVERY, EVERY, doubt)
    points = np.array([[-1, 0.1, 0.1], [1, 0.1, -0.1], [9, 0.1, -0.1], [1, 0.1, 0.1], [0, 1, 0], [0, -1, 0]], np.float32)
    expected = [0.02, 0.5, 0.5, 0.5, 0.02, 0.02]
    np.testing.assert_allclose(found.errors(points, np.zeros(6, bool))[:3], expected[:3], rtol=1e-6)
    np.testing.assert_allclose(found.errors(points, np.ones(6, bool))[:3], np.add(expected[:3], BESIDE_EDGE), rtol=1e-6)
    assert np.isin(found.errors(points, np.zeros(6, bool)), np.array([0.02, 0.5], np.float32)).all(), "poles have a value too"


def test_edges_are_worse_than_surfaces() -> None:
    for one in UNCERTAINTIES.values():
        assert len(one.surface) == len(one.edge) == len(FARTHER_THAN_M)
        assert all(edge > surface > 0 for surface, edge in zip(one.surface, one.edge, strict=True))
