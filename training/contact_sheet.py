"""Show what the network sees: ``python -m training.contact_sheet SHEET.jpg``.

A row for each scene: the picture, its true distance, the distance that `BuiltinDepth` finds. One scale for all: logarithmic
from half a metre (red) to a hundred (blue), sky black, unknown grey.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import cv2
import numpy as np
import torch

from spag4d.data import Panorama
from spag4d.depth.builtin import BuiltinDepth
from spag4d.networks.builtin import load_builtin
from training.dataset import VALIDATION_SEEDS_BEGIN
from training.generator import generate

NEAR_M, FAR_M = 0.5, 100.0


def colored(distance: np.ndarray, sky: np.ndarray) -> np.ndarray:
    """Colour distances (h, w) in metres: (h, w, 3) uint8 BGR."""
    nearness = np.log(FAR_M / distance) / np.log(FAR_M / NEAR_M)
    picture = cv2.applyColorMap(np.rint(np.clip(nearness, 0, 1) * 255).astype(np.uint8), cv2.COLORMAP_TURBO)
    picture[sky] = 0
    return picture.astype(np.uint8)


def row(model: BuiltinDepth, seed: int, height: int) -> np.ndarray:
    """Picture, truth and estimate of one scene side by side: (height, 6 height, 3) uint8 BGR."""
    sample = generate(seed, height)
    estimate = model.estimate(Panorama(sample.rgb.numpy()))
    truth = colored(np.clip(sample.distance.numpy(), 1e-3, 1e3), sample.sky.numpy())
    truth[~sample.valid.numpy()] = 128
    picture = (sample.rgb.numpy()[..., ::-1] * 255).round().astype(np.uint8)
    return np.hstack([picture, truth, colored(estimate.distance, estimate.sky)])


def main() -> None:
    """Draw from the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sheet", type=Path)
    parser.add_argument("--seeds", type=int, nargs="+", default=range(VALIDATION_SEEDS_BEGIN, VALIDATION_SEEDS_BEGIN + 6))
    parser.add_argument("--height", type=int, default=256)
    parser.add_argument("--weights", type=Path, help="instead of those that ship")
    options = parser.parse_args()
    torch.set_num_threads(2)
    model = BuiltinDepth(network=load_builtin(options.weights, None) if options.weights else None)
    sheet = np.vstack([row(model, seed, options.height) for seed in options.seeds])
    options.sheet.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(options.sheet), sheet, [cv2.IMWRITE_JPEG_QUALITY, 88])


if __name__ == "__main__":
    main()
