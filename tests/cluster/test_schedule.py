import subprocess
import sys
import tracemalloc
from ast import literal_eval
from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from spag4d.cluster.schedule import MOST_ATTEMPTS, Ended, News, scheduled
from spag4d.errors import InputError, ResourceError


class Simulated:
    """Workers that need no time; ``do`` answers for an item on a worker, and None is the worker's death."""

    def __init__(self, names: Sequence[str], do: Callable[[str, Any], News | None], spare: Sequence[str] = ()) -> None:
        self.free, self.do, self.spare = deque(names), do, deque(spare)
        self.busy: deque[tuple[str, Any]] = deque()
        self.begun: list[tuple[str, Any]] = []

    def idle(self) -> Sequence[str]:
        return tuple(self.free)

    def begin(self, worker: str, item: Any) -> None:
        self.free.remove(worker)
        self.busy.append((worker, item))
        self.begun.append((worker, item))

    def wait(self, timeout_s: float) -> Sequence[News]:
        if not self.busy:
            self.free.extend(self.spare)
            self.spare.clear()
            return []
        worker, item = self.busy.popleft()
        news = self.do(worker, item)
        if news is None:
            if self.spare:
                self.free.append(self.spare.popleft())
            return [News(worker, is_lost=True)]
        self.free.append(worker)
        return [news]


def run(items: Any, workers: Simulated) -> list[Ended[Any]]:
    return [ended for ended in scheduled(items, workers) if ended is not None]


def well(worker: str, item: Any) -> News:
    return News(worker, value=item)


def test_every_item_is_done_once_by_all_workers() -> None:
    ended = run(range(100), Simulated(["a", "b", "c"], well))
    assert sorted(one.value for one in ended) == list(range(100))
    assert set(Counter(one.worker for one in ended)) == {"a", "b", "c"}


def test_what_a_lost_worker_was_at_is_done_by_another_and_nothing_twice() -> None:
    workers = Simulated(["a", "b"], lambda worker, item: None if (worker, item) == ("a", 4) else well(worker, item))
    ended = run(range(20), workers)
    assert sorted(one.value for one in ended) == list(range(20))
    assert [worker for worker, item in workers.begun if item == 4] == ["a", "b"]
    assert Counter(item for _, item in workers.begun)[5] == 1


def test_what_fails_is_tried_on_other_workers_and_the_rest_goes_on() -> None:
    def do(worker: str, item: int) -> News:
        return News(worker, error=InputError(f"bad on {worker}")) if item == 7 else well(worker, item)

    workers = Simulated(["a", "b", "c"], do)
    ended = {one.item: one for one in run(range(30), workers)}
    assert len(ended) == 30 and [item for item, one in ended.items() if one.error] == [7]
    assert {worker for worker, item in workers.begun if item == 7} == {"a", "b", "c"}


def test_a_single_worker_tries_again_itself_after_the_rest() -> None:
    workers = Simulated(["a"], lambda worker, item: News(worker, error=InputError("bad")) if item == 1 else well(worker, item))
    ended = run(range(4), workers)
    assert [item for _, item in workers.begun] == [0, 1, 2, 3, 1, 1]
    assert [one.item for one in ended] == [0, 2, 3, 1] and isinstance(ended[-1].error, InputError)


def test_what_kills_worker_after_worker_is_given_up() -> None:
    workers = Simulated(["a"], lambda worker, item: None if item == 1 else well(worker, item), spare=["b", "c", "d"])
    ended = run(range(3), workers)
    assert sum(item == 1 for _, item in workers.begun) == MOST_ATTEMPTS
    assert [type(one.error) for one in ended if one.item == 1] == [ResourceError] and len(ended) == 3


def test_items_wait_for_workers_that_come_later() -> None:
    workers = Simulated([], well, spare=["late"])
    assert [one.worker for one in run(range(2), workers)] == ["late", "late"]


def long_queue() -> tuple[int, int, float]:
    """Return how many of 10,000 items ended, how many were drawn before they could begin, and the bytes of memory it took."""
    drawn = ended = ahead = 0

    def items() -> Iterator[bytes]:
        nonlocal drawn
        for _ in range(10_000):
            drawn += 1
            yield bytes(10_000)

    workers = Simulated(["a", "b"], lambda worker, item: News(worker, value=len(item)))
    workers.begun = deque(maxlen=1)  # type: ignore[assignment]
    tracemalloc.start()
    for one in scheduled(items(), workers):
        ended += one is not None
        ahead = max(ahead, drawn - ended)
    return ended, ahead, tracemalloc.get_traced_memory()[1]


def many_items() -> int:
    return len(run(range(100_000), Simulated([f"worker {number}" for number in range(16)], well)))


def without_checks(call: str) -> str:
    """Return what a function of this module says in a process that does not check the types of every call."""
    code = f"from tests.cluster.test_schedule import *; print({call})"
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=200).stdout


def test_a_long_queue_is_not_held_in_memory() -> None:
    ended, ahead, most = literal_eval(without_checks("long_queue()"))
    assert ended == 10_000 and ahead <= 3 and most < 500_000, "of 100 MB no more than a few items at a time"


def test_a_hundred_thousand_items() -> None:
    assert without_checks("many_items()").split() == ["100000"], "within 200 s, which is 500 a second; about one is usual"
