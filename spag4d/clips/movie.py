"""Writing pictures as a video file, through a pipe to ffmpeg."""

import subprocess
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from jaxtyping import UInt8

from spag4d.clips.ffmpeg import ffmpeg
from spag4d.errors import InputError, ResourceError
from spag4d.io.atomic import atomic_path


def write_movie(path: Path, pictures: Iterable[UInt8[np.ndarray, "h w 3"]], fps: float) -> None:
    """Write sRGB pictures of equal, even size as an H.264 video that every player can play.

    Raises what `atomic_path` does, and `InputError` where ffmpeg cannot encode.
    """
    with atomic_path(path) as temporary:
        process: subprocess.Popen[bytes] | None = None
        try:
            for picture in pictures:
                if process is None:
                    process = subprocess.Popen(_command(temporary, picture.shape[:2], fps), stdin=subprocess.PIPE,
                                               stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
                process.stdin.write(picture.tobytes())  # type: ignore[union-attr]
            _, log = process.communicate() if process else (b"", b"no pictures")
        except BrokenPipeError:
            log = process.stderr.read() if process and process.stderr else b""
        finally:
            if process is not None and process.poll() is None:
                process.kill()
                process.wait()
        if process is None or process.returncode:
            words = log.decode(errors="replace").strip()
            if "No space left" in words:
                raise ResourceError(f"the disk is full: {path} was not written. Free some space.")
            raise InputError(f"ffmpeg cannot write the video {path}: {words[-300:] or 'no message'}")


def _command(path: Path, size_hw: tuple[int, int], fps: float) -> list[str]:
    height, width = size_hw
    return [ffmpeg(), "-hide_banner", "-v", "error", "-y", "-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{width}x{height}",
            "-r", f"{fps:g}", "-i", "-", "-vf", "scale=out_color_matrix=bt709:out_range=tv,format=yuv420p",
            "-colorspace", "bt709", "-color_primaries", "bt709", "-color_trc", "bt709", "-color_range", "tv",
            "-c:v", "libx264", "-crf", "18", "-movflags", "+faststart", f"file:{path.absolute()}"]
