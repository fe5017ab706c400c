"""Checks of installed weights, which need the real files: the hash, every parameter's name, and a room of known size."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from spag4d.depth import DEPTH_MODELS
from spag4d.depth.base import DepthModel
from spag4d.device import resolve_device
from spag4d.errors import WeightsError
from spag4d.models.weights import check_file, readable, sha256_of, weights_file, weights_path
from spag4d.networks.sharp import load_sharp
from spag4d.photos.image import read_panorama
from spag4d.progress import SILENT, Progress

ROOM = Path(__file__).with_name("known_room.jpg")
ROOM_CAMERA_M = 1.55
"""Height of the camera in the picture `ROOM`, which was drawn from it."""
_NADIR_SHARE = 1 / 64
"""Of the rows, 3° around the nadir, where the distance is the camera's height."""
_FACTOR, _WORSE = 2.0, 1.3
"""Of the height: beyond twice something is wrong, and a variant is wrong if another is nearer by 1.3. Judgement."""


@dataclass(frozen=True)
class RoomHeight:
    """How high above the floor a model sees the camera of the known room, in metres."""

    option: str
    height_m: float
    metres_from: str

    def __str__(self) -> str:
        """Describe what the model sees, and where its metres come from."""
        words = f"in a known room it sees the camera {self.height_m:.2f} m above the floor ({ROOM_CAMERA_M} m){self.option}"
        return f"{words}, with metres from {self.metres_from}: verify that model for the scale" if self.metres_from else words

    @property
    def factor(self) -> float:
        """How many times too high or too low; infinite if it is not a height."""
        if not (np.isfinite(self.height_m) and self.height_m > 0):
            return float("inf")
        return float(np.exp(abs(np.log(self.height_m / ROOM_CAMERA_M))))


def verify(name: str, *, progress: Progress = SILENT) -> Iterator[str]:
    """Yield a line for each check that the installed weights ``name`` pass; raises `WeightsError` for one that fails."""
    path = weights_file(name) if weights_file(name).is_file() else weights_path(name)
    size = path.stat().st_size
    check_file(name, path, sha256_of(path, lambda done: progress.report(f"Hashing {name}", done, size)))
    yield f"the file is complete and as expected ({readable(size)})"
    if name in DEPTH_MODELS:
        yield from _verify_depth(name, progress)
    elif name == "sharp":
        load_sharp(path)
        yield "every parameter is present"


def _verify_depth(name: str, progress: Progress) -> Iterator[str]:
    """Estimate the known room with every variant of a model on which its authors' programs disagree."""
    room, heights = read_panorama(ROOM), []
    for options in DEPTH_MODELS[name].variants:
        model: DepthModel = DEPTH_MODELS.load(name)(resolve_device("auto"), **options)
        if not heights:
            yield "every parameter is present"
        depth = model.estimate(room, progress=progress)
        nadir = depth.distance[-max(1, round(_NADIR_SHARE * room.size_hw[0])):]
        option = "".join(f" with --{name}-{key} {value}" for key, value in options.items())
        heights.append(RoomHeight(option, float(np.median(nadir)), depth.metres_from))
        yield str(heights[-1])
    best = min(heights, key=lambda height: height.factor)
    if best.factor == float("inf"):
        raise WeightsError(f"{name} finds no floor in a known room. Please report it.")
    if best.option != heights[0].option and best.factor < _FACTOR and heights[0].factor > _WORSE * best.factor:
        raise WeightsError(f"{name} is right{best.option}, not{heights[0].option}. Use that, and please report it.")
    if best.factor > _FACTOR and not best.metres_from:
        raise WeightsError(f"{name} sees a known room {best.factor:.1f} times too large or too small. Please report it.")
