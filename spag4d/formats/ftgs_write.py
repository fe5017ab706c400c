"""Writing a .ftgs.ply file as its Gaussians come; as their number stands at its beginning, the rows wait in a nameless file.

The format knows no windows, only bells. A window becomes a bell of half height at its ends, and the two bells of a hand-over
add up to three quarters there; an end at the beginning or the end of the whole is no end.
"""

import math
import shutil
import tempfile
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import numpy as np
from jaxtyping import Float64

from spag4d.data import SH_COUNTS, Gaussians, Moving
from spag4d.errors import InputError
from spag4d.formats.finite import is_usable, tell_left_out
from spag4d.formats.moving import Timeline
from spag4d.formats.ply import property_names
from spag4d.formats.ply_encode import encoded
from spag4d.formats.ply_header import comment_lines
from spag4d.progress import SILENT, Progress

TIMES, VELOCITY = ("time", "log_duration"), ("velocity_0", "velocity_1", "velocity_2")
MOVES, FRAMES, DURATION, FPS = "use_velocity", "n_frames", "duration_s", "fps"
NOTES = ("ftgs_version", "time_units", "sh_degree", MOVES, "min_duration", "opacity_floor", FRAMES, DURATION, FPS)
"""Comments that describe the file, by their first word."""
ENDLESS = 20.0
"""The bell of what does not fade, in lengths of the whole: it loses 0.03 % of its opacity, and stays within what other files of
this kind hold with 16 bits."""
_WINDOW_SIGMA = 1 / (2 * math.sqrt(2 * math.log(2)))
"""Of a bell that is half as high at both ends of a window, in lengths of the window."""
_ENDS = 0.05
"""The share of a bell's height below which the end of its window cuts off nothing that is seen."""
_SHORTEST = 1e-6
_FLOOR = 0.0001
"""By the format, the least opacity that its player shows."""
_ROWS = 1 << 16


def write_ftgs(
    path: Path, timeline: Timeline, parts: Iterable[Moving], /, *, comments: Iterable[str] = (), progress: Progress = SILENT
) -> int:
    """Write the parts, the first of which decides the degree of view-dependent colour; return the number of Gaussians.

    Gaussians with a value that is not finite are left out with a warning.
    """
    count, degree, shortest = 0, None, ENDLESS
    with tempfile.TemporaryFile(dir=path.parent) as spool:
        for part in parts:
            kept = _kept(part, progress)
            if not len(kept):
                continue
            degree = kept.gaussians.sh_degree if degree is None else degree
            for start in range(0, len(kept), _ROWS):
                rows = _rows(kept.select(slice(start, start + _ROWS)), timeline.duration_s, degree)
                shortest = min(shortest, float(np.exp(rows[:, -4].min())))
                spool.write(rows.astype("<f4").data)
            count += len(kept)
            del part, kept  # before the next one is made
        if degree is None:
            raise InputError("there is nothing to write: the scene has no usable Gaussian.")
        with path.open("wb") as file:
            file.write(_header(timeline, count, degree, shortest, comments))
            spool.seek(0)
            shutil.copyfileobj(spool, file, 1 << 20)
    return count


def _header(timeline: Timeline, count: int, degree: int, shortest: float, comments: Iterable[str]) -> bytes:
    values = ["1", "normalized", str(degree), "1", f"{shortest:.6g}", f"{_FLOOR:g}"]
    notes = [f"{name} {value}" for name, value in zip(NOTES, values, strict=False)]
    if timeline.fps is not None:
        notes += [f"{FRAMES} {round(timeline.duration_s * timeline.fps) + 1}", f"{FPS} {timeline.fps!r}"]
    notes.append(f"{DURATION} {float(timeline.duration_s)!r}")
    names = (*property_names(SH_COUNTS[degree]), *TIMES, *VELOCITY)
    lines = ["ply", "format binary_little_endian 1.0", *comment_lines([*notes, *comments]), f"element vertex {count}",
             *(f"property float {name}" for name in names), "end_header", ""]
    return "\n".join(lines).encode("ascii")


def _kept(part: Moving, progress: Progress) -> Moving:
    keep = is_usable(part.gaussians) & np.isfinite(part.velocities).all(1) & np.isfinite(part.centers_s)
    keep &= ~np.isnan(part.sigmas_s) & ~np.isnan(part.windows_s).any(1)
    tell_left_out(keep, progress)
    return part.select(keep)


def _rows(part: Moving, duration_s: float, degree: int) -> np.ndarray:
    """Return the rows (n, k) of some Gaussians; times and speeds are those of a whole that lasts 1."""
    centers_s, sigmas_s, heights = bells(part, duration_s)
    gaussians, shift_s = part.gaussians, (centers_s - part.centers_s)[:, None]
    means = (gaussians.means + part.velocities * shift_s).astype(np.float32)
    gaussians = replace(gaussians, means=means, opacities=(gaussians.opacities * heights).astype(np.float32),
                        sh=_sh(gaussians, SH_COUNTS[degree]))
    times = np.column_stack([centers_s / duration_s, np.log(np.maximum(sigmas_s / duration_s, _SHORTEST))])
    return np.column_stack([encoded(gaussians, slice(None)), times, part.velocities * duration_s]).astype(np.float32)


def _sh(gaussians: Gaussians, count: int) -> np.ndarray | None:
    """Return view-dependent colour with as many coefficients as all have."""
    if not count:
        return None
    sh = np.zeros((len(gaussians), count, 3), np.float32)
    if gaussians.sh is not None:
        least = min(count, gaussians.sh.shape[1])
        sh[:, :least] = gaussians.sh[:, :least]
    return sh


def bells(
    part: Moving, duration_s: float
) -> tuple[Float64[np.ndarray, " n"], Float64[np.ndarray, " n"], Float64[np.ndarray, " n"]]:
    """Return middles and standard deviations of bells like the windows and fades, and their heights.

    A window that cuts off nothing of a fade does not count; otherwise the bell is the product of both.
    """
    (first, last), centers_s = part.windows_s.T, part.centers_s
    reach_s = part.sigmas_s * math.sqrt(-2 * math.log(_ENDS))
    left, right = first <= 0, last >= duration_s
    covers = (left | (first <= centers_s - reach_s)) & (right | (last >= centers_s + reach_s))
    begins, ends = np.where(left, -last, first), np.where(right, 2 * duration_s - first, last)
    middles_s = np.where(covers, 0, (begins + ends) / 2)
    widths_s = np.where(covers, np.inf, _WINDOW_SIGMA * (ends - begins))
    narrow, fade = (np.square(1 / np.maximum(values, _SHORTEST)) for values in (widths_s, part.sigmas_s))
    total = narrow + fade
    endless, total = total == 0, np.where(total == 0, 1, total)
    heights = np.exp(-0.5 * np.square(middles_s - centers_s) * narrow * fade / total)
    middles_s = np.where(endless, duration_s / 2, (narrow * middles_s + fade * centers_s) / total)
    return middles_s, np.minimum(np.where(endless, np.inf, 1 / np.sqrt(total)), ENDLESS * duration_s), heights
