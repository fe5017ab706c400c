"""Where panoramas of one place were taken, without COLMAP: for computers that pycolmap has no build for.

Features are those that find a video's turns. Pairs of panoramas tell rotations, and which features are one point; from the
pair with the most to go by, cameras are added one by one where they see known points, and all is adjusted together.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from importlib.util import find_spec

import numpy as np
from jaxtyping import Bool
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from spag4d.data import Panorama, Pose
from spag4d.depth.resize import shrunk_panorama
from spag4d.errors import InputError
from spag4d.geometry.equirect import nearest_pixels
from spag4d.progress import SILENT, Progress
from spag4d.video.odometry import Features, find_features
from spag4d.world.bundle import Bundle, adjusted
from spag4d.world.colmap_model import Points
from spag4d.world.colmap_process import FEWEST_MATCHES
from spag4d.world.poses import NO_OVERLAP, WORKING_HEIGHT, ColmapFinder, Places, pairs_to_compare
from spag4d.world.two_views import Pair, paired

_FEATURES_PER_VIEW = 1000
"""Four thousand a panorama, as COLMAP is given."""
_LEAST_ANGLE_RAD = np.radians(1.0)
"""Between the rays to a point, or its distance is a guess."""
_OUTLIER_RAD = np.radians(0.25)
"""1.4 pixels of `WORKING_HEIGHT`: a wrong match, or a thing that moved."""
_ROUNDS = 3
"""Of dropping what is off and adjusting again; the second hardly changes anything."""
_GROWTH = 1.3
"""All is adjusted when there are so many times as many cameras as the last time."""
_STEPS_BETWEEN, _STEPS_AT_LAST = 6, 20
"""Between two cameras it need only be good enough to add the next one."""


def place_finder() -> "ColmapFinder | OwnFinder":
    """Return what finds the places of panoramas: COLMAP where pycolmap is installed, which copes with more."""
    return OwnFinder() if find_spec("pycolmap") is None else ColmapFinder()


class OwnFinder:
    """Takes panoramas one by one, and finds out where all of them were taken."""

    def __init__(self) -> None:
        """Begin without panoramas."""
        self._features: list[Features] = []
        self._rows: list[int] = []

    def add(self, panorama: Panorama) -> None:
        """Take a panorama, of which pixels that are not ``valid`` have no features."""
        small = shrunk_panorama(panorama, WORKING_HEIGHT)
        self._features.append(find_features(small, _FEATURES_PER_VIEW))
        self._rows.append(small.size_hw[0])

    def hide(self, mask: Bool[np.ndarray, "h w"]) -> None:
        """Forget features where a mask of any size says so, of all panoramas taken so far."""
        for number, one in enumerate(self._features):
            shown = ~mask[nearest_pixels(one.directions, len(mask))]
            self._features[number] = Features(one.directions[shown], one.descriptors[shown])

    def find(self, *, in_order: bool, progress: Progress = SILENT) -> Places:
        """Return where the panoramas were taken; ``in_order`` they follow a walk.

        Raises `InputError` where no two panoramas see the same things.
        """
        pairs: dict[tuple[int, int], Pair] = {}
        wanted = pairs_to_compare(len(self._features), in_order)
        for done, (first, second) in enumerate(wanted):
            progress.report("Matches", done, len(wanted))
            found = paired(self._features[first], self._features[second])
            if found is not None:
                pairs[first, second] = found
        progress.report("Matches", len(wanted), len(wanted))
        groups = _groups(pairs, len(self._features))
        if not groups:
            raise InputError(NO_OVERLAP)
        progress.report("Poses", 0, 1)
        places = self._placed(groups[0], pairs, groups[1:])
        progress.report("Poses", 1, 1)
        return places

    def close(self) -> None:
        """Nothing was written."""

    def _placed(self, members: Sequence[int], pairs: dict[tuple[int, int], Pair], others: Sequence[Sequence[int]]) -> Places:
        own = {(members.index(a), members.index(b)): pair for (a, b), pair in pairs.items() if a in members}
        bundle, is_found = solved([self._features[number] for number in members], own)
        poses: list[Pose | None] = [None] * len(self._features)
        for number, rotation, place, found in zip(members, bundle.rotations, bundle.places, is_found, strict=True):
            if found:
                poses[number] = Pose(rotation, place)
        error_px = np.zeros(len(bundle.points))
        np.maximum.at(error_px, bundle.point, bundle.errors_rad * max(self._rows) / np.pi)
        points = Points(bundle.points, error_px, np.array(members)[bundle.camera], bundle.point)
        return Places(tuple(poses), points, tuple(tuple(group) for group in others))


def _groups(pairs: Iterable[tuple[int, int]], count: int) -> list[list[int]]:
    """Return the panoramas that pairs connect, the largest group first, without those that stand alone."""
    edges = np.array(list(pairs), np.int64).reshape(-1, 2)
    graph = coo_array((np.ones(len(edges)), edges.T), shape=(count, count))
    labels = connected_components(graph, directed=False)[1]
    groups = [np.flatnonzero(labels == label).tolist() for label in range(labels.max() + 1)]
    return sorted((group for group in groups if len(group) > 1), key=len, reverse=True)


def solved(features: Sequence[Features], pairs: dict[tuple[int, int], Pair]) -> tuple[Bundle, list[bool]]:
    """Return cameras and points of panoramas that pairs connect, and which of the cameras were found."""
    camera, point, seen = _tracks(features, pairs)
    growing = _Growing(_rotations(len(features), pairs), camera, point, seen)
    growing.begin(*max(pairs.items(), key=lambda item: len(item[1].first) * min(item[1].parallax_rad, 0.2))[0])
    while growing.add():
        pass
    return growing.bundle(), growing.is_found.tolist()


def _rotations(count: int, pairs: dict[tuple[int, int], Pair]) -> np.ndarray:
    """Return rotations, world from camera, along the tree of the pairs with the most matches."""
    found, rotations = {0}, np.tile(np.eye(3), (count, 1, 1))
    while len(found) < count:
        reaching = [(len(pair.first), ends) for ends, pair in pairs.items() if (ends[0] in found) != (ends[1] in found)]
        first, second = max(reaching)[1]
        turn = pairs[first, second].rotation
        if first in found:
            rotations[second] = rotations[first] @ turn.T
        else:
            rotations[first] = rotations[second] @ turn
        found |= {first, second}
    return rotations


def _tracks(
    features: Sequence[Features], pairs: dict[tuple[int, int], Pair]
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return observations: camera, number of the point, direction. Points that a camera would see twice are left out."""
    starts = np.cumsum([0, *(len(one.directions) for one in features)])
    ends = [np.stack([starts[a] + pair.first, starts[b] + pair.second]) for (a, b), pair in pairs.items()]
    edges = np.concatenate(ends, 1)
    graph = coo_array((np.ones(edges.shape[1]), edges), shape=(starts[-1], starts[-1]))
    point = connected_components(graph, directed=False)[1]
    camera = np.repeat(np.arange(len(features)), np.diff(starts))
    counts, seen_by = np.bincount(point), np.zeros(point.max() + 1, np.int64)
    pairs_of = np.unique(np.stack([point, camera]), axis=1)
    np.add.at(seen_by, pairs_of[0], 1)
    kept = (counts[point] > 1) & (counts[point] == seen_by[point])
    numbers = np.unique(point[kept], return_inverse=True)[1]
    return camera[kept], numbers, np.concatenate([one.directions for one in features])[kept]


