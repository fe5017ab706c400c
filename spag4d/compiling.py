"""Kernels are compiled ahead, by several processes at once: by installers, or beside the first conversion or the first server.

Compiling all takes half a minute of a core. Each process takes its share of the list of `spag4d.kernel_signatures` and keeps
the machine code on the disk; what a conversion needs earlier it compiles itself.
"""

import hashlib
import os
import platform
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

from spag4d.kernel_signatures import SIGNATURES_PATH, compile_listed, read_signatures
from spag4d.models.weights import home_folder

_MOST_PROCESSES = 4
"""Each takes 200 MB; more would wait for what few kernels call in common."""
_NO_WINDOW = getattr(subprocess, "CREATE_NO_WINDOW", 0)
"""On Windows a program without a console would open one for each."""
_RUNNING: list["subprocess.Popen[bytes]"] = []


def compile_all() -> None:
    """Compile all kernels of the list, and wait until that is done."""
    _mark()
    for process in _started():
        process.wait()


def compile_in_background() -> None:
    """Start compiling, once for each installation; not in a program that has Python inside, which may not be called like it."""
    if Path(sys.executable or "").stem.startswith("python") and _mark():
        _RUNNING.extend(_started())


def _started() -> list["subprocess.Popen[bytes]"]:
    count = min(_MOST_PROCESSES, os.cpu_count() or 1)
    return [subprocess.Popen([sys.executable, "-m", "spag4d.compiling", str(number), str(count)], stdin=subprocess.DEVNULL,
                             stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, creationflags=_NO_WINDOW)
            for number in range(count)]


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


def _compile_share(number: int, count: int) -> None:
    for name, signatures in [*reversed(read_signatures().items())][number::count]:  # a conversion compiles from the front
        compile_listed(name, signatures)


if __name__ == "__main__":
    _compile_share(*map(int, sys.argv[1:]))
