"""The way of a camera: where it was at some times, and where in between."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64

from spag4d.data import Pose


@dataclass(frozen=True)
class Way:
    """Poses (world from camera) at one time or more that increase."""

    times_s: Float64[np.ndarray, " n"]
    poses: Sequence[Pose]

    def at(self, time_s: float) -> Pose:
        """Return the pose at a time: straight between two, turning evenly, and at rest before the first and after the last."""
        from scipy.spatial.transform import Rotation

        time_s = float(np.clip(time_s, self.times_s[0], self.times_s[-1]))
        after = min(int(np.searchsorted(self.times_s, time_s)), len(self.poses) - 1)
        before = max(after - 1, 0)
        if self.times_s[after] <= time_s:
            return self.poses[after]
        share = (time_s - self.times_s[before]) / (self.times_s[after] - self.times_s[before])
        first, last = self.poses[before], self.poses[after]
        turn = Rotation.from_matrix(first.rotation.T @ last.rotation).as_rotvec()
        rotation = first.rotation @ Rotation.from_rotvec(share * turn).as_matrix()
        return Pose(rotation, first.translation + share * (last.translation - first.translation))
