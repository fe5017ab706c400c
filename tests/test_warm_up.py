"""After a warm-up a conversion compiles nothing."""

import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

from spag4d.warm_up import compile_kernels

CONVERT = """
import sys
from numba.core.event import install_recorder
from spag4d.core import SPAG4D
with install_recorder("numba:compile") as compiled:
    SPAG4D(device="cpu", depth_model="builtin", sharp_refine=False).convert(*sys.argv[1:])
print(*{event.data["dispatcher"].__name__ for _, event in compiled.buffer})
"""


@pytest.mark.parametrize("cap_px", [0, 30])
def test_a_conversion_after_it_compiles_nothing(tmp_path: Path, cap_px: int) -> None:
    compile_kernels()
    photo = tmp_path / "photo.png"
    rgb = np.asarray(cv2.imread(str(Path(__file__).parents[1] / "TestImage" / "courtyard.jpg")))
    rgb = cv2.resize(rgb, (512, 256), interpolation=cv2.INTER_AREA)
    rgb[256 - cap_px :] = 0
    cv2.imwrite(str(photo), rgb)
    command = [sys.executable, "-c", CONVERT, photo, tmp_path / "scene.ply"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""
