"""One file for a clip against a folder of scenes: bytes, likeness to the frames, flicker, and what someone had hidden.

    python -m benchmarks.known_clip TRIPOD --tripod --frames 24 --height 256
    spag4d convert-video TRIPOD/clip.mp4 clip.4dgs
    spag4d convert-video TRIPOD/clip.mp4 frames/ --stabilize lock --format ply,sog
    python -m benchmarks.one_file TRIPOD clip.4dgs frames/ [--every 4]

Likeness is the PSNR of the scene, drawn as a panorama from the capture point, to the video's own frame: everywhere, and where
something moves. Flicker is the rms change of log distance from a frame to the next where nothing moves in either. The hidden
place is where someone stood in the first frame, at a time when the room alone is seen there, against ``place.png``; beside it
the rest of the room. Prints a table and one JSON line.
"""

import argparse
import json
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from benchmarks.video import Known
from spag4d.data import Gaussians
from spag4d.formats.moving import opened_moving
from spag4d.formats.scene import read_scene
from spag4d.geometry.equirect import solid_angle_weights
from spag4d.render.view import render_panorama
from spag4d.sequence import Sequence360

_EDGE_PX = 5
"""By which what moves is grown for the likeness: its outline is the hard part."""


def psnr(picture: np.ndarray, frame: np.ndarray, where: np.ndarray) -> float:
    """Return the likeness of two pictures of sRGB 0–1 in a region, weighted by solid angle."""
    weight = np.where(where, solid_angle_weights(len(frame))[:, None], 0)
    square = np.average(((picture - frame) ** 2).mean(2), weights=weight)
    return float(-10 * np.log10(max(square, 1e-10)))


def measured(known: Known, place: np.ndarray, scene: Callable[[int], Gaussians], numbers: list[int]) -> dict[str, float]:
    """Return the likeness, flicker and hidden place of the scenes of some frames."""
    likeness, moving, flicker, before = [], [], [], None
    hidden = rest = float("nan")
    everywhere = np.ones(known.moving.shape[1:], bool)
    for number, frame in enumerate(known.panoramas()):
        if number not in numbers:
            continue
        drawn = render_panorama(scene(number), len(frame.rgb))
        picture = np.clip(drawn.rgb, 0, 1)
        moves = _grown(known.moving[number])
        likeness.append(psnr(picture, frame.rgb, everywhere))
        moving.append(psnr(picture, frame.rgb, moves))
        logs = np.log(np.maximum(drawn.distance, 1e-3))
        if before is not None:
            still = ~(moves | before[1])
            flicker.append(float(np.sqrt(np.mean((logs - before[0])[still] ** 2))))
        before = logs, moves
        uncovered = _grown(known.moving[0]) & ~moves
        if number == numbers[-1] and uncovered.any():
            hidden, rest = psnr(picture, place, uncovered), psnr(picture, place, ~moves & ~uncovered)
    return {"likeness_db": _mean(likeness), "moving_db": _mean(moving), "flicker": _mean(flicker), "hidden_db": hidden,
            "rest_db": rest}


def _grown(moves: np.ndarray) -> np.ndarray:
    return cv2.dilate(moves.astype(np.uint8), np.ones((2 * _EDGE_PX + 1,) * 2, np.uint8)) > 0


def _mean(values: list[float]) -> float:
    return float(np.mean(values)) if values else float("nan")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("known", type=Path, help="what benchmarks.known_clip --tripod wrote")
    parser.add_argument("clip", type=Path, help="the .4dgs")
    parser.add_argument("frames", type=Path, help="the sequence, as .ply and .sog")
    parser.add_argument("--every", type=int, default=4)
    options = parser.parse_args()
    known = Known.read(options.known)
    place = np.asarray(Image.open(options.known / "place.png"), np.float32) / 255
    found, sequence = opened_moving(options.clip), Sequence360.recorded(options.frames)
    times_s, files = found.timeline.frame_times_s, sequence.files
    numbers = list(range(0, len(files), options.every))
    size = options.clip.stat().st_size
    sizes = {ending: sum(path.stat().st_size for path in options.frames.glob(f"*.{ending}")) for ending in ("ply", "sog")}
    table = {"one file": measured(known, place, lambda number: found.at(times_s[number]), numbers),
             "sequence": measured(known, place, lambda number: read_scene(files[number]), numbers)}
    told = {"frames": len(files), "bytes": size, "bytes_per_gaussian": size / found.count, "gaussians": found.count,
            **{f"times_smaller_than_{ending}": total / size for ending, total in sizes.items()}, **table}
    print(f"{'':10}" + "".join(f"{name:>14}" for name in table["one file"]))
    for name, values in table.items():
        print(f"{name:10}" + "".join(f"{value:14.4f}" for value in values.values()))
    print(json.dumps(told))


if __name__ == "__main__":
    main()
