"""After a warm-up a conversion and a reconstruction compile nothing."""

import json
import os
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

from spag4d import compiling
from spag4d.compiling import compile_all, compile_in_background

CONVERT = """
import sys
from numba.core.event import install_recorder
from spag4d.core import SPAG4D
photo, folder = sys.argv[1:]
with install_recorder("numba:compile") as compiled:
    converter = SPAG4D(device="cpu", depth_model="builtin", sharp_refine=False)
    converter.convert(photo, f"{folder}/scene.ply")
    converter.reconstruct([photo, f"{folder}/other.png"], f"{folder}/place.ply", poses=folder)
print(*{event.data["dispatcher"].__name__ for _, event in compiled.buffer})
"""
AHEAD = [[1, 0, 0], [0, 1, 0], [0, 0, 1]]


@pytest.mark.parametrize("cap_px", [0, 30])
def test_what_comes_after_it_compiles_nothing(tmp_path: Path, cap_px: int) -> None:
    compile_all()
    rgb = np.asarray(cv2.imread(str(Path(__file__).parents[1] / "TestImage" / "courtyard.jpg")))
    rgb = cv2.resize(rgb, (512, 256), interpolation=cv2.INTER_AREA)
    rgb[256 - cap_px :] = 0
    poses = {}
    for number, name in enumerate(("photo.png", "other.png")):
        cv2.imwrite(str(tmp_path / name), np.roll(rgb, 2 * number, axis=1))
        poses[name] = {"position_m": [0.3 * number, 0, 0], "rotation": AHEAD}
    (tmp_path / "poses.json").write_text(json.dumps({"panoramas": poses}), encoding="utf-8")
    command = [sys.executable, "-c", CONVERT, tmp_path / "photo.png", tmp_path]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""


def test_the_background_begins_once_for_each_installation(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[str] = []
    listed = tmp_path / "package" / "kernel_signatures.json"
    listed.parent.mkdir()
    listed.write_text("{}")
    monkeypatch.setattr(compiling, "SIGNATURES_PATH", listed)
    monkeypatch.setattr(compiling, "_started", lambda: started.append("all") or [])
    compile_in_background()
    compile_in_background()
    assert started == ["all"]
    os.utime(listed, (1, 1))  # another list: other kernels
    compile_in_background()
    monkeypatch.setattr(sys, "executable", "/opt/modeller/modeller")
    os.utime(listed, (2, 2))
    compile_in_background()
    assert started == ["all"] * 2
