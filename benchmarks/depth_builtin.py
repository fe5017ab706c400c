"""Time and memory of the built-in depth model: ``python -m benchmarks.depth_builtin`` (Linux and macOS)."""

from __future__ import annotations

import argparse
import json
import resource
import sys
import time

import numpy as np

from spag4d.data import Panorama
from spag4d.depth.builtin import BuiltinDepth

HEIGHTS = (512, 1024, 2048, 4096)


def peak_mb() -> float:
    """Largest resident size of this process so far."""
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6


def measure(height: int, repeats: int) -> dict[str, float]:
    """Seconds to load the weights and to estimate a panorama (the best of some), and the memory that both added."""
    rng = np.random.default_rng(0)
    panorama = Panorama(rng.random((height, 2 * height, 3), np.float32))
    before = peak_mb()
    start = time.perf_counter()
    model = BuiltinDepth()
    load_s = time.perf_counter() - start
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        model.estimate(panorama)
        times.append(time.perf_counter() - start)
    return {
        "height": height, "load_s": round(load_s, 3), "first_s": round(times[0], 3), "best_s": round(min(times), 3),
        "extra_mb": round(peak_mb() - before),
    }  # fmt: skip


def main() -> None:
    """Print a table and one JSON line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--heights", type=int, nargs="+", default=HEIGHTS, help="ascending")
    options = parser.parse_args()
    rows = [measure(height, options.repeats) for height in options.heights]
    print(f"{'panorama':>14}{'load s':>10}{'first s':>10}{'best s':>10}{'extra MB':>10}")
    for row in rows:
        size = f"{2 * row['height']:.0f} x {row['height']:.0f}"
        print(f"{size:>14}{row['load_s']:10.3f}{row['first_s']:10.3f}{row['best_s']:10.3f}{row['extra_mb']:10.0f}")
    print(json.dumps({"numpy": np.__version__, "rows": rows}))


if __name__ == "__main__":
    main()
