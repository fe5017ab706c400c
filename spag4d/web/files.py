"""The files of a job. Names in requests are looked up in the job's record and never become paths."""

import io
import re
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from starlette.responses import FileResponse

from spag4d.sequence import RECORD, frame_outputs
from spag4d.web.job import Job
from spag4d.web.worker import DEPTH_PICTURE, FRAME_DEPTH, FRAMES_FOLDER

_TYPES = {".jpg": "image/jpeg", ".png": "image/png", ".json": "application/json", ".mp4": "video/mp4"}
_BINARY = "application/octet-stream"
_CHUNK_BYTES = 1 << 20
"""Read and sent at a time."""


def job_file(job: Job, folder: Path, name: str) -> Path | None:
    """Return a file that a job has made by its ``name``, or None; ``folder`` is the job's."""
    return folder / name if name in job.files else None


def frame_file(job: Job, folder: Path, name: str) -> Path | None:
    """Return a frame of a video's job by its ``name`` such as frame_00001.ply, or None where it does not exist, or not yet.

    frame_00001.depth.jpg is its depth; of jobs of earlier versions, which kept but one, that of the first frame.
    """
    found = re.fullmatch(r"frame_([0-9]{5,9})\.([a-z.]+)", name)
    if not found or not 1 <= int(found[1]) <= job.frames:
        return None
    if name == FRAME_DEPTH.replace("{}", found[1]):
        own = folder / FRAMES_FOLDER / name
        return own if own.is_file() else job_file(job, folder, DEPTH_PICTURE)
    if found[2] not in job.formats:
        return None
    return _frame(folder, int(found[1]), found[2])


def _frame(folder: Path, number: int, format: str) -> Path:
    return frame_outputs(folder / FRAMES_FOLDER, number - 1, format)[format]


def answer(path: Path, job: Job, *, download: bool) -> FileResponse:
    """Return the answer with a file, of which clients may request parts; a ``download`` is named after the picture."""
    headers = {"cache-control": "private, max-age=86400"}
    kind = _TYPES.get(path.suffix, _BINARY)
    return FileResponse(path, media_type=kind, headers=headers, filename=_download_name(job, path.name) if download else None)


def _download_name(job: Job, name: str) -> str:
    stem = Path(job.name).stem or "panorama"
    return f"{stem}{name.removeprefix('scene')}" if name.startswith("scene.") else f"{stem}-{name}"


def frames_of(job: Job, folder: Path, format: str) -> list[Path]:
    """Return the files of a video's frames in one format, and the record of the sequence."""
    return [folder / FRAMES_FOLDER / RECORD, *(_frame(folder, number, format) for number in range(1, job.frames + 1))]


def finished_frames(job: Job, folder: Path) -> int:
    """Return how many frames of a video are there from the first on, in the format that is shown."""
    number = 0
    while _frame(folder, number + 1, job.formats[0]).is_file():
        number += 1
    return number


def zipped(files: Sequence[Path]) -> Iterator[bytes]:
    """Yield an archive of files piece by piece; nothing is stored, and nothing compressed, as splats hardly compress."""
    sink = _Sink()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_STORED) as archive:
        for path in files:
            entry = zipfile.ZipInfo.from_file(path, path.name)
            with path.open("rb") as source, archive.open(entry, "w", force_zip64=True) as target:
                while piece := source.read(_CHUNK_BYTES):
                    target.write(piece)
                    yield sink.taken()
    yield sink.taken()


class _Sink(io.RawIOBase):
    """A file that passes on what is written to it."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []

    def writable(self) -> bool:
        """Say that one can write to it."""
        return True

    def write(self, data: bytes) -> int:  # type: ignore[override]
        """Keep some bytes until they are taken."""
        self._pieces.append(bytes(data))
        return len(data)

    def taken(self) -> bytes:
        """Return what was written since this was last asked."""
        pieces, self._pieces = self._pieces, []
        return b"".join(pieces)
