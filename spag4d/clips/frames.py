"""Frames of a video as panoramas, one after the other, decoded through a pipe: no temporary pictures."""

import queue
import re
import subprocess
import threading
from collections.abc import Generator, Iterator, Sequence
from dataclasses import replace
from typing import IO, Any

import cv2
import numpy as np
from numpy.typing import NDArray

from spag4d.clips.clip import Clip, Shown
from spag4d.clips.ffmpeg import reading
from spag4d.data import Panorama
from spag4d.errors import InputError
from spag4d.photos.image import check_stitched, panorama_from_array
from spag4d.progress import SILENT, Progress

_FRAME = re.compile(r"showinfo.* pts:\s*(-?\d+) .* s:(\d+)x(\d+)")
_PRECISE = "accurate_rnd+full_chroma_int+bitexact"
_SEEK_MARGIN_S = 1.0  # before the first wanted frame, as seeking may round


def read_frames(
    clip: Clip, shown: Sequence[Shown], *, height: int | None = None, force_erp: bool = False, progress: Progress = SILENT
) -> Generator[Panorama, None, None]:
    """Yield the frames of a clip in order, named by ``time_s``; only one is in memory at a time.

    The left eye of a stereo pair is taken. ``height`` lets ffmpeg shrink higher panoramas to that many rows; ``force_erp``
    accepts pictures that are not 2:1. Raises `InputError` where a frame is damaged beyond decoding, or is no panorama.
    """
    if not shown:
        return
    name = clip.path.stem
    last: tuple[int, Panorama] | None = None
    frames = _decoded(clip, sorted({one.tick for one in shown}), height, progress)
    try:
        for one in shown:
            if last is None or last[0] != one.tick:
                pixels = next(frames)
                if last is None and not force_erp:
                    check_stitched(pixels, str(clip.path))
                last = one.tick, panorama_from_array(_one_eye(pixels, clip), name=name, force_erp=force_erp)
            yield replace(last[1], time_s=float(one.time_s))
        for _ in frames:  # lets it end, and say what was broken
            pass
    finally:
        frames.close()


def read_pixels(clip: Clip, ticks: Sequence[int]) -> Generator[NDArray[np.float32], None, None]:
    """Yield the frames with these timestamps as they are, sRGB 0–1, one at a time: of clips that are no panoramas.

    Raises `InputError` where a frame is damaged beyond decoding.
    """
    frames = _decoded(clip, ticks, None, SILENT)
    try:
        for pixels in frames:
            yield np.divide(pixels, np.iinfo(pixels.dtype).max, dtype=np.float32)
    finally:
        frames.close()


