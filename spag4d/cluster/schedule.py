"""Hands items to workers, whatever these are: one item to each at a time, again elsewhere where one is lost or fails."""

from collections import deque
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, Protocol, TypeVar, runtime_checkable

from spag4d.errors import ResourceError

MOST_ATTEMPTS = 3
"""So often an item is tried, if it can be on different workers, before it counts as failed."""
WAIT_S = 0.5
"""The longest wait for news: so often progress is reported, and a request to stop is heard."""

Item = TypeVar("Item")
Taken = TypeVar("Taken", contravariant=True)


@dataclass(frozen=True)
class News:
    """What has become of a worker's item: a ``value``, an ``error``, or neither where the worker ``is_lost``."""

    worker: str
    value: Any = None
    error: Exception | None = None
    is_lost: bool = False


@dataclass(frozen=True)
class Ended(Generic[Item]):
    """An item that has ended, with its value or with the error of its last attempt."""

    item: Item
    worker: str
    value: Any = None
    error: Exception | None = None


@runtime_checkable
class Workers(Protocol[Taken]):
    """Those who do the work; they may come and go."""

    def idle(self) -> Collection[str]:
        """Return the names of workers without an item."""
        ...

    def begin(self, worker: str, item: Taken) -> None:
        """Let an idle worker begin an item."""
        ...

    def wait(self, timeout_s: float) -> Sequence[News]:
        """Wait for news, at most so long; raises a `Spag4dError` where there will be no workers."""
        ...


@dataclass
class _Work(Generic[Item]):
    item: Item
    tried: list[str] = field(default_factory=list)


def scheduled(items: Iterable[Item], workers: Workers[Item]) -> Iterator[Ended[Item] | None]:
    """Let workers do all items and yield each as it ends, and None whenever `WAIT_S` went by without any.

    Items are taken one by one as workers become free, so that a long queue costs no memory. An item whose worker is lost,
    or that fails, is done again, by another worker if there is one; after `MOST_ATTEMPTS` it ends with its error.
    """
    desk = _Desk(items)
    while desk.hand_out(workers):
        ended = [desk.heard(news) for news in workers.wait(WAIT_S)]
        yield from filter(None, ended)
        if not any(ended):
            yield None


class _Desk(Generic[Item]):
    """The items that are left, and those under way."""

    def __init__(self, items: Iterable[Item]) -> None:
        self._items = iter(items)
        self._again: deque[_Work[Item]] = deque()
        self._under_way: dict[str, _Work[Item]] = {}

    def hand_out(self, workers: Workers[Item]) -> bool:
        """Give every idle worker an item, as long as there are any, and return whether any is left or under way."""
        idle = list(workers.idle())
        for worker in idle:
            work = self._next_for(worker)
            if work is None:
                return bool(self._under_way)
            work.tried.append(worker)
            self._under_way[worker] = work
            workers.begin(worker, work.item)
        return True

    def _next_for(self, worker: str) -> _Work[Item] | None:
        """Return what others could not do, a new item, or in the end what this worker itself could not do before."""
        for work in self._again:
            if worker not in work.tried:
                self._again.remove(work)
                return work
        for item in self._items:
            return _Work(item)
        return self._again.popleft() if self._again else None

    def heard(self, news: News) -> Ended[Item] | None:
        """Return the item that ended by this, if one did."""
        work = self._under_way.pop(news.worker, None)
        if work is None:  # it was idle, and is lost
            return None
        if not news.is_lost and news.error is None:
            return Ended(work.item, news.worker, news.value)
        if len(work.tried) < MOST_ATTEMPTS:
            self._again.append(work)
            return None
        died = ResourceError(f"{MOST_ATTEMPTS} workers died over this, most likely because memory ran out. Raise --stride or "
                             "use a smaller panorama.")
        return Ended(work.item, news.worker, error=news.error or died)
