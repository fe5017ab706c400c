"""What stands around a camera that travels is what most sightings of it show, moved to where it is."""

import numpy as np

from spag4d.data import Pose
from spag4d.motion.seen_again import Sighting, ground_from
from tests.world.rooms import distance_from, panorama_from

ROWS = 64
HERE = Pose(np.eye(3), np.array([0.1, 0.0, 0.05]))


def sightings() -> list[Sighting]:
    """A room from four places; from each a block stands elsewhere, of which the last two sightings know that it moves."""
    made = []
    for number in range(4):
        pose = Pose(np.eye(3), np.array([0.08 * number, 0.0, 0.0]))
        rgb = (panorama_from(pose, ROWS, coarse=3).rgb * 255).astype(np.uint8)
        distance = distance_from(pose, ROWS)
        block = np.s_[26:38, 10 + 20 * number:18 + 20 * number]
        rgb[block], distance[block] = (230, 30, 30), np.inf if number > 1 else 1.0
        made.append(Sighting(rgb, distance, pose))
    return made


def test_what_lasts_is_the_room_as_seen_from_there() -> None:
    ground = ground_from(HERE, sightings())
    assert ground.known.mean() > 0.99
    off = np.abs(ground.lasting.rgb - panorama_from(HERE, ROWS, coarse=3).rgb * 255)
    assert np.median(off) < 6
    redness = ground.lasting.rgb[..., 0].astype(int) - ground.lasting.rgb[..., 2]
    assert np.abs(redness)[ground.known].max() < 20
    assert np.median(np.abs(np.log(ground.distance / distance_from(HERE, ROWS)))[ground.known]) < 0.02


def test_where_nobody_looked_nothing_is_known() -> None:
    blind = [Sighting(one.rgb, np.where(np.arange(2 * ROWS) < 64, one.distance, np.inf).astype(np.float32), one.pose)
             for one in sightings()]
    known = ground_from(HERE, blind).known
    level = known[16:48]  # near the poles columns are no directions
    assert level[:, 4:60].mean() > 0.9 and not level[:, 70:122].any()