def _one_eye(pixels: NDArray[Any], clip: Clip) -> NDArray[Any]:
    """Return the left eye's picture of a frame, at 2:1 if it was squeezed to share the frame."""
    if not clip.stereo:
        return pixels
    axis = 0 if clip.stereo == "top-bottom" else 1
    first, second = np.array_split(pixels, 2, axis)
    eye = second if clip.right_first else first
    rows = max(eye.shape[0], eye.shape[1] // 2)
    if eye.shape[:2] == (rows, 2 * rows):
        return eye
    return np.asarray(cv2.resize(np.ascontiguousarray(eye), (2 * rows, rows), interpolation=cv2.INTER_LINEAR))


def _decoded(
    clip: Clip, ticks: Sequence[int], height: int | None, progress: Progress
) -> Generator[NDArray[Any], None, None]:
    """Yield the pixels (h, w, 3) of the frames with these timestamps."""
    process = subprocess.Popen(_command(clip, ticks, height), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE, bufsize=0)
    assert process.stdout is not None and process.stderr is not None  # noqa: S101
    listener = _Listener(process.stderr)
    dtype = np.dtype("<u2" if clip.deep else "u1")
    try:
        for tick in ticks:
            yield _next(process.stdout, listener, tick, dtype, clip)
        process.stdout.close()
    finally:
        process.kill()
        process.wait()
        listener.join()
        process.stdout.close()
        process.stderr.close()
    if listener.complaints:
        progress.warn(f"{clip.path.name} is damaged, and some frames may show it: {listener.complaints[0]}")


def _command(clip: Clip, ticks: Sequence[int], height: int | None) -> list[str]:
    first_s = float((ticks[0] - clip.ticks[0]) * clip.tick_s)
    seek = ["-ss", f"{first_s - _SEEK_MARGIN_S:.6f}"] if first_s > _SEEK_MARGIN_S else []
    scale = f"scale=out_range=pc:flags=area+{_PRECISE}"
    if clip.matrix:
        scale += f":in_color_matrix={clip.matrix}"
    scale += _size(clip, height)
    chosen = f"select='between(pts,{ticks[0]},{ticks[-1]})'"
    pixels = "rgb48le" if clip.deep else "rgb24"
    return [*reading(clip.path, *seek), "-loglevel", "level+info", "-map", f"0:{clip.track}", "-vf",
            f"{chosen},{scale},format={pixels},showinfo=checksum=0", "-fps_mode", "passthrough", "-f", "rawvideo", "-"]


def _size(clip: Clip, height: int | None) -> str:
    """Return ffmpeg's scale options: the size at which the video is meant to be shown, at most as high as requested."""
    rows = None if height is None else 2 * height if clip.stereo == "top-bottom" else height
    if clip.shown_wh is not None:
        wide, high = clip.shown_wh
        rows = high if rows is None else min(high, rows)
        return f":w={max(1, round(wide * rows / high))}:h={rows}"
    return "" if rows is None else f":w=-2:h='min(ih,{rows})'"


def _next(pipe: IO[bytes], listener: "_Listener", tick: int, dtype: np.dtype, clip: Clip) -> NDArray[Any]:
    """Read on to the frame with a timestamp; frames before it are dropped."""
    time_s = float((tick - clip.ticks[0]) * clip.tick_s)
    while True:
        announced = listener.frames.get()
        if announced is None or announced[0] > tick:
            why = f": {listener.complaints[0]}" if listener.complaints else ""
            raise InputError(f"{clip.path} is damaged: its frame at {time_s:.3f} s cannot be decoded{why}. "
                             f"The clip is {clip.length_s:.3f} s long; --start and --duration choose an intact part.")
        found, width, height = announced
        pixels: Any = np.empty((height, width, 3), dtype)
        view = memoryview(pixels).cast("B")
        while view.nbytes:
            count = pipe.readinto(view)  # type: ignore[attr-defined]
            if not count:
                raise InputError(f"{clip.path} cannot be decoded at {time_s:.3f} s: ffmpeg ended. {listener.last}")
            view = view[count:]
        if found == tick:
            return pixels


class _Listener(threading.Thread):
    """Reads ffmpeg's log beside the pixels: the timestamp and size of each frame before its pixels, and complaints."""

    def __init__(self, stderr: IO[bytes]) -> None:
        super().__init__(daemon=True)
        self.frames: queue.SimpleQueue[tuple[int, int, int] | None] = queue.SimpleQueue()
        self.complaints: list[str] = []
        self.last = ""
        self._stderr = stderr
        self.start()

    def run(self) -> None:
        buffered = iter(_lines(self._stderr))
        for line in buffered:
            found = _FRAME.search(line)
            if found:
                self.frames.put((int(found[1]), int(found[2]), int(found[3])))
            elif "[error]" in line or "[fatal]" in line:
                self.last = line.split("] ")[-1].rstrip(". ")
                if len(self.complaints) < 10:
                    self.complaints.append(self.last)
        self.frames.put(None)


def _lines(stream: IO[bytes]) -> Iterator[str]:
    rest = b""
    while chunk := stream.read(1 << 16):
        *whole, rest = (rest + chunk).split(b"\n")
        yield from (line.decode(errors="replace") for line in whole)
    yield rest.decode(errors="replace")
