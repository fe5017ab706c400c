"""What a cluster costs and what it survives, on a Ray cluster of several nodes on this machine.

    python -m benchmarks.cluster FOLDER --count 200

Makes small panoramas in FOLDER; converts them on one machine, on a cluster of two nodes, and on one of which a node is killed
half way; compares the files. Then hands simulated items, which take no time, to Ray's workers and to the scheduler alone.
"""

import argparse
import json
import logging
import os
import resource
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from spag4d import SPAG4D, on_cluster
from spag4d.depth import builtin

NODE: dict[str, Any] = {"num_cpus": 1, "object_store_memory": 80 << 20}
"""A node with one worker, and the smallest object store that Ray takes."""
SETTINGS: dict[str, Any] = {"device": "cpu", "stride": 8, "format": "splat"}
_WARM = 4
"""Panoramas that are converted before the clock runs, so that what is loaded once does not count."""


def quick(**settings: Any) -> SPAG4D:
    """Return a converter whose built-in model looks at small pictures, so that what a cluster adds shows."""
    builtin.WORKING_HW = (128, 256)
    return SPAG4D(**settings)


class Nothing:
    """Work that takes no time."""

    def nothing(self, number: int, progress: Any) -> int:
        """Return the number."""
        return number


@contextmanager
def cluster(nodes: int) -> Iterator[Any]:
    """Run a cluster of such nodes on this machine, one of them the head."""
    import ray
    from ray.cluster_utils import Cluster

    found = Cluster(initialize_head=True, head_node_args={**NODE, "include_dashboard": False})
    for _ in range(nodes - 1):
        found.add_node(**NODE)
    ray.init(address=found.address, log_to_driver=False, logging_level=logging.ERROR)
    try:
        yield found
    finally:
        ray.shutdown()
        found.shutdown()


def make_pictures(folder: Path, count: int, height: int) -> None:
    """Write panoramas of smooth colours."""
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(count):
        small = np.random.default_rng(number).integers(0, 256, (8, 16, 3)).astype(np.uint8)
        Image.fromarray(small).resize((2 * height, height), Image.Resampling.BICUBIC).save(folder / f"{number:04d}.png")


def timed(converter: SPAG4D, source: Path, target: Path, **options: Any) -> float:
    """Convert a folder, and return the seconds a panorama took after the first few."""
    shutil.rmtree(target, ignore_errors=True)
    times = []
    for outcome in converter.convert_folder(source, target, **options):
        assert outcome.error is None, outcome.error
        times.append(time.perf_counter())
    return (times[-1] - times[_WARM]) / (len(times) - 1 - _WARM)


def killed(converter: SPAG4D, source: Path, target: Path, count: int) -> dict[str, Any]:
    """Kill a node half way, and return how many panoramas ended and how often one ended twice."""
    shutil.rmtree(target, ignore_errors=True)
    ended: list[str] = []
    with cluster(3) as found:
        for outcome in converter.convert_folder(source, target, cluster="auto"):
            assert outcome.error is None, outcome.error
            ended.append(outcome.item.source.name)
            if len(ended) == count // 2:
                found.remove_node(next(iter(found.worker_nodes)), allow_graceful=False)
    return {"ended": len(ended), "twice": len(ended) - len(set(ended)), "lost": count - len(set(ended))}


def same(here: Path, there: Path) -> int:
    """Return how many scenes are the same bytes."""
    return sum((there / path.name).read_bytes() == path.read_bytes() for path in here.glob("*.splat"))


def simulated(count: int) -> float:
    """Return how many items a second go through the scheduler and Ray's workers."""
    from spag4d.cluster.ray_workers import Object, RayWorkers
    from spag4d.cluster.schedule import scheduled
    from spag4d.cluster.station import Call
    from spag4d.progress import SILENT

    shared = Path("/tmp/spag4d-benchmark.token")
    shared.write_text("token")
    what = Object("benchmarks.cluster:Nothing", {}, Call("spag4d.stages:choices_in_words", {"settings": SETTINGS}))
    workers = RayWorkers(what, lambda number, hand: hand.done(Call("nothing", {"number": number})), shared=shared,
                         on_gpus=False, progress=SILENT)
    times = [time.perf_counter() for ended in scheduled(range(count), workers) if ended is not None]
    workers.close()
    assert len(times) == count
    return count / (times[-1] - times[0])


def main() -> None:
    """Measure, and print a line of JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--height", type=int, default=64)
    parser.add_argument("--simulated", type=int, default=100_000)
    given = parser.parse_args()
    os.environ["PYTHONPATH"] = str(Path(__file__).parents[1])
    source, here, there = (given.folder / name for name in ("photos", "here", "there"))
    make_pictures(source, given.count, given.height)
    on_cluster.CONVERTER = "benchmarks.cluster:quick"
    converter, found = quick(**SETTINGS), {}
    found["one_machine_s"] = timed(converter, source, here)
    with cluster(1):
        found["one_worker_s"] = timed(converter, source, there, cluster="auto")
    found["overhead_ms"] = 1000 * (found["one_worker_s"] - found["one_machine_s"])
    found["same"] = same(here, there)
    print(json.dumps(found), flush=True)
    found["killed"] = killed(converter, source, there, given.count) | {"same": same(here, there)}
    with cluster(2):
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        found["simulated_per_s"] = simulated(given.simulated)
        found["simulated_memory_mb"] = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    print(json.dumps(found))


if __name__ == "__main__":
    main()
