"""``python -m spag4d.warm_up`` compiles the loops of a conversion ahead of the first one; installers run it."""

import tempfile

import numpy as np

from spag4d.core import SPAG4D


def compile_kernels() -> None:
    """Convert a tiny panorama that has edges, sky and a black cap: what numba compiles for it stays on the disk."""
    rows, columns = np.indices((64, 128))
    sky, chequered = rows < 24, (rows // 8 + columns // 8) % 2 == 0
    rgb = np.where(sky[..., None], (140, 180, 240), np.where(chequered[..., None], 60, 190)).astype(np.uint8)
    rgb[56:] = 0
    with tempfile.TemporaryDirectory() as folder:
        SPAG4D(depth_model="builtin", sharp_refine=False, device="cpu").convert(rgb, f"{folder}/scene.ply")


if __name__ == "__main__":
    compile_kernels()
