"""Where panoramas of one place were taken: features, matches and a bundle adjustment by COLMAP.

COLMAP's camera model EQUIRECTANGULAR (pycolmap 4.2 and later) has our axes, x right, y down, z forward. Its global mapper
needs no pair to begin with, so that a walk straight ahead is no trouble.
"""

import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from jaxtyping import Bool

from spag4d.data import Panorama, Pose
from spag4d.depth.resize import shrunk_panorama
from spag4d.errors import InputError
from spag4d.progress import SILENT, Progress
from spag4d.world.colmap_model import Model, Points, read_model

WORKING_HEIGHT = 1024
"""Rows of the panoramas in which features are sought: 0.18° a pixel, and SIFT finds their place to a fifth of that."""
_ALL_PAIRS = 40
"""Up to so many panoramas of a walk all pairs are compared; beyond, each with its neighbours, and every tenth with others."""
_OVERLAP, _LOOP_EVERY = 8, 10
NO_OVERLAP = ("no two of the panoramas show enough of the same things to tell where they were taken. Use pictures that "
              "overlap, one to two steps apart; a single panorama is for `convert`.")


@dataclass(frozen=True)
class Places:
    """Where each panorama was taken, in a world of any scale and direction: ``world_from_camera``, None for those left out.

    ``others`` are groups of panoramas that belong together, but not to these: pictures of another place.
    """

    world_from_camera: tuple[Pose | None, ...]
    points: Points
    others: tuple[tuple[int, ...], ...] = ()

    @property
    def found(self) -> tuple[int, ...]:
        """Numbers of the panoramas whose place is known."""
        return tuple(number for number, pose in enumerate(self.world_from_camera) if pose is not None)

    def to_arrays(self) -> dict[str, np.ndarray]:
        """Return all of it as arrays, for a file."""
        poses = [(number, pose) for number, pose in enumerate(self.world_from_camera) if pose is not None]
        group = np.full(len(self.world_from_camera), -1)
        for name, members in enumerate(self.others):
            group[list(members)] = name
        return {"found": np.array(self.found), "group": group, "rotations": np.array([pose.rotation for _, pose in poses]),
                "translations": np.array([pose.translation for _, pose in poses]), **vars(self.points)}

    @staticmethod
    def from_arrays(arrays: Mapping[str, np.ndarray]) -> "Places":
        """Return the places of such arrays."""
        group = arrays["group"]
        poses: list[Pose | None] = [None] * len(group)
        for number, rotation, translation in zip(arrays["found"], arrays["rotations"], arrays["translations"], strict=True):
            poses[number] = Pose(rotation, translation)
        others = tuple(tuple(np.flatnonzero(group == name).tolist()) for name in range(group.max() + 1))
        points = Points(**{name: arrays[name] for name in ("xyz", "error_px", "seen_by", "which")})
        return Places(tuple(poses), points, others)


class ColmapFinder:
    """Takes panoramas one by one, and finds out where all of them were taken; to be closed, as it writes to the disk."""

    def __init__(self) -> None:
        """Begin without panoramas; pycolmap is installed."""
        self._folder = tempfile.TemporaryDirectory(prefix="spag4d-")
        self._names: list[str] = []
        for name in ("pictures", "masks"):
            (Path(self._folder.name) / name).mkdir()

    def add(self, panorama: Panorama) -> None:
        """Take a panorama, of which pixels that are not ``valid`` have no features."""
        self._names.append(_written(panorama, Path(self._folder.name), len(self._names)))

    def hide(self, mask: Bool[np.ndarray, "h w"]) -> None:
        """Have no features where a mask of any size says so, in any of the panoramas taken so far."""
        for path in (Path(self._folder.name) / "masks").iterdir() if mask.any() else ():
            known = cv2.imdecode(np.fromfile(path, np.uint8), cv2.IMREAD_GRAYSCALE)
            assert known is not None
            hidden = cv2.resize(mask.astype(np.uint8), known.shape[::-1], interpolation=cv2.INTER_NEAREST) > 0
            _save(path, np.where(hidden, 0, known / 255))

    def find(self, *, in_order: bool, progress: Progress = SILENT) -> Places:
        """Return where the panoramas were taken; ``in_order`` they follow a walk.

        Raises `InputError` where no two panoramas see the same things.
        """
        folder, names = Path(self._folder.name), self._names
        pairs = [f"{names[first]} {names[second]}" for first, second in pairs_to_compare(len(names), in_order)]
        (folder / "pairs.txt").write_text("\n".join(pairs), encoding="utf-8")
        _run_colmap(folder, progress)
        return _best(folder, names)

    def close(self) -> None:
        """Delete what was written."""
        self._folder.cleanup()


def _best(folder: Path, names: Sequence[str]) -> Places:
    models = [read_model(path) for path in sorted(folder.glob("models/*"), key=lambda path: int(path.name))]
    if not models or len(models[0].poses) < 2:
        raise InputError(NO_OVERLAP)
    return _places(models, names)


def _written(panorama: Panorama, folder: Path, number: int) -> str:
    """Write picture and mask where COLMAP looks for them, and return the picture's name."""
    small = shrunk_panorama(panorama, WORKING_HEIGHT)
    name = f"{number:06d}.png"
    _save(folder / "pictures" / name, cv2.cvtColor(small.rgb, cv2.COLOR_RGB2GRAY))
    known = np.ones(small.size_hw, bool) if small.valid is None else small.valid
    _save(folder / "masks" / f"{name}.png", known.astype(np.float32))
    return name


def _save(path: Path, grey: np.ndarray) -> None:
    cv2.imencode(".png", (grey * 255 + 0.5).clip(0, 255).astype(np.uint8))[1].tofile(path)


def pairs_to_compare(count: int, in_order: bool) -> list[tuple[int, int]]:
    """Return which panoramas are compared."""
    pairs = [(first, second) for first in range(count) for second in range(first + 1, count)]
    if not in_order or count <= _ALL_PAIRS:
        return pairs
    return [(first, second) for first, second in pairs
            if second - first <= _OVERLAP or first % _LOOP_EVERY == second % _LOOP_EVERY == 0]


def _run_colmap(folder: Path, progress: Progress) -> None:
    command = [sys.executable, "-m", "spag4d.world.colmap_process", str(folder)]
    with (folder / "errors.txt").open("wb") as errors, subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors, text=True) as process:
        try:
            assert process.stdout is not None
            for line in process.stdout:
                stage, done, total = line.split()
                progress.report(stage, int(done), int(total))
        except BaseException:
            process.kill()
            raise
    if process.returncode:
        last = (folder / "errors.txt").read_text(encoding="utf-8", errors="replace").strip().splitlines()[-1:]
        raise InputError(f"COLMAP failed to find the panoramas' places: {last[0] if last else process.returncode}")


def _places(models: Sequence[Model], names: Sequence[str]) -> Places:
    best, *rest = models
    order = np.array([names.index(name) for name in best.poses], np.int64)
    points = Points(best.points.xyz, best.points.error_px, order[best.points.seen_by], best.points.which)
    groups = tuple(tuple(sorted(names.index(name) for name in model.poses)) for model in rest)
    return Places(tuple(best.poses.get(name) for name in names), points, groups)
