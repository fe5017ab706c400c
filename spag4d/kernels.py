"""Loops that numba compiles, and the threads that run them: the only place that decides how.

A kernel releases the interpreter's lock, so ordinary threads run it on all cores; numba's own threads are not used, because
they may not be entered from several threads at once. The compiler takes eight numbers at a time where it knows how far apart
they are: not in the rows of an array (n, 3), so that those go to a kernel flat (3 n) where it matters. Below `kernel` stands
`typing.no_type_check`: the test run would otherwise wrap what numba has to compile.
"""

import functools
import os
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from threadpoolctl import threadpool_limits

_LEAST_PER_THREAD = 1024
"""Items: fewer take less time than starting a thread."""
_MOST_PARTS = 32
"""Four for each of eight cores, so that none waits long for the last part; more cores gain little."""


_MADE: list["_Kernel"] = []
"""In the order in which this process first needed them."""


class _Kernel:
    """A function that numba, itself half a second to import, compiles at the first call and keeps on the disk if it can."""

    def __init__(self, function: Callable[..., Any], *, fast: bool) -> None:
        """Take what is to be compiled; ``fast`` may reorder sums."""
        functools.update_wrapper(self, function)
        self._function = function
        self._how = {"nogil": True, "fastmath": fast, "error_model": "numpy"}
        self._compiled: Any = None
        self._lock = threading.Lock()

    def __call__(self, *arguments: Any) -> Any:
        """Run the machine code."""
        return (self._compiled or self._made())(*arguments)

    def compile(self, types: tuple[Any, ...]) -> None:
        """Compile for arguments of these types, numba's, and keep the machine code."""
        self._made().compile(types)

    @property
    def place(self) -> str:
        """The module and the name of the function, as ``module:function``."""
        return f"{self._function.__module__}:{self._function.__name__}"

    @property
    def signatures(self) -> list[tuple[Any, ...]]:
        """The types, numba's, that it has been called with."""
        return [] if self._compiled is None else list(self._compiled.signatures)

    @property
    def _numba_type_(self) -> Any:
        """What numba asks for where a kernel calls this one."""
        from numba import typeof

        return typeof(self._made())

    def _made(self) -> Any:
        from numba import njit

        with self._lock:
            if self._compiled is None:
                try:
                    self._compiled = njit(cache=True, **self._how)(self._function)
                except RuntimeError:  # no folder that can be written to
                    self._compiled = njit(**self._how)(self._function)
                _MADE.append(self)
            return self._compiled


def compiled_kernels() -> list[_Kernel]:
    """Return those that this process has called, in the order of their first calls."""
    return [one for one in _MADE if one.signatures]


def kernel(function: Callable[..., Any]) -> Callable[..., Any]:
    """Compile a function at its first call, and keep the machine code on the disk where that can be written to.

    Sums may be reordered; a division by zero is numpy's, not an error; whether values are finite a kernel cannot test.
    """
    return _Kernel(function, fast=True)


def exact_kernel(function: Callable[..., Any]) -> Callable[..., Any]:
    """Compile a function as `kernel` does, but round every operation as numpy would, for bytes that stay the same."""
    return _Kernel(function, fast=False)


def one_blas_thread() -> threadpool_limits:
    """Return a context in which a product of matrices stays on its own thread.

    OpenBLAS lets its threads wait by spinning: beside our own, or on a busy machine, they take ten times as long.
    """
    return threadpool_limits(1, user_api="blas")


def threads() -> int:
    """Return how many threads may work: one a core, or OMP_NUM_THREADS where several conversions share a machine."""
    cores, most = os.cpu_count() or 1, os.environ.get("OMP_NUM_THREADS", "")
    return max(1, min(cores, int(most))) if most.isdecimal() else cores


def in_parts(work: Callable[[int, int], None], count: int, least: int = _LEAST_PER_THREAD) -> None:
    """Call ``work(first, last)`` for parts of the range 0 … ``count``, of ``least`` members or more, on all cores.

    The parts are the same on all machines, however many `threads` work: sums round alike, and files come out byte for byte.
    """
    parts = max(1, min(_MOST_PARTS, count // least))
    ends = [count * part // parts for part in range(parts + 1)]
    if parts == 1:
        work(0, count)
        return
    with ThreadPoolExecutor(threads()) as pool:
        for _ in pool.map(work, ends[:-1], ends[1:]):
            pass
