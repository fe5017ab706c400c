"""The workers of a Ray cluster for conversions: each keeps a converter loaded, and would make what this machine would."""

import secrets
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from spag4d.cluster.connect import connected
from spag4d.cluster.schedule import Ended, scheduled
from spag4d.errors import InputError
from spag4d.io.atomic import made_folder
from spag4d.progress import Progress
from spag4d.settings import AUTO, Settings

if TYPE_CHECKING:
    from spag4d.cluster.ray_workers import RayWorkers

CONVERTER = "spag4d.core:SPAG4D"
"""What every worker keeps loaded."""
FACTS = "spag4d.stages:choices_in_words"
"""What has to be the same on every worker as it is here."""
Item = TypeVar("Item")
_NAMED = 3
"""So many workers are named in a progress bar with what they are doing; of more it says how many are doing what."""


@contextmanager
def crew(
    cluster: str, job: Callable[..., Any], settings: Settings, folder: Path, *, progress: Progress, must_see: bool = False
) -> Iterator["RayWorkers"]:
    """Yield the workers of a cluster, each of which does a ``job`` by its `Hand`; they end with the block.

    Those that see ``folder`` as this machine does read and write files there; others are left out where they ``must_see`` it.
    Raises `InputError` for no such cluster, and for a device that only one machine has.
    """
    _check_device(settings)
    with connected(cluster), shared_file(made_folder(folder).absolute()) as shared:
        from spag4d.cluster.ray_workers import Object, RayWorkers
        from spag4d.cluster.station import Call

        given = settings.model_dump(exclude_unset=True)
        what = Object(CONVERTER, given, Call(FACTS, {"settings": given}))
        workers = RayWorkers(what, job, shared=shared, on_gpus=settings.device != "cpu", must_see=must_see, progress=progress)
        try:
            yield workers
        finally:
            workers.close()


def finished(
    items: Collection[Item], workers: "RayWorkers", stage: str, progress: Progress, size: Callable[[Item], int] = lambda item: 1
) -> Iterator[Ended[Item]]:
    """Yield items as the workers end them, each of which counts by its ``size``; raises the error of one that failed."""
    done, count = 0, sum(map(size, items))
    for ended in scheduled(items, workers):
        progress.report(stage, done, count, in_words(workers.states))
        if ended is None:
            continue
        if ended.error is not None:
            raise ended.error
        done += size(ended.item)
        yield ended


def _check_device(settings: Settings) -> None:
    if settings.device not in (AUTO, "cpu", "cuda"):
        raise InputError(f"--device {settings.device} names a part of one machine. On a cluster each worker takes the GPU that "
                         "it is given: leave it out, or use --device cpu.")


@contextmanager
def shared_file(folder: Path) -> Iterator[Path]:
    """Yield a file by whose contents a worker can tell that it sees the same folder."""
    token = secrets.token_hex(16)
    path = folder / f".{token[:12]}.part"  # cleared away like any other where this run is killed
    path.write_text(token, encoding="utf-8")
    try:
        yield path
    finally:
        path.unlink(missing_ok=True)


def in_words(states: Mapping[str, str]) -> str:
    """Return what the workers are doing."""
    if len(states) <= _NAMED:
        return ", ".join(f"{name} {(stage or 'waits').lower()}" for name, stage in states.items()) or "no worker yet"
    counts = Counter(stage.lower() or "waiting" for stage in states.values())
    return f"{len(states)} workers: " + ", ".join(f"{count} {stage}" for stage, count in counts.most_common())
