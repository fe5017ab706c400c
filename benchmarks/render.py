"""How long a picture takes: a million Gaussians that are all in view, or a scene file.

    python -m benchmarks.render [SCENE] [--size 1024] [--rounds 5]

Prints seconds of a view and of a panorama, and the processor time that they took, and one JSON line.
"""

import argparse
import json
import time
from pathlib import Path

import numpy as np

from spag4d.data import Gaussians
from spag4d.formats.scene import read_scene
from spag4d.geometry.camera import camera_looking
from spag4d.render.view import render_panorama, render_view


def in_view(count: int) -> Gaussians:
    """Return Gaussians of all shapes, 1 to 8 m ahead, that fill a view of 90 degrees."""
    rng = np.random.default_rng(0)
    z = rng.uniform(1, 8, count)
    across, down = np.tan(rng.uniform(-np.pi / 4, np.pi / 4, (2, count))) * z
    quats = rng.normal(size=(count, 4))
    fields = (np.stack([across, down, z], 1), 0.004 * np.exp(0.5 * rng.normal(size=(count, 3))),
              quats / np.linalg.norm(quats, axis=1, keepdims=True), rng.uniform(0.1, 1, count), rng.uniform(0, 1, (count, 3)))
    return Gaussians(*(field.astype(np.float32) for field in fields))


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("scene", nargs="?", type=Path)
    parser.add_argument("--size", type=int, default=1024, help="pixels along each side of the view, and rows of the panorama")
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    gaussians = read_scene(options.scene) if options.scene else in_view(1_000_000)
    camera = camera_looking(np.array([0.0, 0.0, 1.0]), 90.0, (options.size, options.size))
    figures: dict[str, object] = {"gaussians": len(gaussians), "size": options.size}
    for name, draw in (("view", lambda: render_view(gaussians, camera)),
                       ("panorama", lambda: render_panorama(gaussians, options.size))):
        draw()  # compiles
        times = []
        for _ in range(options.rounds):
            wall, processor = time.perf_counter(), time.process_time()
            draw()
            times.append((time.perf_counter() - wall, time.process_time() - processor))
        wall, processor = np.median(times, axis=0)
        figures[name] = {"wall_s": round(float(wall), 3), "processor_s": round(float(processor), 3)}
        print(f"{name}: {wall:.2f} s, {processor:.2f} s of processor time ({len(gaussians):,} Gaussians)")
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
