"""Where ffmpeg is, and how it is called."""

import subprocess
from pathlib import Path

from spag4d.errors import InputError

_FORMATS = "mov,matroska,avi,mpegts,mpeg,asf,flv,ogg"
"""Video containers. Playlists are left out, because they make ffmpeg open other files."""


def ffmpeg() -> str:
    """Return the path of imageio-ffmpeg's ffmpeg or the system's; raises `InputError` without either."""
    import imageio_ffmpeg

    try:
        return imageio_ffmpeg.get_ffmpeg_exe()
    except RuntimeError as error:
        raise InputError("videos need ffmpeg, and imageio-ffmpeg brings none for this system. Install ffmpeg so that it "
                         "can be called by its name, or set IMAGEIO_FFMPEG_EXE to its path.") from error


def reading(path: Path, *options: str) -> list[str]:
    """Return the beginning of a command that reads one local video file only; timestamps stay as in the file."""
    limits = ["-protocol_whitelist", "file", "-format_whitelist", _FORMATS]
    return [ffmpeg(), "-hide_banner", "-nostdin", "-nostats", "-copyts", *options, *limits, "-i", f"file:{path.absolute()}"]


def output_of(command: list[str]) -> tuple[str, str]:
    """Run a command to its end and return what it wrote to stdout and to stderr, whether it succeeded or not."""
    done = subprocess.run(command, capture_output=True, check=False, stdin=subprocess.DEVNULL)
    return done.stdout.decode(errors="replace"), done.stderr.decode(errors="replace")
