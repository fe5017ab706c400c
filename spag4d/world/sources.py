"""What a world is made of: pictures, the pictures in a folder, or a video of a walk."""

from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from spag4d.clips.clip import Clip, Shown, read_clip
from spag4d.clips.frames import read_frames
from spag4d.clips.photo_or_clip import media_kind
from spag4d.data import Panorama
from spag4d.errors import InputError
from spag4d.photos.gps import Gps, gps_of
from spag4d.photos.image import picture_files, read_panorama
from spag4d.progress import SILENT, Progress
from spag4d.world import EVERY_S


@dataclass(frozen=True)
class Picture:
    """A picture file."""

    path: Path

    @property
    def name(self) -> str:
        """What people call it."""
        return self.path.name

    def gps(self) -> Gps | None:
        """Return where it was taken, if the file says so."""
        return gps_of(self.path)

    def identity(self) -> dict[str, Any]:
        """Return what identifies the picture."""
        state = self.path.stat()
        return {"path": str(self.path.resolve()), "bytes": state.st_size, "changed_ns": state.st_mtime_ns}

    def read(self, *, force_erp: bool, progress: Progress = SILENT) -> Panorama:
        """Return the panorama, as `read_panorama` does."""
        return read_panorama(self.path, force_erp=force_erp, progress=progress)


@dataclass(frozen=True)
class Frame:
    """A frame of a video."""

    clip: Clip
    shown: Shown

    @property
    def name(self) -> str:
        """What people call it."""
        return f"{self.clip.path.name} at {float(self.shown.time_s):.2f} s"

    def gps(self) -> Gps | None:
        """Return None: each camera keeps a film's GPS in a way of its own."""
        return None

    def identity(self) -> dict[str, Any]:
        """Return what identifies the frame."""
        return {**self.clip.identity(), "time_s": float(self.shown.time_s)}

    def read(self, *, force_erp: bool, progress: Progress = SILENT) -> Panorama:
        """Return the panorama, as `read_frames` does."""
        with closing(read_frames(self.clip, [self.shown], force_erp=force_erp, progress=progress)) as frames:
            return next(frames)


Source = Picture | Frame


def find_sources(paths: Sequence[Path], *, every_s: float = EVERY_S, progress: Progress = SILENT) -> tuple[list[Source], bool]:
    """Return the panoramas that files, a folder or a video hold, and whether they follow each other on a walk, as frames do.

    Of a video every ``every_s`` seconds one is taken. Raises `InputError` for fewer than two.
    """
    if len(paths) == 1 and paths[0].is_dir():
        return _enough([Picture(path) for path in picture_files(paths[0].iterdir())], str(paths[0])), False
    if len(paths) == 1 and media_kind(paths[0]) == "video":
        clip = read_clip(paths[0], progress=progress)
        frames = [Frame(clip, shown) for shown in clip.frames(1 / every_s, progress=progress)]
        return _enough(frames, f"{paths[0]}, every {every_s:g} s,"), True
    return _enough([Picture(path) for path in dict.fromkeys(paths)], "the input"), False


def check_names(sources: Sequence[Source]) -> None:
    """Raise `InputError` where two panoramas have the same name, by which nothing can be told about one of them."""
    names = [source.name for source in sources]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise InputError(f"two panoramas are called {twice}, and poses and depth are kept by name. Rename one of them.")


def _enough(sources: Sequence[Source], name: str) -> list[Source]:
    if len(sources) < 2:
        held = "one panorama" if sources else "no panorama"
        raise InputError(f"{name} holds {held}, and it takes two or more. For a single one use `spag4d convert`.")
    return list(sources)
