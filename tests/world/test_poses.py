from contextlib import closing
from importlib.util import find_spec

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from spag4d.data import Panorama
from spag4d.errors import Cancelled, InputError
from spag4d.progress import SILENT, Progress
from spag4d.world import own_places, poses
from spag4d.world.colmap_model import Points
from spag4d.world.own_places import OwnFinder, place_finder
from spag4d.world.poses import ColmapFinder, Places
from spag4d.world.settle import metres_per_unit, settled
from tests.world.rooms import PLACES, distance_from, panorama_from

HEIGHT = 512


FINDERS = [OwnFinder, pytest.param(ColmapFinder, marks=pytest.mark.skipif(
    find_spec("pycolmap") is None, reason="pycolmap is not installed: it has no build for some systems"))]
"""pycolmap is never imported here: that would bring its libraries beside OpenCV's."""


def find_places(
    panoramas: list[Panorama], progress: Progress = SILENT, finder_of: type[OwnFinder] | type[ColmapFinder] = ColmapFinder
) -> Places:
    with closing(finder_of()) as finder:
        for panorama in panoramas:
            finder.add(panorama)
        return finder.find(in_order=False, progress=progress)


def test_without_pycolmap_places_are_found_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(own_places, "find_spec", lambda name: None)
    assert isinstance(place_finder(), OwnFinder)


def test_pairs_of_a_long_walk_are_neighbours_and_every_tenth() -> None:
    assert len(poses.pairs_to_compare(20, True)) == len(poses.pairs_to_compare(20, False)) == 190
    pairs = set(poses.pairs_to_compare(100, True))
    assert len(pairs) < 1000 and (0, 90) in pairs and (50, 58) in pairs and (1, 91) not in pairs


@pytest.fixture(scope="module")
def _pycolmap() -> None:
    if find_spec("pycolmap") is None:  # importing it here would bring its libraries beside OpenCV's
        pytest.skip("pycolmap is not installed: it has no build for some systems")


@pytest.mark.parametrize("finder_of", FINDERS)
def test_places_of_a_room_are_found(finder_of: type[OwnFinder] | type[ColmapFinder]) -> None:
    """Three places 0.4 and 0.5 m apart; a fourth panorama, of nothing, is left out."""
    views = [panorama_from(pose, HEIGHT) for pose in PLACES]
    grey = views[0].rgb * 0 + 0.5
    places = find_places([*views, Panorama(grey)], finder_of=finder_of)
    assert places.found == (0, 1, 2)
    found_scale = metres_per_unit(places, [distance_from(pose, HEIGHT) for pose in PLACES] + [grey[..., 0]])
    assert found_scale is not None
    places = settled(places, found_scale[0])
    for found, true in zip(places.world_from_camera, PLACES, strict=False):
        assert found is not None
        assert np.linalg.norm(found.translation - true.translation) < 0.02
        assert np.degrees(Rotation.from_matrix(found.rotation.T @ true.rotation).magnitude()) < 1.0


@pytest.mark.usefixtures("_pycolmap")
def test_a_request_to_stop_is_heard_while_colmap_works() -> None:
    views = [panorama_from(pose, 128) for pose in PLACES[:2]]
    heard: list[str] = []

    def stop() -> bool:
        return len(heard) > 1

    with pytest.raises(Cancelled):
        find_places(views, Progress(lambda event: heard.append(str(event)), stop))


@pytest.mark.parametrize("finder_of", FINDERS)
def test_pictures_that_share_nothing_are_said_so(finder_of: type[OwnFinder] | type[ColmapFinder]) -> None:
    empty = [Panorama(np.full((64, 128, 3), value, np.float32)) for value in (0.2, 0.7)]
    with pytest.raises(InputError, match="overlap"):
        find_places(empty, finder_of=finder_of)


def test_places_come_back_from_their_arrays() -> None:
    points = Points(np.ones((2, 3)), np.ones(2), np.array([0, 2]), np.array([0, 1]))
    places = Places((PLACES[0], None, PLACES[1], None, None), points, ((1, 4),))
    back = Places.from_arrays(places.to_arrays())
    assert back.found == (0, 2) and back.others == ((1, 4),) and back.world_from_camera[2] is not None
    np.testing.assert_array_equal(back.world_from_camera[2].rotation, PLACES[1].rotation)
    np.testing.assert_array_equal(back.points.seen_by, [0, 2])


@pytest.mark.parametrize("finder_of", FINDERS)
def test_what_is_hidden_has_no_features(finder_of: type[OwnFinder] | type[ColmapFinder]) -> None:
    with closing(finder_of()) as finder:
        for pose in PLACES[:2]:
            finder.add(panorama_from(pose, 128))
        finder.hide(np.ones((64, 128), bool))
        with pytest.raises(InputError, match="overlap"):
            finder.find(in_order=False)
