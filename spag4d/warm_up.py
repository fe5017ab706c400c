"""``python -m spag4d.warm_up`` compiles the loops of a conversion ahead of the first one; installers run it.

Compiling all takes half a minute of a core, so several processes share the list of `spag4d.kernel_signatures`. Where no
installer did that, `compile_in_background` does while the first conversion begins; what that needs earlier it compiles itself.
"""

import hashlib
import json
import os
import platform
import subprocess
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path

import numpy as np

from spag4d.kernel_signatures import SIGNATURES_PATH, compile_listed, read_signatures, record_signatures
from spag4d.models.weights import home_folder

_MOST_PROCESSES = 4
"""Each takes 200 MB; more would wait for what few kernels call in common."""
_NO_WINDOW = getattr(subprocess, "CREATE_NO_WINDOW", 0)
"""On Windows a program without a console would open one for each."""
_RUNNING: list["subprocess.Popen[bytes]"] = []
_AHEAD = [[1, 0, 0], [0, 1, 0], [0, 0, 1]]


def start_compiling() -> list["subprocess.Popen[bytes]"]:
    """Start processes that compile all kernels of the list and keep their machine code; they say nothing."""
    count = min(_MOST_PROCESSES, os.cpu_count() or 1)
    return [subprocess.Popen([sys.executable, "-m", "spag4d.warm_up", str(number), str(count)], stdin=subprocess.DEVNULL,
                             stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, creationflags=_NO_WINDOW)
            for number in range(count)]


def compile_in_background() -> None:
    """Start compiling, once for each installation; not in a program that has Python inside, which may not be called like it."""
    if Path(sys.executable or "").stem.startswith("python") and _mark():
        _RUNNING.extend(start_compiling())


def call_kernels() -> None:
    """Make scenes of a tiny panorama that has edges, sky and a black cap, and of three; and find what lasts."""
    import cv2

    from spag4d.core import SPAG4D
    from spag4d.motion.lasting import lasting_picture

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


def main(arguments: list[str]) -> None:
    """Compile all with no arguments, every ``count``-th of the list with ``number count``; write the list with ``--record``."""
    if arguments == ["--record"]:
        subprocess.run([sys.executable, "-c", "from spag4d.warm_up import call_kernels; call_kernels()"], check=True)
        call_kernels()  # what is compiled already is loaded alone, without the kernels that it calls
        record_signatures()
    elif arguments:
        number, count = map(int, arguments)
        for name, signatures in [*reversed(read_signatures().items())][number::count]:  # a conversion compiles from the front
            compile_listed(name, signatures)
    else:
        _mark()
        for process in start_compiling():
            process.wait()


def _mark() -> bool:
    """Remember that this installation's kernels are being compiled; return whether that is new and could be written down."""
    made_of = (SIGNATURES_PATH, SIGNATURES_PATH.stat().st_mtime_ns, sys.version, version("numba"), platform.machine())
    name = f"compiled-{hashlib.sha256(repr(made_of).encode()).hexdigest()[:16]}"
    for folder in (SIGNATURES_PATH.with_name("__pycache__"), home_folder()):
        try:
            folder.mkdir(parents=True, exist_ok=True)
            (folder / name).touch(exist_ok=False)
        except FileExistsError:
            return False
        except OSError:
            continue
        return True
    return False


if __name__ == "__main__":
    main(sys.argv[1:])
