"""One file for a clip against a folder of scenes: bytes, time, likeness to the frames, flicker, and what moves.

    python -m benchmarks.one_file OUT [--frames 24] [--height 256] [--every 4]

writes the clip of `benchmarks.known_clip` before a tripod to OUT, unless it is there, converts it to ``OUT/clip.4dgs`` and to
``OUT/frames``, and measures both against what is known, on each ``every``-th frame:

* likeness: the PSNR of the scene, drawn as a panorama from the capture point, to the true frame, everywhere and where something
  moves;
* flicker: the rms change of log distance from a frame to the next, where nothing moves in either;
* late: how much of the frame before is in what is drawn, where the two differ, in frames;
* solid: how little of the empty room is in what is drawn of what moves; 1 is opaque;
* hidden: the likeness to the empty room, in the last frame measured, of the place where someone stood in the first one, and of
  the rest of the room beside it.

Prints a table and one JSON line; times are of the processor.
"""

import argparse
import json
import resource
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from benchmarks.video import Known
from spag4d.check.clip_likeness import share_of
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


def measured(known: Known, place: np.ndarray, scene: Callable[[int], Gaussians], every: int) -> dict[str, float]:
    """Return the figures of the scenes of some frames, and of the frame before each."""
    found: dict[str, list[float]] = {}
    frames = [frame.rgb for frame in known.panoramas()]
    for number in range(every, len(frames), every):
        pictures, logs = zip(*(_drawn(scene(one), len(place)) for one in (number - 1, number)), strict=True)
        frame, moves = frames[number], _grown(known.moving[number])
        everywhere, still = np.ones_like(moves), ~(moves | _grown(known.moving[number - 1]))
        uncovered = _grown(known.moving[0]) & ~moves
        for name, value in {
            "likeness_db": psnr(pictures[1], frame, everywhere),
            "moving_db": psnr(pictures[1], frame, moves),
            "flicker": float(np.sqrt(np.mean((logs[1] - logs[0])[still] ** 2))),
            "late_frames": share_of(frames[number - 1], frame, pictures[1], _weights(frame, everywhere)) or 0.0,
            "solid": 1 - (share_of(place, frame, pictures[1], _weights(frame, known.moving[number])) or 0.0),
            "hidden_db": psnr(pictures[1], place, uncovered),
            "rest_db": psnr(pictures[1], place, ~moves & ~uncovered),
        }.items():
            found.setdefault(name, []).append(value)
    return {name: values[-1] if name in ("hidden_db", "rest_db") else float(np.mean(values)) for name, values in found.items()}


def _drawn(gaussians: Gaussians, rows: int) -> tuple[np.ndarray, np.ndarray]:
    drawn = render_panorama(gaussians, rows)
    return np.clip(drawn.rgb, 0, 1), np.log(np.maximum(drawn.distance, 1e-3))


def _weights(frame: np.ndarray, where: np.ndarray) -> np.ndarray:
    return np.where(where, solid_angle_weights(len(frame))[:, None], 0)


def _grown(moves: np.ndarray) -> np.ndarray:
    return cv2.dilate(moves.astype(np.uint8), np.ones((2 * _EDGE_PX + 1,) * 2, np.uint8)) > 0


def converted(clip: Path, output: Path, *words: str) -> float:
    """Convert a clip as a user does, and return the seconds of the processor that it took."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, "-m", "spag4d", "convert-video", str(clip), str(output), "--fps", "10", "--overwrite",
                    "--depth-model", "builtin", "--no-sharp-refine", *words], check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main() -> None:
    """Convert, measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("--frames", type=int, default=24)
    parser.add_argument("--height", type=int, default=256)
    parser.add_argument("--every", type=int, default=4)
    options = parser.parse_args()
    clip, one_file, frames = (options.out / name for name in ("clip.mp4", "clip.4dgs", "frames"))
    if not clip.exists():
        subprocess.run([sys.executable, "-m", "benchmarks.known_clip", str(options.out), "--tripod", "--frames",
                        str(options.frames), "--height", str(options.height)], check=True)
    shutil.rmtree(frames, ignore_errors=True)
    seconds = {"one file": converted(clip, one_file),
               "sequence": converted(clip, frames, "--stabilize", "lock", "--format", "ply,sog")}
    known = Known.read(options.out)
    place = np.asarray(Image.open(options.out / "place.png"), np.float32) / 255
    found, files = opened_moving(one_file), Sequence360.recorded(frames).files
    times_s, size = found.timeline.frame_times_s, one_file.stat().st_size
    sizes = {ending: sum(path.stat().st_size for path in frames.glob(f"*.{ending}")) for ending in ("ply", "sog")}
    table = {"one file": measured(known, place, lambda number: found.at(times_s[number]), options.every),
             "sequence": measured(known, place, lambda number: read_scene(files[number]), options.every)}
    told = {"frames": len(files), "bytes": size, "bytes_per_gaussian": size / found.count, "gaussians": found.count,
            "times_the_seconds": seconds["one file"] / seconds["sequence"],
            **{f"times_smaller_than_{ending}": total / size for ending, total in sizes.items()}, "seconds": seconds, **table}
    print(f"{'':10}" + "".join(f"{name:>14}" for name in table["one file"]))
    for name, values in table.items():
        print(f"{name:10}" + "".join(f"{value:14.4f}" for value in values.values()))
    print(json.dumps(told))


if __name__ == "__main__":
    main()
