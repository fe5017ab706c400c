"""What a splat file holds before a reader makes it usable, for those who look for what is wrong with it.

These Gaussians are activated, but neither clipped, normalised nor repaired.
"""

from collections.abc import Callable
from pathlib import Path

import numpy as np

from spag4d.data import Gaussians
from spag4d.formats.ply_vertices import read_vertices
from spag4d.formats.records import map_records
from spag4d.formats.scene import SceneFile
from spag4d.formats.splat import RECORD
from spag4d.io.opening import require_file


def read_raw_ply(path: Path) -> Gaussians:
    """Read a 3DGS PLY; an infinite logit becomes an opacity of 0 or 1 as meant, what is not a number stays that.

    Raises `InputError` as `read_ply` does.
    """
    require_file(path)
    vertices = read_vertices(path)
    with np.errstate(over="ignore", invalid="ignore"):
        return Gaussians(vertices.means.astype(np.float32), np.exp(vertices.log_scales), vertices.quats_wxyz,
                         1 / (1 + np.exp(-vertices.logits)), vertices.colors, vertices.sh)


def read_raw_splat(path: Path) -> Gaussians:
    """Read a .splat file, whose bytes can hold no invalid opacity or colour; raises `InputError` as `read_splat` does."""
    require_file(path)
    records = map_records(path, RECORD, 0, path.stat().st_size // RECORD.itemsize)
    rgba = records["rgba"] / np.float32(255)
    return Gaussians(np.array(records["mean"]), np.array(records["scale"]), records["quat_wxyz"] - np.float32(128),
                      rgba[:, 3].copy(), rgba[:, :3].copy())


_RAW_READERS: dict[str, Callable[[Path], Gaussians]] = {"ply": read_raw_ply, "splat": read_raw_splat}


def read_raw(scene: SceneFile, gaussians: Gaussians) -> Gaussians:
    """Return what a scene file holds, of which ``gaussians`` were read; raises `InputError`.

    Formats that pack all their values into a few bits, and those that a reader takes as they are, hold what was read.
    """
    read = _RAW_READERS.get(scene.kind)
    return gaussians if read is None else read(scene.path)
