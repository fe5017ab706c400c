"""Where ffmpeg is, and how files are handed to it."""

import subprocess
from pathlib import Path

from spag4d.errors import InputError

_FORMATS = "mov,matroska,avi,mpegts,mpeg,asf,flv,ogg"
"""Containers of videos. Playlists are not among them: they make ffmpeg open other files."""


def ffmpeg() -> str:
    """Return the path of the ffmpeg that comes with imageio-ffmpeg, or of the system's; raises `InputError` without any."""
    import imageio_ffmpeg

    try:
        return imageio_ffmpeg.get_ffmpeg_exe()
    except RuntimeError as error:
        raise InputError("videos need ffmpeg, and imageio-ffmpeg brings none for this system. Install ffmpeg so that it "
                         "can be called by its name, or set IMAGEIO_FFMPEG_EXE to its path.") from error


def reading(path: Path, *options: str) -> list[str]:
    """Return the beginning of a command that reads a local video file and nothing else; timestamps stay as in the file."""
    limits = ["-protocol_whitelist", "file", "-format_whitelist", _FORMATS]
    return [ffmpeg(), "-hide_banner", "-nostdin", "-nostats", "-copyts", *options, *limits, "-i", f"file:{path.absolute()}"]


def output_of(command: list[str]) -> tuple[str, str]:
    """Run a command to its end and return what it wrote to stdout and to stderr, whether it succeeded or not."""
    done = subprocess.run(command, capture_output=True, check=False, stdin=subprocess.DEVNULL)
    return done.stdout.decode(errors="replace"), done.stderr.decode(errors="replace")
