"""The .ftgs.ply file (FreeTimeGS; FORMAT.md of its player, version 1): a 3DGS PLY whose Gaussians move straight and fade.

Beside the usual properties ``time`` and ``log_duration``, the middle and the logarithm of the standard deviation of a bell in
time, and ``velocity``; times are shares of the whole, the first picture at 0 and the last of ``n_frames`` at 1. Ordinary
readers show it as a still scene.
"""

import math
from functools import partial
from pathlib import Path

import numpy as np

from spag4d.data import Moving
from spag4d.errors import InputError
from spag4d.formats.ftgs_write import DURATION, ENDLESS, FPS, FRAMES, MOVES, NOTES, TIMES, VELOCITY, write_ftgs
from spag4d.formats.moving import MovingFile, MovingFormat, Timeline
from spag4d.formats.moving_rows import MovingRows, usual_timeline
from spag4d.formats.ply import activated
from spag4d.formats.ply_comments import read_comments
from spag4d.formats.ply_header import vertex_names
from spag4d.formats.ply_rows import columns
from spag4d.formats.ply_vertices import vertex_rows, vertices_in

_FAINTEST = 1 / 255
"""The share of its opacity at which nothing can be seen any more."""
_REACH = math.sqrt(-2 * math.log(_FAINTEST))
"""Standard deviations until then."""
_STEPS = 256
"""Places in time at which windows begin and end, outside of what can be seen: few enough for a table."""
_LONGEST_S, _MOST_FPS = 1e6, 1000.0
"""What a file may state: eleven days, and a thousand pictures a second."""


def _opened(path: Path) -> MovingFile:
    rows, element = vertex_rows(path, (*TIMES, *VELOCITY))
    if not len(rows):
        raise InputError(f"{path} is a scene of no Gaussians.")
    comments = read_comments(path)
    notes = dict(comment.split(maxsplit=1) for comment in comments if len(comment.split(maxsplit=1)) == 2)
    moves = notes.get(MOVES) != "0"
    return MovingRows(rows, partial(_decoded, path, moves), _timeline(notes),
                      f"FTGS PLY, {len(element.names)} properties{'' if moves else ', without motion'}", _FAINTEST,
                      [comment for comment in comments if comment.split(maxsplit=1)[:1] not in [[name] for name in NOTES]])


def _timeline(notes: dict[str, str]) -> Timeline:
    """Return how long the file says it is: our own notes say it, others only how many pictures it was made from."""
    duration_s, fps, frames = (_number(notes.get(name, "")) for name in (DURATION, FPS, FRAMES))
    if 0 < duration_s <= _LONGEST_S:
        return Timeline(duration_s, fps if 0 < fps <= _MOST_FPS else None)
    return usual_timeline(int(frames) - 1 if 1 < frames <= _LONGEST_S else None)


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return math.nan


def _decoded(path: Path, moves: bool, rows: np.ndarray) -> Moving:
    vertices = vertices_in(path, rows)
    times, logs = columns(rows, TIMES).astype(np.float64).T
    velocities = columns(rows, VELOCITY) if moves else np.zeros((len(rows), 3), np.float32)
    with np.errstate(over="ignore", invalid="ignore"):
        sigmas = np.where(logs >= math.log(ENDLESS / 2), np.inf, np.exp(logs))
        first, last = (np.nan_to_num((times + side * sigmas) * _STEPS, nan=0.0) for side in (-_REACH, _REACH))
    begins = np.clip(np.floor(first), 0, _STEPS - 1)
    windows = np.stack([begins, np.maximum(np.clip(np.ceil(last), 0, _STEPS), begins + 1)], 1) / _STEPS
    return Moving(activated(vertices, vertices.means.astype(np.float32)), velocities, times, sigmas, windows)


def _recognises(path: Path, head: bytes) -> bool:
    return {*TIMES, *VELOCITY} <= vertex_names(path, head)


FTGS = MovingFormat("ftgs.ply", "FTGS PLY", _recognises, _opened, write_ftgs)