@dataclass
class _Growing:
    """A bundle that gets one camera after the other; NaN is what is not known yet."""

    rotations: np.ndarray
    camera: np.ndarray
    point: np.ndarray
    seen: np.ndarray

    def __post_init__(self) -> None:
        self.places = np.full((len(self.rotations), 3), np.nan)
        self.points = np.full((self.point.max() + 1, 3), np.nan)
        self.is_good = np.ones(len(self.point), bool)
        self.adjusted = 0

    @property
    def is_found(self) -> np.ndarray:
        """Which cameras have a place."""
        return np.isfinite(self.places[:, 0])

    def begin(self, first: int, second: int) -> None:
        """Start from two cameras, 1 apart."""
        self.places[first] = 0
        self.places[second] = self._way(first, second)
        self._triangulate()
        self._adjust()

    def add(self) -> bool:
        """Add the camera that sees most of the known points; returns whether there was one."""
        known = np.isfinite(self.points[self.point, 0]) & self.is_good
        counts = np.bincount(self.camera[known], minlength=len(self.places)) * ~self.is_found
        number = int(counts.argmax())
        if counts[number] < FEWEST_MATCHES // 2:
            return False
        mine = known & (self.camera == number)
        self.places[number] = _resected(self.points[self.point[mine]], self._rays(mine))
        self._triangulate()
        if self.is_found.sum() >= _GROWTH * self.adjusted:
            self._adjust()
        return True

    def bundle(self) -> Bundle:
        """Return everything that is known, adjusted until it is still."""
        self._triangulate()
        self._adjust(_ROUNDS, _STEPS_AT_LAST)
        used = self._used()
        numbers = np.unique(self.point[used], return_inverse=True)
        places = np.where(self.is_found[:, None], self.places, 0.0)
        return Bundle(self.rotations, places, self.points[numbers[0]], self.camera[used], numbers[1], self.seen[used])

    def _rays(self, mask: np.ndarray) -> np.ndarray:
        return np.einsum("kij,kj->ki", self.rotations[self.camera[mask]], self.seen[mask])

    def _way(self, first: int, second: int) -> np.ndarray:
        """Return the direction from one camera to another: across all planes that their matched rays span."""
        both = np.flatnonzero(np.bincount(self.point[np.isin(self.camera, (first, second))], minlength=len(self.points)) == 2)
        rays = [self._one_ray_each(number, both) for number in (first, second)]
        normals = np.cross(rays[0], rays[1])
        way = np.linalg.eigh(normals.T @ normals)[1][:, 0]
        for _ in range(10):  # so that wrong matches and far points do not decide
            off = np.abs(normals @ way) / np.maximum(np.linalg.norm(normals, axis=1), 1e-6)
            weight = 1 / (1 + (off / _OUTLIER_RAD) ** 2)
            way = np.linalg.eigh(normals.T @ (weight[:, None] * normals))[1][:, 0]
        # X = s u = way + t v: both distances are positive where u turns from v towards the way
        sign = np.sign(np.median((np.cross(way, rays[1]) * np.cross(rays[0], rays[1])).sum(1)))
        return way * (sign or 1.0)

    def _one_ray_each(self, number: int, points: np.ndarray) -> np.ndarray:
        mine = np.flatnonzero(self.camera == number)
        place = np.full(len(self.points), -1)
        place[self.point[mine]] = mine
        chosen = place[points]
        return np.einsum("ij,kj->ki", self.rotations[number], self.seen[chosen])

    def _triangulate(self) -> None:
        """Place the points that two or more found cameras see from directions far enough apart."""
        used = self.is_found[self.camera] & self.is_good
        rays, places, point = self._rays(used), self.places[self.camera[used]], self.point[used]
        across = np.eye(3) - rays[:, :, None] * rays[:, None, :]
        normal, right = (np.zeros((len(self.points), 3, 3)), np.zeros((len(self.points), 3)))
        np.add.at(normal, point, across)
        np.add.at(right, point, (across @ places[..., None])[..., 0])
        spread = np.linalg.eigvalsh(normal)[:, 0]
        counts = np.bincount(point, minlength=len(self.points))
        fixed = (counts > 1) & (spread > counts / 4 * _LEAST_ANGLE_RAD**2)
        self.points[:] = np.nan
        self.points[fixed] = np.linalg.solve(normal[fixed], right[fixed][..., None])[..., 0]
        self._drop_what_is_off(4 * _OUTLIER_RAD)

    def _used(self) -> np.ndarray:
        used = self.is_good & self.is_found[self.camera] & np.isfinite(self.points[self.point, 0])
        return used & (np.bincount(self.point[used], minlength=len(self.points)) > 1)[self.point]

    def _drop_what_is_off(self, most_rad: float) -> None:
        used = np.flatnonzero(self._used())
        whole = Bundle(self.rotations, self.places, self.points, self.camera[used], self.point[used], self.seen[used])
        self.is_good[used] = whole.errors_rad < most_rad

    def _adjust(self, rounds: int = 1, steps: int = _STEPS_BETWEEN) -> None:
        self.adjusted = int(self.is_found.sum())
        for _ in range(rounds):
            used, cameras = self._used(), np.flatnonzero(self.is_found)
            numbers, point = np.unique(self.point[used], return_inverse=True)
            found = adjusted(Bundle(self.rotations[cameras], self.places[cameras], self.points[numbers],
                                    np.searchsorted(cameras, self.camera[used]), point, self.seen[used]), steps)
            turn = found.rotations[0] @ self.rotations[cameras[0]].T
            self.rotations[~self.is_found] = turn @ self.rotations[~self.is_found]
            self.rotations[cameras], self.places[cameras], self.points[numbers] = found.rotations, found.places, found.points
            self._drop_what_is_off(_OUTLIER_RAD)


def _resected(points: np.ndarray, rays: np.ndarray) -> np.ndarray:
    """Return the place from which points are seen along rays (k, 3): nearest to all of them, wrong ones aside."""
    across = np.eye(3) - rays[:, :, None] * rays[:, None, :]
    weight = np.ones(len(points))
    place = np.zeros(3)
    for _ in range(15):
        place = np.linalg.solve(np.einsum("k,kij->ij", weight, across), np.einsum("k,kij,kj->i", weight, across, points))
        away = points - place
        distance = np.maximum(np.linalg.norm(away, axis=1), 1e-6)
        angle = np.arctan2(np.linalg.norm(np.cross(away, rays), axis=1), (away * rays).sum(1))
        weight = 1 / (distance**2 * (1 + (angle / _OUTLIER_RAD) ** 2))
    return place
