"""Time and memory of edge refinement on a synthetic panorama: ``python benchmarks/refine_edges.py [HEIGHT]``."""

import json
import resource
import sys
import time

import cv2
import numpy as np

from spag4d.data import DepthMap, Panorama
from spag4d.refine.edges import refine_edges


def blocks(height: int, sigma_px: float) -> tuple[DepthMap, Panorama]:
    """A wall with 200 discs at other distances, in other colours, its depth blurred."""
    random = np.random.default_rng(3)
    distance = np.full((height, 2 * height), 5, np.float32)
    rgb = np.full((height, 2 * height, 3), 0.5, np.float32)
    for _ in range(200):
        x, y, radius = (int(v) for v in random.random(3) * (2 * height, height, height / 12) + (0, 0, height / 40))
        cv2.circle(distance, (x, y), radius, (float(random.uniform(1, 4)),), -1)
        cv2.circle(rgb, (x, y), radius, random.random(3).tolist(), -1)
    return DepthMap(cv2.GaussianBlur(distance, (0, 0), sigma_px), np.zeros(distance.shape, bool)), Panorama(rgb)


def main() -> None:
    """Print a table, and the same as one line of JSON."""
    height = int(sys.argv[1]) if len(sys.argv) > 1 else 2048
    depth, panorama = blocks(height, height / 300)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    clock, cpu = time.perf_counter(), time.process_time()
    refine_edges(depth, panorama)
    figures = {
        "size": f"{2 * height}x{height}",
        "wall_s": round(time.perf_counter() - clock, 2),
        "cpu_s": round(time.process_time() - cpu, 2),
        "extra_mb": (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024,
    }
    for name, value in figures.items():
        print(f"{name:10s} {value}")
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
