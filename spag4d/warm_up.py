"""``python -m spag4d.warm_up`` compiles the loops of a conversion ahead of the first one; installers run it.

``--record`` makes the list of what is compiled anew, after kernels or what they are called with have changed.
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

import cv2
import numpy as np

from spag4d.compiling import compile_all
from spag4d.core import SPAG4D
from spag4d.kernel_signatures import record_signatures
from spag4d.motion.lasting import lasting_picture

_AHEAD = [[1, 0, 0], [0, 1, 0], [0, 0, 1]]


def call_kernels() -> None:
    """Make scenes of a tiny panorama that has edges, sky and a black cap, and of three; and find what lasts."""
    rows, columns = np.indices((64, 128))
    sky, chequered = rows < 24, (rows // 8 + columns // 8) % 2 == 0
    rgb = np.where(sky[..., None], (140, 180, 240), np.where(chequered[..., None], 60, 190)).astype(np.uint8)
    rgb[56:] = 0
    with tempfile.TemporaryDirectory() as name:
        folder, converter = Path(name), SPAG4D(depth_model="builtin", sharp_refine=False, device="cpu")
        converter.convert(rgb, folder / "scene.ply")
        for number in range(3):
            cv2.imwrite(str(folder / f"{number}.png"), np.roll(rgb, number, axis=1))
        poses = {f"{number}.png": {"position_m": [0.1 * number, 0, 0], "rotation": _AHEAD} for number in range(3)}
        (folder / "poses.json").write_text(json.dumps({"panoramas": poses}), encoding="utf-8")
        converter.reconstruct([folder], folder / "place.ply", poses=folder)
    lasting_picture(np.stack([rgb, rgb]), np.zeros((2, *rgb.shape[:2]), np.float32))


def record() -> None:
    """Write the list of kernels anew: of all that `call_kernels` calls."""
    subprocess.run([sys.executable, "-c", "from spag4d.warm_up import call_kernels; call_kernels()"], check=True)
    call_kernels()  # what is compiled already is loaded alone, without the kernels that it calls
    record_signatures()


if __name__ == "__main__":
    record() if sys.argv[1:] == ["--record"] else compile_all()
