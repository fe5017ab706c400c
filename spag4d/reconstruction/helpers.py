"""What the workers of a cluster do of a reconstruction: each panorama's own depth, and the parallax to its neighbours."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from spag4d.cluster.connect import check_cluster
from spag4d.conversion import Run
from spag4d.on_cluster import crew, finished
from spag4d.progress import Progress
from spag4d.reconstruction.kept_work import Arrays, KeptWork
from spag4d.world.sources import Source
from spag4d.world.sweep import View

if TYPE_CHECKING:
    from spag4d.cluster.hand import Hand, Job
    from spag4d.cluster.ray_workers import RayWorkers
    from spag4d.cluster.station import Call


class Helpers:
    """Workers whose answers are kept, where the reconstruction finds them as those of an earlier run."""

    def __init__(self, workers: "RayWorkers", kept: KeptWork, run: Run) -> None:
        """Take the workers of a crew, which do `named_call`."""
        self._workers, self._kept, self._run = workers, kept, run

    def look(self, sources: Mapping[str, Source]) -> None:
        """Keep the depth of each source under its name."""
        from spag4d.cluster.station import Call

        calls = {name: Call("single_depth", {"source": source}) for name, source in sources.items()}
        with self._run.stage("Depth") as listener:
            for name, (arrays, warnings) in self._done(calls, listener):
                self._kept.keep(name, arrays)
                for warning in warnings:
                    self._run.between_stages.warn(warning)

    def sweep(self, views: Mapping[str, tuple[View, Sequence[View]]]) -> None:
        """Keep what each view's parallax to others tells, under its name."""
        from spag4d.cluster.station import Call

        calls = {name: Call("spag4d.world.sweep:sweep", {"view": view, "others": others})
                 for name, (view, others) in views.items()}
        with self._run.stage("Parallax") as listener:
            for name, swept in self._done(calls, listener):
                arrays: Arrays = {field: np.array(values) for field, values in vars(swept).items()}
                self._kept.keep(name, arrays)

    def _done(self, calls: Mapping[str, "Call"], listener: Progress) -> Iterator[tuple[str, Any]]:
        missing = {name: call for name, call in calls.items() if self._kept.find(name) is None}
        for ended in finished(missing.items(), self._workers, "Calls", listener):
            yield ended.item[0], ended.value


@contextmanager
def helpers_of(cluster: str | None, output: Path, kept: KeptWork, run: Run) -> Iterator[Helpers | None]:
    """Yield the helpers of a ``cluster``, whose workers see the folder of ``output``, or None without one."""
    if cluster is None:
        yield None
        return
    check_cluster(cluster)
    with crew(cluster, _named_call, run.settings, output.parent, progress=run.between_stages, must_see=True) as workers:
        yield Helpers(workers, kept, run)


def _named_call(named: "tuple[str, Call]", hand: "Hand") -> "Job":
    return hand.done(named[1])
