"""What moves gives way in picture, depth and say."""

import numpy as np

from spag4d.data import Panorama
from spag4d.reconstruction.moving import left_to_others, with_gap_below, without, without_moving
from spag4d.world.agree import Whole
from spag4d.world.join import captured_world, shown_by
from spag4d.world.sweep import View
from tests.box_room import directions
from tests.motion.test_travelling import ROWS, WAY, Seen, seen_from, with_shirt


def whole_of(seen: Seen) -> Whole:
    everywhere = np.ones((ROWS, 2 * ROWS), bool)
    view = View(seen.rgb.mean(-1).astype(np.float32) / 255, seen.pose, seen.distance, everywhere)
    return Whole(view, seen.distance, everywhere, ~everywhere)


def test_someone_in_one_panorama_is_taken_from_the_others() -> None:
    """Nothing of the first panorama's visitor remains, nor does he say anything against the wall behind him."""
    there = slice(24, 38), slice(30, 40)
    seen = [seen_from(pose) for pose in WAY]
    seen[0] = with_shirt(seen[0], *there)
    seen[0].distance[there] *= 0.5
    pictures = {number: Panorama(one.rgb.astype(np.float32) / 255) for number, one in enumerate(seen)}
    found = without_moving({number: whole_of(one) for number, one in enumerate(seen)}, pictures)
    assert found[0].moving[there].mean() > 0.95 and not found[0].sure[there].any()
    np.testing.assert_allclose(found[0].distance[there], 2 * seen[0].distance[there], rtol=0.2)
    world, _ = captured_world(found, {number: picture.rgb for number, picture in pictures.items()})
    assert np.median(world[0].rank[there]) == -1
    ghost = seen[0].distance[there][..., None] * directions(ROWS)[there] @ WAY[0].rotation.T + WAY[0].translation
    assert shown_by(ghost.reshape(-1, 3).astype(np.float32), 0, world).mean() < 0.1


def test_the_floor_goes_on_below_and_elsewhere_others_fill_in() -> None:
    moving = np.zeros((ROWS, 2 * ROWS), bool)
    moving[40:], moving[20:30, 10:20] = np.arange(2 * ROWS) < 100, True
    picture = Panorama(np.full((2 * ROWS, 4 * ROWS, 3), 0.5, np.float32))
    gap, others = with_gap_below(picture, moving).valid, left_to_others(moving, picture.size_hw)
    assert gap is not None and gap[:84].all() and not gap[90:, :200].any()
    assert not gap[-1].any()  # most of what is straight below is hidden: all of it is filled, or it would be no cap
    assert others[40:60, 20:40].all() and others.sum() == 400 + others[80:].sum()
    assert without(picture, np.zeros((2 * ROWS, 4 * ROWS), bool)) is picture
