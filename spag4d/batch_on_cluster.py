"""Converting a folder of panoramas on the machines of a Ray cluster."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from spag4d.batch import Item, Outcome, is_up_to_date, make_folder
from spag4d.cluster.schedule import Ended, scheduled
from spag4d.formats.outputs import output_paths
from spag4d.on_cluster import crew, in_words
from spag4d.progress import Notice, Progress
from spag4d.settings import Settings
from spag4d.stages import with_choices_made

if TYPE_CHECKING:
    from spag4d.cluster.hand import Hand, Job

PANORAMAS = "Panoramas"
"""The stage of a batch's progress on a cluster that counts its panoramas."""


def convert_items_on_cluster(
    cluster: str, items: Sequence[Item], target: Path, settings: Settings, *, overwrite: bool, progress: Progress
) -> Iterator[Outcome]:
    """Convert pictures on all workers of a cluster, and yield their outcomes as they come.

    Files are the same as those of one machine, and so is what is skipped. An item that is lost with its worker, or fails, is
    tried up to three times. Raises `InputError` where there is no cluster or none of its nodes can do it, and `Cancelled`.
    """
    known = _notices(settings, progress)

    def job(item: Item, hand: "Hand") -> "Job":
        outputs = output_paths(item.target, settings.format)
        if not overwrite and is_up_to_date(item.source, outputs):
            return Outcome(item)
        make_folder(item.target.parent)
        result = yield from hand.done_with_files("convert", item.source, item.target)
        return Outcome(item, replace(result, output_paths=tuple(outputs.values())))

    done = failed = 0
    with crew(cluster, job, settings, target, progress=progress) as workers:
        for ended in scheduled(items, workers):
            progress.report(PANORAMAS, done, len(items), in_words(workers.states))
            if ended is not None:
                outcome = _outcome(ended)
                done, failed = done + 1, failed + (outcome.error is not None)
                _warn(outcome, known, progress)
                standing = {"worker": ended.worker, "done": done, "failed": failed, "count": len(items),
                            "workers": dict(workers.states)}
                yield replace(outcome, standing=standing)


def _notices(settings: Settings, progress: Progress) -> set[str]:
    """Say once what concerns all pictures, and return it."""
    said: set[str] = set()

    def hear(event: object) -> None:
        if isinstance(event, Notice):
            said.add(event.message)
            progress.on_event(event)

    with_choices_made(settings, replace(progress, on_event=hear))
    return said


def _outcome(ended: Ended[Item]) -> Outcome:
    return Outcome(ended.item, error=ended.error) if ended.error is not None else ended.value


def _warn(outcome: Outcome, known: set[str], progress: Progress) -> None:
    for warning in outcome.result.warnings if outcome.result is not None else ():
        if warning not in known:
            progress.warn(f"{outcome.item.source.name}: {warning}")
