"""Render ``TestImage``: three panoramas of 4096 x 2048 with their true depth, from fixed seeds.

``python -m training.render_test_images [--out TestImage] [--width 4096] [--only interior]``
"""

from __future__ import annotations

import argparse
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from training import develop
from training.raycast import Grid
from training.render import Quality, full_grid, render
from training.scene import Scene
from training.showcase import SCENES

_BAND_RAYS = 1 << 20
_DEPTH_HEIGHT = 512


@dataclass(frozen=True)
class Job:
    """How one picture is made: its height in pixels, samples per pixel along each axis, torch device."""

    height: int
    samples: int
    device: str


def picture(scene: Scene, job: Job, film: develop.Film) -> np.ndarray:
    """The developed panorama, (h, 2 h, 3) uint8; rendered in bands of rows."""
    quality = Quality(casters=200)
    coarse = render(scene, full_grid(scene, 192, job.device), Quality())
    factor = develop.exposure_of(coarse, film)
    fine = job.height * job.samples
    rows = max(_BAND_RAYS // (2 * fine) // (4 * job.samples), 1) * 4 * job.samples
    noise = torch.Generator().manual_seed(1)
    bands, numbers = [], []
    for row0 in range(0, fine, rows):
        grid = Grid(fine, row0, min(row0 + rows, fine), scene.camera, scene.yaw, job.device)
        image = render(scene, grid, quality)
        h, w = image.index.shape
        radiance = image.radiance.clamp(max=6.0 / factor).view(h // job.samples, job.samples, w // job.samples, job.samples, 3)
        bands.append(radiance.mean((1, 3)))
        numbers.append(image.index[:: job.samples, :: job.samples])
    radiance = torch.cat(bands)
    if job.samples == 1:
        radiance = develop.soften(radiance, torch.cat(numbers))
    return (develop.develop(radiance, factor, film, noise) * 255.0 + 0.5).to(torch.uint8).cpu().numpy()


def true_distance(scene: Scene, device: str) -> np.ndarray:
    """Distance along the ray at 1024 x 512, float16 metres, inf in the sky."""
    image = render(scene, full_grid(scene, _DEPTH_HEIGHT, device), Quality(casters=0, reflections=False))
    return image.distance.cpu().numpy().astype(np.float16)


def main() -> None:
    """Render the pictures named on the command line, all of them by default."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("TestImage"))
    parser.add_argument("--width", type=int, default=4096)
    parser.add_argument("--samples", type=int, default=1, help="per pixel along each axis; with 1 the borders are softened")
    parser.add_argument("--only", choices=sorted(SCENES))
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    job = Job(options.width // 2, options.samples, options.device)
    for name, (build, cap_deg) in SCENES.items():
        if options.only in (None, name):
            begin = time.perf_counter()
            with torch.inference_mode():
                save(options.out / name, build(), cap_deg, job)
            print(f"{name}: {time.perf_counter() - begin:.0f} s")


def save(stem: Path, scene: Scene, cap_deg: float, job: Job) -> None:
    """Write ``<stem>.jpg`` and ``<stem>.depth.npz`` (key ``distance_m``)."""
    film = develop.Film(contrast=1.1, saturation=1.05, noise=0.003, shoulder=0.55)
    rgb = picture(scene, job, film)
    elevation = 90.0 - (np.arange(job.height) + 0.5) * 180.0 / job.height
    rgb[elevation < cap_deg - 90.0] = 0
    Image.fromarray(rgb).save(stem.with_suffix(".jpg"), quality=90, optimize=True, progressive=True)
    np.savez_compressed(stem.with_suffix(".depth.npz"), distance_m=true_distance(scene, job.device))


if __name__ == "__main__":
    main()
