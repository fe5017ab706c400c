"""Calls that run in step: each stops at the end of each of its steps until all have come there, and go on from what they share.

A pipeline of another library calls back at the end of a step and waits for the answer. So each call has a thread, but only one
of them runs at a time: they share a GPU, and what is in its memory.
"""

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

Result = TypeVar("Result")


class LockStep:
    """A meeting place of ``count`` calls; ``together`` gets what all have brought and returns what each takes along."""

    def __init__(self, count: int, together: Callable[[list[Any]], Sequence[Any]]) -> None:
        """Wait for nobody yet."""
        self._together = together
        self._brought: list[Any] = [None] * count
        self._turn = threading.Lock()
        self._all_here = threading.Barrier(count, self._share)

    def _share(self) -> None:
        self._brought = list(self._together(self._brought))

    def meet(self, number: int, value: Any) -> Any:
        """Wait in call ``number`` for the others, and return what it takes along."""
        self._brought[number] = value
        self._turn.release()
        try:
            self._all_here.wait()
        finally:
            self._turn.acquire()
        return self._brought[number]

    def run(self, calls: Sequence[Callable[[], Result]]) -> list[Result]:
        """Return what the calls return; what the first that fails raises is raised, and the others end where they next meet."""
        failures: list[BaseException] = []

        def alone(call: Callable[[], Result]) -> Result | None:
            with self._turn:
                try:
                    return None if failures else call()
                except BaseException as error:
                    failures.append(error)
                    self._all_here.abort()
                    return None

        with ThreadPoolExecutor(len(calls)) as threads:
            waiting = [threads.submit(alone, call) for call in calls]
            try:
                results = [future.result() for future in waiting]
            except BaseException:  # as when the user interrupts
                self._all_here.abort()
                raise
        if failures:
            raise next((error for error in failures if not isinstance(error, threading.BrokenBarrierError)), failures[0])
        return results  # type: ignore[return-value]
