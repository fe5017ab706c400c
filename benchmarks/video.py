"""How steady is a converted video? Turns, flicker and lag on a clip of which everything is known.

    python -m benchmarks.known_clip SHAKEN; python -m benchmarks.known_clip CALM --no-shake --frames 40
    python -m benchmarks.video SHAKEN CALM [--frames 40]

Depth is the truth, disturbed in each frame by 5 % of scale and 5 % of smooth noise (12° wide). Flicker is the change of the
error of log depth from a frame to the next along true correspondences, rms. Lag is how many frames' worth of the step in depth
is missing on average where the object has just arrived or just left. Prints a table and one JSON line.
"""

import argparse
import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.spatial.transform import Rotation

from spag4d.clips.clip import read_clip
from spag4d.clips.frames import read_frames
from spag4d.data import DepthMap
from spag4d.geometry.equirect import directions, solid_angle_weights
from spag4d.geometry.smooth import smooth_sphere
from spag4d.video.flow import look_up
from spag4d.video.odometry import find_heading
from spag4d.video.smoothing import Memory, steady

_SCALE_JITTER, _NOISE, _NOISE_DEG = 0.05, 0.05, 12.0
_ALPHA = 0.3
_SKY_M = 300.0


@dataclass(frozen=True)
class Known:
    """A clip and its truth."""

    path: Path
    distance: np.ndarray
    moving: np.ndarray
    rotation: np.ndarray
    position: np.ndarray
    fps: float

    @staticmethod
    def read(folder: Path, frames: int | None = None) -> "Known":
        """Read what `benchmarks.known_clip` wrote."""
        with np.load(folder / "truth.npz") as truth:
            part = slice(frames)
            arrays = (truth[name][part] for name in ("distance_m", "moving", "world_from_camera", "position_m"))
            return Known(folder / "clip.mp4", *arrays, fps=float(truth["fps"]))

    def panoramas(self):
        """Yield the frames as a user's run reads them."""
        clip = read_clip(self.path)
        return read_frames(clip, clip.frames(self.fps)[: len(self.distance)])


def turns(known: Known) -> dict[str, float]:
    """Return the error of the camera's turns in degrees: rms, at the end, and from frame to frame, and seconds a frame."""
    started = time.perf_counter()
    found = find_heading(known.panoramas(), len(known.rotation)).world_from_camera
    seconds = (time.perf_counter() - started) / len(found)
    error = _angles_deg(found @ known.rotation.transpose(0, 2, 1))
    steps = [rotation[1:].transpose(0, 2, 1) @ rotation[:-1] for rotation in (found, known.rotation)]
    between = _angles_deg(steps[0] @ steps[1].transpose(0, 2, 1))
    return {"frames": len(found), "rms_deg": _rms(error), "end_deg": float(error[-1]), "between_rms_deg": _rms(between),
            "s_per_frame": seconds}


def _angles_deg(rotations: np.ndarray) -> np.ndarray:
    return np.degrees(np.linalg.norm(Rotation.from_matrix(rotations).as_rotvec(), axis=1))


def _rms(values: np.ndarray) -> float:
    return float(np.sqrt(np.mean(values**2)))


def steadiness(known: Known) -> dict[str, dict[str, float]]:
    """Return flicker and lag without smoothing, with plain averaging in place, and with the converter's smoothing."""
    found = find_heading(known.panoramas(), len(known.rotation)).world_from_camera
    height = known.distance.shape[1]
    random = np.random.default_rng(3)
    memory: Memory | None = None
    series: dict[str, list[np.ndarray]] = {"raw": [], "plain": [], "steadied": []}
    for number, panorama in enumerate(known.panoramas()):
        sky = ~np.isfinite(known.distance[number])
        noise = smooth_sphere(random.standard_normal((128, 256)).astype(np.float32), _NOISE_DEG)
        noise = look_up(noise * np.float32(_NOISE / noise.std()), directions(height))
        noise += np.float32(random.normal(0, _SCALE_JITTER))
        raw = np.where(sky, np.float32(_SKY_M), known.distance[number]) * np.exp(noise)
        turn = found[number].T @ found[number - 1] if number else np.eye(3)
        done = steady(DepthMap(raw, sky), panorama, memory, turn, _ALPHA)
        memory = done.memory
        series["raw"].append(np.log(raw))
        before = np.exp(series["plain"][-1]) if number else raw
        series["plain"].append(np.log(_ALPHA * before + (1 - _ALPHA) * raw))
        series["steadied"].append(np.log(done.depth.distance))
    return {name: {"flicker": flicker(known, logs), "lag_frames": lag(known, logs)} for name, logs in series.items()}


def flicker(known: Known, logs: Sequence[np.ndarray]) -> float:
    """Return the rms over surfaces that both frames see, but for the moving object."""
    height = known.distance.shape[1]
    rays, area = directions(height), solid_angle_weights(height)[:, None]
    squares = []
    for k in range(1, len(logs)):
        surface = np.isfinite(known.distance[k]) & ~known.moving[k]
        here = np.where(surface, known.distance[k], 1)
        world = (rays * here[..., None]) @ known.rotation[k].T + known.position[k]
        points = (world - known.position[k - 1]) @ known.rotation[k - 1]
        length = np.linalg.norm(points, axis=-1)
        back = (points / length[..., None]).astype(np.float32)
        true_before = np.log(np.where(np.isfinite(known.distance[k - 1]), known.distance[k - 1], 1e4)).astype(np.float32)
        seen = surface & (np.abs(look_up(true_before, back) - np.log(length)) < 0.03)
        change = logs[k] - np.log(here) - look_up((logs[k - 1] - true_before).astype(np.float32), back)
        weight = area * seen
        squares.append((weight * change**2).sum() / weight.sum())
    return float(np.sqrt(np.mean(squares)))


def lag(known: Known, logs: Sequence[np.ndarray], longest: int = 4) -> float:
    """Return the sum over the first frames after a change of the share of the step that is still missing."""
    missing: list[list[float]] = [[] for _ in range(longest)]
    for k in range(longest, len(logs)):
        truth, finite = np.log(known.distance[k]), np.isfinite(known.distance[k])
        still = ~known.moving[k] & finite
        error = logs[k] - truth - np.median((logs[k] - truth)[still])
        for age in range(longest):
            now, before = known.moving[k - age], known.moving[k - age - 1]
            same_since = np.all([known.moving[j] == known.moving[k] for j in range(k - age, k)], axis=0) if age else True
            past = known.distance[k - age - 1]
            changed = (now != before) & (now == known.moving[k]) & same_since & finite & np.isfinite(past)
            step = np.log(np.where(changed, past, 1)) - np.where(changed, truth, 0)
            clear = changed & (np.abs(step) > 0.3)
            if clear.sum() > 20:
                missing[age].append(float(np.median(error[clear] / step[clear])))
    return float(sum(np.mean(ages) for ages in missing if ages))


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("shaken", type=Path)
    parser.add_argument("calm", type=Path)
    parser.add_argument("--frames", type=int, default=40, help="of each clip, for flicker and lag")
    options = parser.parse_args()
    figures: dict[str, object] = {"turns": turns(Known.read(options.shaken))}
    print("turns:", figures["turns"], flush=True)
    for name, folder in (("shaken", options.shaken), ("calm", options.calm)):
        figures[name] = steadiness(Known.read(folder, options.frames))
        print(f"{name}:", figures[name], flush=True)
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
