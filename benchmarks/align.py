"""How well views that disagree come back together, and how long that takes: ``python -m benchmarks.align``.

Views of a scene whose distance is known get a scale that is wrong by up to 20 % and a smooth error of 6 %, each its own.
`error` is |log distance - truth| over the sphere by solid angle; `seam` is the mean step of the error along a row where a view
begins or ends, over the mean step two pixels beside it, where the truth has no edge. Without a reference one common factor is
taken out.
"""

from __future__ import annotations

import argparse
import json
import time
from typing import Any

import cv2
import numpy as np

from spag4d.data import PinholeCamera
from spag4d.geometry import RIGS
from spag4d.geometry.align import LogView, Ties, anchor_ties, corrections, field, overlap_ties
from spag4d.geometry.blend import blend_views
from spag4d.geometry.camera import view_contains, view_directions, view_pixels_from_directions
from spag4d.geometry.equirect import directions, solid_angle_weights
from spag4d.geometry.smooth import smooth_sphere

HEIGHT = 1024
LOW, HIGH = np.array([-2.0, -1.4, -2.5]), np.array([3.0, 1.6, 4.0])
PILLARS = ((0.9, 1.6), (-0.8, 1.1), (-0.4, -1.3), (1.3, -0.6))
PILLAR_RADIUS = 0.18


def distance(rays: np.ndarray, *, pillars: bool) -> np.ndarray:
    """Distance (…) along unit rays (…, 3) of a room, empty or with four round pillars."""
    with np.errstate(divide="ignore"):
        found = np.where(rays == 0, np.inf, np.where(rays > 0, HIGH, LOW) / np.where(rays == 0, 1, rays)).min(-1)
    for x, z in PILLARS if pillars else ():
        a = rays[..., 0] ** 2 + rays[..., 2] ** 2
        b = rays[..., 0] * x + rays[..., 2] * z
        root = b * b - a * (x * x + z * z - PILLAR_RADIUS**2)
        with np.errstate(invalid="ignore", divide="ignore"):
            near = (b - np.sqrt(root)) / a
        found = np.where((root > 0) & (near > 0), np.minimum(found, near), found)
    return found


def wrong(rng: np.random.Generator, camera: PinholeCamera) -> np.ndarray:
    """Return the error of one view in log distance."""
    x = np.linspace(-1, 1, camera.width)[None]
    y = np.linspace(-1, 1, camera.height)[:, None]
    a, b = rng.uniform(0.5, 1, 2) * np.pi * rng.uniform(-1, 1, 2)
    return np.log(rng.uniform(0.8, 1.2)) + 0.06 * np.sin(a * x + b * y + rng.uniform(0, 2 * np.pi))


def seam_ratio(error: np.ndarray, truth: np.ndarray, cameras: tuple[PinholeCamera, ...]) -> float:
    """Return the mean step where a view begins or ends over the mean step beside it, away from depth edges."""
    edge = np.abs(np.diff(truth, axis=1)) > 0.05
    edge = cv2.dilate(edge.astype(np.uint8), np.ones((9, 9))) > 0
    steps, at = np.abs(np.diff(error, axis=1)), np.zeros((HEIGHT, 2 * HEIGHT - 1), bool)
    for camera in cameras:
        inside = view_contains(camera, view_pixels_from_directions(camera, directions(HEIGHT)))
        at |= inside[:, 1:] != inside[:, :-1]
    beside = (np.roll(at, 2, 1) | np.roll(at, -2, 1)) & ~at & ~edge
    at &= ~edge
    return float(steps[at].mean() / steps[beside].mean())


def measure(rig: str, size_px: int, reference: str, *, pillars: bool, seed: int) -> dict[str, Any]:
    """Align one rig's views and return errors and seconds."""
    rng, cameras = np.random.default_rng(seed), RIGS.load(rig)(size_px)
    truth = np.log(distance(directions(HEIGHT).astype(np.float64), pillars=pillars)).astype(np.float32)
    views = [LogView(camera, np.log(distance(view_directions(camera), pillars=pillars)) + wrong(rng, camera),
                     np.ones((size_px, size_px), bool)) for camera in cameras]
    start = time.perf_counter()
    ties = [overlap_ties(views)]
    if reference != "none":
        ties.append(anchor_ties(views, {0: smooth_sphere(truth, 5.0) if reference == "blurred" else truth}))
    found = corrections(len(views), Ties.joined(ties))
    fixed = [(view.log_depth + field(own, (size_px, size_px))).astype(np.float32)
             for view, own in zip(views, found, strict=True)]
    joined = blend_views(fixed, cameras, HEIGHT)
    elapsed = time.perf_counter() - start
    weights = np.repeat(solid_angle_weights(HEIGHT)[:, None], 2 * HEIGHT, 1)
    error = joined - truth
    error -= np.average(error, weights=weights) if reference == "none" else 0
    return {
        "rig": rig, "scene": "pillars" if pillars else "empty", "reference": reference,
        "mean": round(float(np.average(np.abs(error), weights=weights)), 4),
        "p95": round(float(np.quantile(np.abs(error), 0.95)), 4),
        "seam": round(seam_ratio(error, truth, cameras), 2), "seconds": round(elapsed, 2),
    }


def main() -> None:
    """Print a table and one JSON line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", type=int, default=504, help="pixels of a view's side")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    rows = [measure(rig, options.size, reference, pillars=pillars, seed=options.seed)
            for rig in RIGS for pillars in (False, True) for reference in ("exact", "blurred", "none")]
    print("".join(f"{column:>22}" for column in rows[0]))
    for row in rows:
        print("".join(f"{value:>22}" for value in row.values()))
    print(json.dumps({"size": options.size, "seed": options.seed, "rows": rows}))


if __name__ == "__main__":
    main()
