"""Making the frames of a prepared video on the machines of a Ray cluster."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from spag4d.cluster.connect import check_cluster
from spag4d.conversion import FRAMES, FrameResult
from spag4d.on_cluster import crew, finished
from spag4d.progress import Progress
from spag4d.settings import Settings

if TYPE_CHECKING:
    from spag4d.cluster.hand import Hand, Job
_OF_ONE_FILE = 8
"""So many frames a worker takes at a time of a clip that becomes one file: what stands has to be read for each time."""


def frames_on_cluster(
    cluster: str, source: Path, output: Path, numbers: Sequence[int], settings: Settings, *, is_one_file: bool,
    progress: Progress,
) -> Iterator[FrameResult]:
    """Make the frames ``numbers``, from 0, of a prepared video, and yield them as they end; one file (.4dgs) yields nothing.

    Workers take frames in order, and hand on to each other what steadies the next one, through files in
    the folder that all of them have to see. Raises what `SPAG4D.convert_part` does on any of them, and `Cancelled`.
    """
    check_cluster(cluster)
    from spag4d.cluster.station import Call

    def job(frames: str, hand: "Hand") -> "Job":
        return hand.done(Call("convert_part", {"input_path": source, "output_path": output, "frames": frames}))

    at_once, folder = (_OF_ONE_FILE, output.parent) if is_one_file else (1, output)
    pieces = [numbers[first : first + at_once] for first in range(0, len(numbers), at_once)]
    ranges = {f"{piece[0] + 1}-{piece[-1] + 1}": len(piece) for piece in pieces}
    with crew(cluster, job, settings, folder, progress=progress, must_see=True) as workers:
        for ended in finished(ranges, workers, FRAMES, progress, ranges.__getitem__):
            yield from ended.value or ()
