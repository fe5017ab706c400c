"""Checks of installed weights that only the real files allow: the hash, every parameter's name, and a room of known size."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from spag4d.depth import DEPTH_MODELS
from spag4d.depth.base import DepthModel
from spag4d.device import resolve_device
from spag4d.errors import WeightsError
from spag4d.io.image import read_panorama
from spag4d.progress import SILENT, Progress
from spag4d.weights import check_file, readable, sha256_of, weights_file, weights_path

ROOM = Path(__file__).with_name("known_room.jpg")
ROOM_CAMERA_M = 1.55
_NADIR_SHARE = 1 / 64
_FACTOR = 2.0


@dataclass(frozen=True)
class Look:
    """How high the camera of the known room stands in a model's eyes, in metres."""

    variant: str
    height_m: float

    @property
    def error(self) -> float:
        """How many times too high or too low."""
        return float(np.exp(abs(np.log(self.height_m / ROOM_CAMERA_M))))


def verify(name: str, *, progress: Progress = SILENT) -> Iterator[str]:
    """Yield in words what holds of the installed weights ``name``; raises `WeightsError` for what does not."""
    path = weights_file(name) if weights_file(name).is_file() else weights_path(name)
    size = path.stat().st_size
    check_file(name, path, sha256_of(path, lambda done: progress.report(f"Hashing {name}", done, size)))
    yield f"the file is whole and as expected ({readable(size)})"
    if name in DEPTH_MODELS:
        yield from _verify_depth(name, progress)


def _verify_depth(name: str, progress: Progress) -> Iterator[str]:
    variants = {"imagenet": {"normalization": "imagenet"}, "none": {"normalization": "none"}} if name == "dap" else {"": {}}
    room, looks = read_panorama(ROOM), []
    for variant, options in variants.items():
        model: DepthModel = DEPTH_MODELS.load(name)(resolve_device("auto"), **options)
        if not looks:
            yield "every parameter is there"
        depth = model.estimate(room, progress=progress)
        nadir = depth.distance[-max(1, round(_NADIR_SHARE * room.size_hw[0])):]
        looks.append(Look(variant, float(np.median(nadir))))
        source = f" in the metres of {depth.metres_from}" if depth.metres_from else ""
        with_variant = f" with --dap-normalization {variant}" if variant else ""
        yield f"a camera {ROOM_CAMERA_M} m above the floor stands {looks[-1].height_m:.2f} m above it{source}{with_variant}"
    best = min(looks, key=lambda look: look.error)
    if best is not looks[0] and looks[0].error > _FACTOR:
        raise WeightsError(f"{name} is right with --dap-normalization {best.variant}, not with the default. Use that, and "
                           "please report it.")
    if looks[0].error > _FACTOR:
        raise WeightsError(f"{name} sees a known room {looks[0].error:.1f} times too large or too small. Please report it.")
