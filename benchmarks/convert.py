"""What each stage of a conversion costs, and how far that is from the limit of the machine.

    python benchmarks/convert.py TestImage/courtyard.jpg [--strides 2 1] [--depth-map FILE] [--runs 3]

For each stride a process converts a tiny picture first, so that models are loaded and kernels compiled, and then the picture.
Two whole processes follow, ``spag4d convert`` of the tiny picture and of the picture at the first stride. Prints a table of
medians and one line of JSON.

CPU seconds are those of all threads, and stay meaningful where other programs share the machine; wall seconds do not. The peak
is the largest resident memory within the stage (Linux only). The limit of a stage is what it has to touch, its input read once
and its output written once, divided by the memory bandwidth of one core, measured in the same process; for the depth network
it is arithmetic, at the rate of a matrix product. ``x`` is CPU seconds over that limit.
"""

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from spag4d import SPAG4D
from spag4d.progress import Event, Progress, Step

RGB, DEPTH, FLAG, GAUSSIAN, PLY_ROW = 12, 5, 1, 56, 68
"""Bytes: of a pixel's colour, of its distance and sky, of a flag, of a Gaussian in memory and of one in a PLY file."""
LEAST_BYTES: dict[str, Callable[[int, int], int]] = {
    "Reading": lambda pixels, gaussians: (3 + RGB) * pixels,
    "Depth": lambda pixels, gaussians: (RGB + DEPTH) * pixels,
    "Scale": lambda pixels, gaussians: (DEPTH + FLAG) * pixels,
    "Edges": lambda pixels, gaussians: (RGB + 2 * DEPTH) * pixels,
    "Poles": lambda pixels, gaussians: (RGB + DEPTH + FLAG) * pixels,
    "Gaussians": lambda pixels, gaussians: (RGB + DEPTH) * pixels + GAUSSIAN * gaussians,
    "Sky dome": lambda pixels, gaussians: (RGB + DEPTH) * pixels,
    "Walking range": lambda pixels, gaussians: GAUSSIAN * gaussians,
    "Writing": lambda pixels, gaussians: (GAUSSIAN + PLY_ROW) * gaussians,
}
NETWORK_FLOP = 74.8e9
"""What the built-in network computes for a picture and its mirror image, as torch's `FlopCounterMode` counts it."""
TINY_HW = (128, 256)


class Meter:
    """Listens to a conversion: CPU and wall seconds and peak memory of each stage, from its first event to the next one's."""

    def __init__(self) -> None:
        """Begin before any stage."""
        self.cpu_s: dict[str, float] = defaultdict(float)
        self.wall_s: dict[str, float] = defaultdict(float)
        self.peak_mb: dict[str, float] = defaultdict(float)
        self._stage, self._since = "", (0.0, 0.0)

    def hear(self, event: Event) -> None:
        """Note when the stage changes."""
        if isinstance(event, Step) and event.stage != self._stage:
            self.enter(event.stage)

    def enter(self, stage: str) -> None:
        """End the stage before, and begin another."""
        now = time.process_time(), time.perf_counter()
        if self._stage:
            self.cpu_s[self._stage] += now[0] - self._since[0]
            self.wall_s[self._stage] += now[1] - self._since[1]
            self.peak_mb[self._stage] = max(self.peak_mb[self._stage], peak_mb())
        forget_peak()
        self._stage, self._since = stage, now


def peak_mb() -> float:
    """Return the largest resident memory of this process since `forget_peak`."""
    status = Path("/proc/self/status")
    if not status.exists():
        return float("nan")
    line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) / 1024


def forget_peak() -> None:
    """Let the kernel count the peak anew, from what is resident now."""
    if Path("/proc/self/clear_refs").exists():
        Path("/proc/self/clear_refs").write_text("5")


def rate(work: Callable[[], object], amount: float) -> float:
    """Return how much of something one CPU second does: the best of five calls."""
    seconds = []
    for _ in range(5):
        begun = time.process_time()
        work()
        seconds.append(time.process_time() - begun)
    return amount / min(seconds)


def bandwidth() -> float:
    """Return bytes read and written in a CPU second, of a copy far larger than the caches."""
    source = np.ones(1 << 25, np.float32)
    target = np.zeros_like(source)
    return rate(lambda: np.copyto(target, source), 2.0 * source.nbytes)


def arithmetic() -> float:
    """Return floating point operations in a CPU second, of a product of matrices."""
    left, right = np.ones((1024, 1024), np.float32), np.ones((1024, 1024), np.float32)
    return rate(lambda: left @ right, 2.0 * 1024**3)


