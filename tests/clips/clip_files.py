"""Small videos whose frames carry their number as a bar code."""

import struct
import subprocess
from pathlib import Path

import numpy as np

from spag4d.clips.ffmpeg import ffmpeg

BITS = 8
HEIGHT = 64


def bars(number: int, height: int = HEIGHT) -> np.ndarray:
    """A picture (h, 2 h, 3) uint8 with eight grey bars: bright ones are the ones of the number, the highest bit at the left."""
    bits = [(number >> (BITS - 1 - bit)) & 1 for bit in range(BITS)]
    row = np.repeat(np.where(bits, 200, 60), 2 * height // BITS)
    return np.broadcast_to(row[None, :, None], (height, 2 * height, 3)).astype(np.uint8)


def number_of(rgb: np.ndarray) -> int:
    """The number that a picture (h, 2 h, 3) 0–1 shows."""
    values = rgb.mean((0, 2)).reshape(BITS, -1).mean(1)
    return sum(int(value > 130 / 255) << (BITS - 1 - bit) for bit, value in enumerate(values))


def encode(path: Path, pictures: list[np.ndarray], *options: str, fps: str = "30", before: tuple[str, ...] = ()) -> Path:
    """Encode uint8 pictures with ffmpeg; ``options`` come before the output, ``before`` before the input."""
    height, width = pictures[0].shape[:2]
    command = [ffmpeg(), "-v", "error", "-y", *before, "-f", "rawvideo", "-pix_fmt", "rgb24", "-s",
               f"{width}x{height}", "-r", fps, "-i", "-", *(options or ("-c:v", "libx264")), str(path)]
    subprocess.run(command, input=b"".join(picture.tobytes() for picture in pictures), check=True)
    return path


def numbered(path: Path, *options: str, count: int = 60, fps: str = "30", before: tuple[str, ...] = ()) -> Path:
    """A clip whose frame k shows k."""
    return encode(path, [bars(number) for number in range(count)], *options, fps=fps, before=before)


def remuxed(source: Path, target: Path, *options: str, before: tuple[str, ...] = ()) -> Path:
    """Copy a clip's packets to another container."""
    command = [ffmpeg(), "-v", "error", "-y", *before, "-i", str(source), *options, "-c", "copy", str(target)]
    subprocess.run(command, check=True)
    return target


def with_boxes(source: Path, target: Path, boxes: bytes) -> Path:
    """Append boxes to the sample description of an MP4 file's video, as cameras declare stereo and projection."""
    data = bytearray(source.read_bytes())
    entry = data.rindex(b"avc1", data.rindex(b"stsd")) - 4
    for name in (b"moov", b"trak", b"mdia", b"minf", b"stbl", b"stsd"):
        start = data.rindex(name, 0, entry) - 4
        data[start : start + 4] = struct.pack(">I", struct.unpack(">I", data[start : start + 4])[0] + len(boxes))
    size = struct.unpack(">I", data[entry : entry + 4])[0]
    data[entry : entry + 4] = struct.pack(">I", size + len(boxes))
    data[entry + size : entry + size] = boxes
    target.write_bytes(bytes(data))
    return target


def box(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I", 8 + len(content)) + name + content


def spherical_box(projection: bytes) -> bytes:
    """The box sv3d of Google's Spherical Video V2 with a projection: b"equi", b"cbmp" or b"mshp"."""
    head = box(b"svhd", bytes(4) + b"camera\0")
    pose = box(b"prhd", bytes(4) + struct.pack(">iii", 0, 0, 0))
    content = {b"equi": bytes(16), b"cbmp": bytes(8)}[projection]
    return box(b"sv3d", head + box(b"proj", pose + box(projection, bytes(4) + content)))


def stereo_box(mode: int) -> bytes:
    """The box st3d: 0 mono, 1 top–bottom, 2 left–right."""
    return box(b"st3d", bytes(4) + bytes([mode]))


def walking_square(count: int) -> list[np.ndarray]:
    """Pictures (64, 128, 3) uint8 of stripes, in which a bright square walks about."""
    stripes = np.sin(np.arange(128) / 5)[None, :, None] * 60 + 120
    pictures = [np.broadcast_to(stripes, (64, 128, 3)).astype(np.uint8).copy() for _ in range(count)]
    for number, picture in enumerate(pictures):
        picture[30:42, 20 + 8 * number : 34 + 8 * number] = (250, 240, 30)
    return pictures


def contents(folder: Path) -> dict[str, bytes]:
    """The bytes of the files of a folder, by their names."""
    return {path.name: path.read_bytes() for path in folder.iterdir()}
