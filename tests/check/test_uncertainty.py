"""Whose depth is wrong by how much."""

import numpy as np

from spag4d.check.uncertainty import FARTHER_THAN_M, UNCERTAINTIES, UNMEASURED, Uncertainty, uncertainty_in, uncertainty_of


def test_estimates_are_uncertain_and_measurements_are_not() -> None:
    assert uncertainty_of("builtin") is UNCERTAINTIES["builtin"]
    assert uncertainty_of("panda") is UNMEASURED, "a model of which nobody has measured it"
    assert uncertainty_of("unknown") is None, "what --depth-map brings"


def test_a_file_says_who_estimated_its_depth() -> None:
    assert uncertainty_in(["SPAG-4D 1", "depth builtin, metres from camera height"]) is UNCERTAINTIES["builtin"]
    assert uncertainty_in(["depth unknown"]) is None
    assert uncertainty_in(["made by something else"]) is None


def test_errors_are_those_of_the_bin() -> None:
    bins = range(len(FARTHER_THAN_M))
    found = Uncertainty(tuple(0.1 * k for k in bins), tuple(0.1 * k + 1 for k in bins))
    distance = np.array([1.0, 1.5, 2.0, 100.0, 100.0], np.float32)
    edge = np.array([False, False, True, False, True])
    np.testing.assert_allclose(found.errors(distance, edge), [0, 0.1, 1.1, 0.5, 1.5], rtol=1e-6)


def test_edges_are_worse_than_surfaces() -> None:
    for one in UNCERTAINTIES.values():
        assert len(one.surface) == len(one.edge) == len(FARTHER_THAN_M)
        assert all(edge > surface > 0 for surface, edge in zip(one.surface, one.edge, strict=True))
