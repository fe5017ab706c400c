"""The .compressed.ply file (PlayCanvas): 16 bytes for each Gaussian and 72 for each 256 of them, view-dependent colour beside.

A chunk has the bounds of its positions (m), logarithms of scales and colours (0-1) as floats; each Gaussian has four words:
position and scale between these bounds with 11, 10 and 11 bits, rotation by its three smallest components with 10 bits, colour
and opacity with 8; coefficients of view-dependent colour are bytes from -4 to 4. Chunks that are compact in space have fine
steps: the Gaussians stand in shells in the order of `curve`.
"""

from collections.abc import Sequence
from functools import partial
from pathlib import Path

import numpy as np
from jaxtyping import Float32, Float64, Int64, UInt8, UInt32

from spag4d.data import SH_COUNTS, Gaussians
from spag4d.errors import InputError
from spag4d.formats.format import Format
from spag4d.formats.hilbert import curve_order
from spag4d.formats.placing import ORIGIN, placed
from spag4d.formats.ply import describe_ply
from spag4d.formats.ply_comments import read_comments
from spag4d.formats.ply_header import PlyHeader, begins_ply, comment_lines, read_header
from spag4d.formats.ply_rows import columns, element_rows
from spag4d.formats.records import Block, write_blocks
from spag4d.formats.smallest_three import from_unsigned, quats_from_smallest_three, smallest_three
from spag4d.io.opening import require_file
from spag4d.progress import SILENT, Progress

_GROUP = 256
"""Gaussians with bounds of their own."""
_BOUNDS = tuple(f"{end}_{name}" for names in (("x", "y", "z"), ("scale_x", "scale_y", "scale_z"), ("r", "g", "b"))
                for end in ("min", "max") for name in names)
_WORDS = ("packed_position", "packed_rotation", "packed_scale", "packed_color")
_THREE_BITS, _FOUR_BITS = (11, 10, 11), (8, 8, 8, 8)
"""Bits of the parts of a word: places and sizes, colours and opacity."""
_SH_RANGE = np.float32(8)
"""Coefficients from -4 to 4 in a byte, by the format."""
_SCALE_LIMITS = (float(np.exp(-20)), float(np.exp(20)))  # within which other writers hold scales


def write_compressed_ply(
    path: Path, gaussians: Gaussians, *, comments: Sequence[str] = (), progress: Progress = SILENT
) -> None:
    """Write the Gaussians in chunks of neighbours, one comment line for each comment.

    A position is off by 1/2047 of its chunk's width at most, a scale by 0.5 % where those of a chunk differ by a factor of
    20,000, rotations by 0.2°, colours and opacities by 1/510.
    """
    count = len(gaussians)
    lines = ["ply", "format binary_little_endian 1.0", *comment_lines(comments),
             f"element chunk {-(-count // _GROUP)}", *(f"property float {name}" for name in _BOUNDS),
             f"element vertex {count}", *(f"property uint {name}" for name in _WORDS)]
    blocks = [Block(4 * len(_BOUNDS), _GROUP), Block(4 * len(_WORDS))]
    if gaussians.sh is not None:
        names = _rest_names(gaussians.sh.shape[1])
        lines += [f"element sh {count}", *(f"property uchar {name}" for name in names)]
        blocks.append(Block(len(names)))
    header = "\n".join([*lines, "end_header", ""]).encode("ascii")
    encode = partial(_encode, gaussians, curve_order(gaussians.means, in_shells=True))
    write_blocks(path, header, count, encode, blocks, progress)


def _rest_names(sh_count: int) -> list[str]:
    return [f"f_rest_{number}" for number in range(3 * sh_count)]


