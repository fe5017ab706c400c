"""How fast PLY and SPLAT files are written, against numpy.tofile of the same bytes and against the gsply package.

    python benchmarks/write_files.py [--count 2000000] [--runs 9] [--folder FOLDER]

Contestants take turns in one process; figures are medians. The last line is JSON. gsply is left out where it is not installed
(it writes 14 of our 17 properties: no normals).
"""

import argparse
import json
import statistics
import tempfile
import time
import tracemalloc
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np

from spag4d.data import Gaussians
from spag4d.formats.scene import write_scene

try:
    from gsply import plywrite  # pyright: ignore[reportMissingImports]
except ImportError:
    plywrite = None


def random_gaussians(count: int) -> Gaussians:
    """Discs of a few centimetres in all directions; their thin axis is any of the three."""
    rng = np.random.default_rng(0)
    quats = rng.standard_normal((count, 4), np.float32)
    quats /= np.linalg.norm(quats, axis=1, keepdims=True)
    scales = np.exp(rng.standard_normal((count, 3), np.float32) - 4)
    return Gaussians(rng.standard_normal((count, 3), np.float32), scales, quats,
                     rng.uniform(0.01, 0.99, count).astype(np.float32), rng.random((count, 3), np.float32))


def flat_gaussians(gaussians: Gaussians) -> Gaussians:
    """The same with the thin axis last, as the converter makes them."""
    return Gaussians(gaussians.means, -np.sort(-gaussians.scales, axis=1), gaussians.quats_wxyz, gaussians.opacities,
                     gaussians.colors)


def contestants(folder: Path, count: int) -> dict[str, Callable[[], object]]:
    """Name → call that writes one file."""
    mixed = random_gaussians(count)
    flat = flat_gaussians(mixed)
    write_scene(folder / "ours.ply", flat, "ply")
    write_scene(folder / "ours.splat", flat, "splat")
    ply_bytes, splat_bytes = (np.fromfile(folder / name, np.uint8) for name in ("ours.ply", "ours.splat"))
    calls: dict[str, Callable[[], object]] = {
        "ply tofile": lambda: ply_bytes.tofile(folder / "raw.ply"),
        "ply ours": lambda: write_scene(folder / "ours.ply", flat, "ply"),
        "ply ours, any thin axis": lambda: write_scene(folder / "ours.ply", mixed, "ply"),
        "splat tofile": lambda: splat_bytes.tofile(folder / "raw.splat"),
        "splat ours": lambda: write_scene(folder / "ours.splat", flat, "splat"),
    }
    if plywrite is not None:
        sh0 = (flat.colors - 0.5) / np.float32(0.28209479)
        logs, logits = np.log(flat.scales), np.log(flat.opacities / (1 - flat.opacities))
        calls["ply gsply, given encoded values"] = partial(
            plywrite, folder / "gsply.ply", flat.means, logs, flat.quats_wxyz, logits, sh0)
    return calls


def seconds(call: Callable[[], object]) -> float:
    """Time one call."""
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def peak_bytes(call: Callable[[], object]) -> int:
    """Memory that a call allocates at most."""
    tracemalloc.start()
    call()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=2_000_000)
    parser.add_argument("--runs", type=int, default=9)
    parser.add_argument("--folder", type=Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=options.folder) as name:
        calls = contestants(Path(name), options.count)
        for call in calls.values():
            call()
        rounds = [{key: seconds(call) for key, call in calls.items()} for _ in range(options.runs)]
        peaks = {key: peak_bytes(call) / 1e6 for key, call in calls.items()}
    medians = {key: statistics.median(times[key] for times in rounds) for key in calls}
    print(f"{options.count:,} Gaussians, median of {options.runs} rounds\n")
    print(f"{'':34}{'ms':>8}{'x tofile':>10}{'peak MB':>10}")
    for key, median in medians.items():
        ratio = median / medians[f"{key.split()[0]} tofile"]
        print(f"{key:34}{1000 * median:8.1f}{ratio:10.2f}{peaks[key]:10.1f}")
    print(json.dumps({"count": options.count, "median_s": medians, "peak_mb": peaks}))


if __name__ == "__main__":
    main()
