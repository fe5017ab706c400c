from dataclasses import replace

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from spag4d.video.odometry import Features
from spag4d.world.bundle import Bundle, adjusted
from spag4d.world.own_places import solved
from spag4d.world.two_views import paired

CAMERAS, POINTS = 5, 200


@pytest.fixture
def true() -> Bundle:
    """Five cameras within a metre, the first at the origin, the farthest 1 from it, that all see 200 points around them."""
    random = np.random.default_rng(1)
    places = random.normal(0, 0.4, (CAMERAS, 3))
    places -= places[0]
    places /= np.linalg.norm(places, axis=1).max()
    turns = random.normal(0, 0.3, (CAMERAS, 3))
    turns[0] = 0
    points = random.normal(size=(POINTS, 3))
    points *= random.uniform(1, 5, (POINTS, 1)) / np.linalg.norm(points, axis=1, keepdims=True)
    camera, point = (index.ravel() for index in np.indices((CAMERAS, POINTS)))
    bundle = Bundle(Rotation.from_rotvec(turns).as_matrix(), places, points, camera, point, np.zeros((len(camera), 3)))
    local = bundle.from_camera
    return replace(bundle, seen=local / np.linalg.norm(local, axis=1, keepdims=True))


def apart(found: Bundle, true: Bundle) -> tuple[float, float]:
    """The largest errors of places and, in degrees, rotations."""
    turn = Rotation.from_matrix(found.rotations @ true.rotations.transpose(0, 2, 1)).magnitude()
    return float(np.abs(found.places - true.places).max()), float(np.degrees(turn).max())


def test_what_was_disturbed_comes_back(true: Bundle) -> None:
    random = np.random.default_rng(2)
    turns = Rotation.from_rotvec(0.02 * random.normal(size=(CAMERAS, 3)) * (np.arange(CAMERAS) > 0)[:, None]).as_matrix()
    begun = replace(true, rotations=true.rotations @ turns, places=true.places + 0.03 * random.normal(size=true.places.shape),
                    points=true.points * random.uniform(0.9, 1.1, (POINTS, 1)))
    place, turn = apart(adjusted(begun, 60), true)
    assert place < 1e-3 and turn < 0.02


def test_wrong_observations_hardly_matter(true: Bundle) -> None:
    random = np.random.default_rng(3)
    seen = true.seen.copy()
    wrong = random.choice(len(seen), len(seen) // 20, replace=False)
    seen[wrong] = np.roll(seen[wrong], 1, axis=0)
    place, turn = apart(adjusted(replace(true, seen=seen), 40), true)
    assert place < 0.02 and turn < 0.3


def test_cameras_are_found_from_features_alone(true: Bundle) -> None:
    """Each point has a descriptor of its own; a fifth of those of one camera are exchanged."""
    random = np.random.default_rng(4)
    descriptors = random.uniform(0, 1, (POINTS, 128)).astype(np.float32)
    features = [Features(true.seen[true.camera == number], descriptors.copy()) for number in range(CAMERAS)]
    features[2].descriptors[:40] = np.roll(features[2].descriptors[:40], 1, axis=0)
    pairs = {(first, second): pair for first in range(CAMERAS) for second in range(first + 1, CAMERAS)
             if (pair := paired(features[first], features[second])) is not None}
    for (first, second), pair in pairs.items():
        expected = true.rotations[second].T @ true.rotations[first]
        assert np.degrees(Rotation.from_matrix(pair.rotation @ expected.T).magnitude()) < 0.1
    found, is_found = solved(features, pairs)
    assert all(is_found) and len(found.points) > 150
    turned = found.rotations[0].T
    upright = replace(found, rotations=turned @ found.rotations, places=found.places @ turned.T)
    place, turn = apart(upright, true)
    assert place < 1e-3 and turn < 0.02
