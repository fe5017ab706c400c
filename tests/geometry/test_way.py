"""Between two places of a camera its way is straight, and it turns evenly."""

import numpy as np

from spag4d.data import Pose
from spag4d.geometry.rotation import rotation_from_yaw_pitch_roll
from spag4d.geometry.way import Way

WAY = Way(np.array([1.0, 2.0, 4.0]), [Pose(rotation_from_yaw_pitch_roll(yaw, 0.0, 0.0), np.array([yaw, 0.0, 1.0]))
                                      for yaw in (0.0, 0.5, -0.5)])


def test_a_way_goes_through_its_places_straight_and_turns_evenly() -> None:
    for time_s, yaw in ((1.0, 0.0), (1.5, 0.25), (2.0, 0.5), (2.5, 0.25), (4.0, -0.5)):
        found = WAY.at(time_s)
        np.testing.assert_allclose(found.translation, [yaw, 0, 1], atol=1e-12)
        np.testing.assert_allclose(found.rotation, rotation_from_yaw_pitch_roll(yaw, 0.0, 0.0), atol=1e-12)


def test_before_and_after_the_camera_rests() -> None:
    assert WAY.at(0.0) is WAY.poses[0] and WAY.at(9.0) is WAY.poses[-1]
    assert Way(WAY.times_s[:1], WAY.poses[:1]).at(3.0) is WAY.poses[0]