def loaded(picture: Path, tiny: Path, stride: int, depth_map: Path | None) -> dict[str, Any]:
    """Convert in this process, once it is warm, and return what the stages cost."""
    converter, meter = SPAG4D(stride=stride, depth_model="builtin", sharp_refine=False, device="cpu"), Meter()
    with tempfile.TemporaryDirectory() as folder:
        converter.convert(tiny, f"{folder}/tiny.ply")
        result = converter.convert(picture, f"{folder}/scene.ply", depth_map=depth_map, progress=Progress(meter.hear))
        meter.enter("")
    height, width = _pixels(picture).shape[:2]
    per_byte, per_flop = 1 / bandwidth(), 1 / arithmetic()
    limits = {name: least(height * width, result.splat_count) * per_byte for name, least in LEAST_BYTES.items()}
    if depth_map is None:
        limits["Depth"] += NETWORK_FLOP * per_flop
    return {"gaussians": result.splat_count, "cpu_s": meter.cpu_s, "wall_s": meter.wall_s, "peak_mb": meter.peak_mb,
            "limit_s": limits, "bandwidth_gb_s": 1e-9 / per_byte, "gflop_s": 1e-9 / per_flop}


def measured(arguments: list[str]) -> tuple[str, dict[str, float]]:
    """Run Python, and return what it prints with CPU and wall seconds and the peak memory of the whole process."""
    begun = time.perf_counter()
    process = subprocess.Popen([sys.executable, *arguments], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    assert process.stdout is not None
    printed = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0, arguments
    megabytes = usage.ru_maxrss / 1024 / (1024 if sys.platform == "darwin" else 1)
    return printed, {"cpu_s": usage.ru_utime + usage.ru_stime, "wall_s": time.perf_counter() - begun, "peak_mb": megabytes}


def whole(picture: Path, stride: int) -> dict[str, float]:
    """Return what ``spag4d convert`` costs from its start to its end."""
    with tempfile.TemporaryDirectory() as folder:
        return measured(["-m", "spag4d", "convert", str(picture), f"{folder}/scene.ply", "--stride", str(stride),
                         "--depth-model", "builtin", "--no-sharp-refine", "--device", "cpu", "--json"])[1]


def median_of(runs: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the median of every number in dictionaries of the same shape."""
    first = runs[0]
    return {key: median_of([run[key] for run in runs]) if isinstance(value, dict) else
            statistics.median(run[key] for run in runs) for key, value in first.items()}


def print_table(name: str, stride: int, found: dict[str, Any]) -> None:
    """Print one stride's stages in the order in which they came."""
    print(f"\n{name}, stride {stride}: {found['gaussians']:,} Gaussians; {found['bandwidth_gb_s']:.1f} GB and "
          f"{found['gflop_s']:.0f} GFLOP a CPU second\n\n"
          "| stage | CPU s | wall s | peak MB | limit, CPU s | x |\n|---|---|---|---|---|---|")
    for stage, cpu_s in found["cpu_s"].items():
        limit = found["limit_s"].get(stage)
        share = "| |" if limit is None else f"{limit:.3f} | {cpu_s / limit:.0f} |"
        print(f"| {stage} | {cpu_s:.2f} | {found['wall_s'][stage]:.2f} | {found['peak_mb'][stage]:.0f} | {share}")
    print(f"| total | {sum(found['cpu_s'].values()):.2f} | {sum(found['wall_s'].values()):.2f} | "
          f"{max(found['peak_mb'].values()):.0f} | {sum(found['limit_s'].values()):.3f} | |")


def _pixels(picture: Path) -> np.ndarray:
    pixels = cv2.imread(str(picture))
    assert pixels is not None, f"{picture} is not a picture"
    return pixels


def main() -> None:
    """Measure and print; with ``--loaded`` only the stages of one stride, as JSON, which the benchmark asks itself for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("picture", type=Path)
    parser.add_argument("--strides", type=int, nargs="+", default=[2, 1])
    parser.add_argument("--depth-map", type=Path)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--loaded", type=Path, metavar="TINY", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.loaded:
        print(json.dumps(loaded(options.picture, options.loaded, options.strides[0], options.depth_map)))
        return
    with tempfile.TemporaryDirectory() as folder:
        tiny = Path(folder) / "tiny.png"
        cv2.imwrite(str(tiny), cv2.resize(_pixels(options.picture), TINY_HW[::-1], interpolation=cv2.INTER_AREA))
        given = ["--depth-map", str(options.depth_map)] if options.depth_map else []
        asked = [[__file__, str(options.picture), "--loaded", str(tiny), "--strides", str(stride), *given]
                 for stride in options.strides]
        stages = [median_of([json.loads(measured(one)[0]) for _ in range(options.runs)]) for one in asked]
        processes = {name: median_of([whole(picture, options.strides[0]) for _ in range(options.runs)])
                     for name, picture in (("tiny picture", tiny), (options.picture.name, options.picture))}
    for stride, found in zip(options.strides, stages, strict=True):
        print_table(options.picture.name, stride, found)
    print("\n| whole process | CPU s | wall s | peak MB |\n|---|---|---|---|")
    for name, found in processes.items():
        print(f"| {name}, stride {options.strides[0]} "
              f"| {found['cpu_s']:.2f} | {found['wall_s']:.2f} | {found['peak_mb']:.0f} |")
    print(json.dumps({"picture": options.picture.name, "strides": dict(zip(options.strides, stages, strict=True)),
                      "processes": processes, "machine": platform.processor() or platform.machine(), "cpus": os.cpu_count()}))


if __name__ == "__main__":
    main()
