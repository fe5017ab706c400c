"""How large and how exact scene files are, and how fast they are written: a table for each panorama, and a line of JSON.

    python benchmarks/formats.py TestImage/courtyard.jpg --stride 2

Errors are those of what is read again: a position's over its distance from the capture point, a rotation's up to the naming of
its axes, a scale's as a logarithm. The picture is the panorama drawn from the capture point, against that of the scene itself.
Memory is what the writer takes at most beside the arrays, over the arrays.
"""

import argparse
import json
import tempfile
import time
import tracemalloc
from dataclasses import fields
from functools import partial
from pathlib import Path

import numpy as np

from spag4d import SPAG4D
from spag4d.data import Gaussians
from spag4d.formats import FORMATS
from spag4d.formats.hilbert import curve_order
from spag4d.formats.scene import write_scene
from spag4d.formats.splat import _largest_first
from spag4d.geometry.rotation import rotations_from_quats
from spag4d.render.view import render_panorama

_IN_SHELLS = ("compressed.ply", "sog")
_ROWS = 512


def measured(name: str, scene: Gaussians, drawn: np.ndarray, folder: Path) -> dict[str, float]:
    """Write and read a scene in one format, and compare."""
    path, write, read = folder / f"scene.{name}", partial(write_scene, format=name), FORMATS.load(name).read
    write(path, Gaussians(*(getattr(scene, field.name)[:2000] for field in fields(scene))))  # compile and import
    started, worked = time.perf_counter(), time.process_time()
    write(path, scene)
    write_s, cpu_s = time.perf_counter() - started, time.process_time() - worked
    started = time.perf_counter()
    found = read(path)
    read_s = time.perf_counter() - started
    tracemalloc.start()
    write(path, scene)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    order = curve_order(scene.means, in_shells=True) if name in _IN_SHELLS else \
        _largest_first(scene) if name == "splat" else np.arange(len(scene))
    size = path.stat().st_size
    path.unlink()
    picture = render_panorama(found, _ROWS).rgb
    return {
        "bytes": size / len(scene), "megabytes": size / 1e6, "write_s": write_s, "cpu_s": cpu_s, "read_s": read_s,
        "memory": peak / sum(getattr(scene, field.name).nbytes for field in fields(scene)),
        "picture_db": float(-10 * np.log10(max(((picture - drawn) ** 2).mean(), 1e-12))), **errors(found, scene, order)}


def errors(found: Gaussians, scene: Gaussians, order: np.ndarray) -> dict[str, float]:
    """Compare what was read with what was written, of which ``order`` says which comes first."""
    distance = np.linalg.norm(scene.means[order], axis=1)
    place = np.linalg.norm(found.means - scene.means[order], axis=1) / distance
    axes = np.abs(np.einsum("nij,nik->njk", *(rotations_from_quats(quats.astype(np.float64)) for quats in (
        found.quats_wxyz, scene.quats_wxyz[order]))))
    turn = np.degrees(np.arccos(np.clip(axes.max(1).min(1), -1, 1)))
    scale = np.abs(np.log(np.sort(found.scales, 1) / np.sort(scene.scales[order], 1)))
    return {"place_median": float(np.median(place)), "place_max": float(place.max()), "turn_median": float(np.median(turn)),
            "turn_max": float(turn.max()), "scale_rms": float(np.sqrt((scale ** 2).mean())), "scale_max": float(scale.max()),
            "color_max": float(np.abs(found.colors - scene.colors[order]).max() * 255),
            "opacity_max": float(np.abs(found.opacities - scene.opacities[order]).max() * 255)}


def main() -> None:
    """Measure every format on every panorama."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("panoramas", nargs="+", type=Path)
    parser.add_argument("--stride", type=int, default=2)
    options = parser.parse_args()
    converter = SPAG4D(depth_model="builtin", stride=options.stride, sharp_refine=False)
    for panorama in options.panoramas:
        scene = converter.to_gaussians(panorama)
        drawn = render_panorama(scene, _ROWS).rgb
        with tempfile.TemporaryDirectory() as folder:
            rows = {name: measured(name, scene, drawn, Path(folder)) for name in FORMATS}
        print(f"{panorama.name}, {len(scene):,} Gaussians\n")
        print("| format | bytes each | MB | write s (CPU s) | read s | memory | place, median / max | turn | scale, rms / max "
              "| colour | opacity | picture |\n|---|---|---|---|---|---|---|---|---|---|---|---|")
        for name, row in rows.items():
            print("| .{} | {bytes:.1f} | {megabytes:.1f} | {write_s:.1f} ({cpu_s:.1f}) | {read_s:.1f} | {memory:.2f} "
                  "| {place_median:.1e} / {place_max:.1e} | {turn_median:.2f}° / {turn_max:.2f}° "
                  "| {scale_rms:.2%} / {scale_max:.2%} | {color_max:.2f} | {opacity_max:.2f} | {picture_db:.1f} dB |"
                  .format(name, **row))
        print(json.dumps({"panorama": panorama.name, "count": len(scene), "formats": rows}))


if __name__ == "__main__":
    main()