def _encode(gaussians: Gaussians, order: Int64[np.ndarray, " n"], rows: slice) -> list[np.ndarray]:
    members = order[rows]
    sh = [] if gaussians.sh is None else [_sh_bytes(gaussians.sh[members])]
    count = len(members)
    groups = -(-count // _GROUP)
    members = np.concatenate([members, np.full(groups * _GROUP - count, members[-1])])  # the last repeats: bounds stay
    logs = np.log(np.clip(gaussians.scales[members], *_SCALE_LIMITS))
    colors = gaussians.colors[members]
    bounds, steps = [], []
    for values in (gaussians.means[members], logs, colors):
        grouped = values.reshape(groups, _GROUP, 3)
        low, high = grouped.min(1), grouped.max(1)
        bounds += [low, high]
        width = high - low
        steps.append(((grouped - low[:, None]) / np.where(width > 0, width, 1)[:, None]).reshape(-1, 3))
    opacities = np.clip(gaussians.opacities[members], 0, 1)
    words = np.stack([
        _packed(steps[0].T, _THREE_BITS), _rotations(gaussians.quats_wxyz[members]), _packed(steps[1].T, _THREE_BITS),
        _packed(np.column_stack([steps[2], opacities]).T, _FOUR_BITS)], -1)
    return [np.concatenate(bounds, 1).astype("<f4"), words[:count].astype("<u4"), *sh]


def _sh_bytes(sh: Float32[np.ndarray, "m k 3"]) -> UInt8[np.ndarray, "m c"]:
    """Return bytes that each stand for the middle of their step, channel by channel."""
    steps = np.floor((sh / _SH_RANGE + np.float32(0.5)) * 256)
    return np.clip(steps, 0, 255).astype(np.uint8).transpose(0, 2, 1).reshape(len(sh), -1)


def _packed(shares: Float32[np.ndarray, "k n"], bits: Sequence[int]) -> UInt32[np.ndarray, " n"]:
    """Pack k numbers 0-1 into words, the first into the highest bits."""
    words = np.zeros(shares.shape[1], np.uint32)
    for values, width in zip(shares, bits, strict=True):
        largest = (1 << width) - 1
        words = (words << np.uint32(width)) | np.rint(values * np.float32(largest)).astype(np.uint32)
    return words


def _rotations(quats_wxyz: Float32[np.ndarray, "n 4"]) -> UInt32[np.ndarray, " n"]:
    largest, others = smallest_three(quats_wxyz)
    words = largest.astype(np.uint32)
    for values in others.T:
        words = (words << np.uint32(10)) | np.clip(np.rint((values + 1) * np.float32(511.5)), 0, 1023).astype(np.uint32)
    return words


def read_compressed_ply(
    path: Path, *, shift_m: Float64[np.ndarray, "3"] = ORIGIN, progress: Progress = SILENT
) -> Gaussians:
    """Read a compressed PLY of any tool, with or without bounds of colours and view-dependent colour, moved by ``shift_m``.

    Raises `InputError` for a file that is missing, empty, cut short, not a PLY, or not compressed this way.
    """
    require_file(path)
    header = read_header(path)
    if not header.is_compressed:
        raise InputError(f"{path} is not a compressed PLY: its elements are not 'chunk' and 'vertex'.")
    groups, count = (element.count for element in header.elements[:2])
    if groups != -(-count // _GROUP):
        raise InputError(f"{path} is damaged: it has {groups} chunks of {_GROUP} for {count} Gaussians.")
    chunks = element_rows(path, header, 0, _BOUNDS[:12])
    vertices = element_rows(path, header, 1, _WORDS)
    position, rotation, scale, color = (vertices[name].astype(np.uint32) for name in _WORDS)
    largest, fields = from_unsigned(rotation, 10)
    rgba, sh = _unpacked(color, _FOUR_BITS), _sh(path, header)
    colors = _between(chunks, _BOUNDS[12:], rgba[:, :3]) if {*_BOUNDS[12:]} <= {*header.elements[0].names} else rgba[:, :3]
    return Gaussians(
        means=placed(_between(chunks, _BOUNDS[:6], _unpacked(position, _THREE_BITS)), shift_m, progress),
        scales=np.exp(_between(chunks, _BOUNDS[6:12], _unpacked(scale, _THREE_BITS))),
        quats_wxyz=quats_from_smallest_three(largest, fields / np.float32(511.5) - 1),
        opacities=rgba[:, 3].copy(),
        colors=np.clip(colors, 0, 1) if sh is None else colors,
        sh=sh,
    )


def _sh(path: Path, header: PlyHeader) -> Float32[np.ndarray, "n k 3"] | None:
    if len(header.elements) < 3 or header.elements[2].name != "sh":
        return None
    count = header.elements[2].rest_count // 3
    if count not in SH_COUNTS[1:] or header.elements[2].count != header.elements[1].count:
        raise InputError(f"{path} is damaged: {header.elements[2].rest_count} numbers of view-dependent colour for "
                         f"{header.elements[2].count} of {header.elements[1].count} Gaussians.")
    names = _rest_names(count)
    packed = columns(element_rows(path, header, 2, names), names)
    shares = np.where(packed == 0, 0, np.where(packed == 255, 1, (packed + np.float32(0.5)) / 256))
    return np.ascontiguousarray(((shares - np.float32(0.5)) * _SH_RANGE).reshape(-1, 3, count).swapaxes(1, 2), np.float32)


def _unpacked(words: UInt32[np.ndarray, " n"], bits: Sequence[int]) -> Float32[np.ndarray, "n k"]:
    """Return the numbers 0-1 that `_packed` took."""
    shares = np.empty((len(words), len(bits)), np.float32)
    shift = 32
    for column, width in enumerate(bits):
        shift -= width
        largest = (1 << width) - 1
        shares[:, column] = ((words >> np.uint32(shift)) & np.uint32(largest)) / np.float32(largest)
    return shares


def _between(chunks: np.ndarray, names: Sequence[str], shares: Float32[np.ndarray, "n 3"]) -> Float32[np.ndarray, "n 3"]:
    low, high = (np.stack([chunks[name] for name in part], -1).astype(np.float32) for part in (names[:3], names[3:]))
    group = np.arange(len(shares)) // _GROUP
    return low[group] + shares * (high - low)[group]


def _recognises(path: Path, head: bytes) -> bool:
    return begins_ply(head) and read_header(path).is_compressed


COMPRESSED_PLY = Format("compressed.ply", "Compressed PLY", "Small, for SuperSplat and PlayCanvas", _recognises,
                        read_compressed_ply, describe_ply, write_compressed_ply, comments=read_comments, shown=4)
