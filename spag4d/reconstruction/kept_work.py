"""What a reconstruction has found out so far, kept beside its output, so that a run that was stopped goes on."""

import json
import shutil
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from spag4d.data import DepthMap
from spag4d.errors import InputError
from spag4d.io.atomic import atomic_path, made_folder

_LOCK, _RECORD = ".lock", "made_of.json"

Arrays = Mapping[str, np.ndarray]


class KeptWork:
    """Arrays by name in a folder."""

    def __init__(self, folder: Path) -> None:
        """Take the folder, which exists."""
        self._folder = folder

    def path(self, name: str) -> Path:
        """Return the file in which something is kept."""
        return self._folder / f"{name}.npz"

    def find(self, name: str) -> dict[str, np.ndarray] | None:
        """Return what was kept under a name, None where that is nothing or damaged."""
        try:
            with self.path(name).open("rb") as file, np.load(file, allow_pickle=False) as arrays:
                return dict(arrays)
        except (OSError, ValueError, EOFError, zipfile.BadZipFile):
            return None

    def keep(self, name: str, arrays: Arrays) -> None:
        """Keep arrays under a name."""
        with atomic_path(self.path(name)) as path:
            np.savez(path, **arrays)  # type: ignore[arg-type]


def work_folder(output: Path) -> Path:
    """Return the hidden folder beside an output in which its work is kept."""
    return output.with_name(f".{output.name}.work")


def forget_work(output: Path) -> None:
    """Delete what an earlier run kept for an output."""
    shutil.rmtree(work_folder(output), ignore_errors=True)


def depth_to_arrays(depth: DepthMap) -> dict[str, np.ndarray]:
    """Return a depth map as arrays."""
    about = {"kind": depth.kind, "model": depth.model, "metres_from": depth.metres_from, "scale_sigma": depth.scale_sigma}
    doubt = {} if depth.doubt is None else {"doubt": depth.doubt}
    return {"distance": depth.distance, "sky": depth.sky, "about": np.array(json.dumps(about)), **doubt}


def depth_from_arrays(arrays: Arrays) -> DepthMap:
    """Return the depth map of such arrays."""
    return DepthMap(arrays["distance"], arrays["sky"], **json.loads(str(arrays["about"])), doubt=arrays.get("doubt"))


def prepared_work(output: Path, made_of: Mapping[str, Any]) -> KeptWork:
    """Return the work that a run has prepared for others; raises `InputError` where there is none, ``made_of`` the same."""
    record = work_folder(output) / _RECORD
    if not record.exists() or record.read_text(encoding="utf-8") != json.dumps(made_of, sort_keys=True):
        raise InputError(f"nothing is prepared for {output} with this input and these settings: give the command with "
                         "--prepare first.")
    return KeptWork(work_folder(output))


@contextmanager
def kept_work(output: Path, made_of: Mapping[str, Any], *, goes_on: bool = False) -> Iterator[KeptWork]:
    """Yield the work kept for an output, if it is ``made_of`` the same things as now, and keep other runs out of it.

    It is deleted when the block ends well, unless it ``goes_on`` in other runs, or finds its input wrong, and kept where it is
    stopped. Raises `InputError` where another run makes the same output.
    """
    from filelock import FileLock, Timeout

    folder = made_folder(work_folder(output))
    lock = FileLock(folder / _LOCK, timeout=0)
    try:
        lock.acquire()
    except Timeout as error:
        raise InputError(f"another run is making {output}. Wait until it ends, or choose another name.") from error
    is_done = False
    try:
        _emptied_unless(folder, json.dumps(made_of, sort_keys=True))
        yield KeptWork(folder)
        is_done = not goes_on
    except InputError:
        is_done = True
        raise
    finally:
        lock.release()
        if is_done:
            shutil.rmtree(folder, ignore_errors=True)


def _emptied_unless(folder: Path, made_of: str) -> None:
    """Delete what was found out about other things."""
    record = folder / _RECORD
    if record.exists() and record.read_text(encoding="utf-8") == made_of:
        return
    for path in folder.glob("*.npz"):
        path.unlink()
    with atomic_path(record) as path:
        path.write_text(made_of, encoding="utf-8")
