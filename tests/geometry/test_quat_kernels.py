import numpy as np

from spag4d.geometry.quat_kernels import axis
from spag4d.geometry.rotation import rotations_from_quats


def test_axes_are_the_columns_of_the_rotation() -> None:
    quats = np.random.default_rng(4).normal(size=(50, 4))
    found = [[axis(*quat, 2 / (quat @ quat), k) for k in range(3)] for quat in quats]
    np.testing.assert_allclose(np.swapaxes(found, 1, 2), rotations_from_quats(quats), atol=1e-6)
