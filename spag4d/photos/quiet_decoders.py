"""Silence for decoders written in C, which print past Python's streams."""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager

_lock = threading.Lock()
_inside = 0
_kept = -1


@contextmanager
def quiet_decoders() -> Iterator[None]:
    """Discard everything written to the process's stderr inside the block; several threads may be inside."""
    global _inside, _kept
    with _lock:
        if not _inside:
            _kept = _silenced()
        _inside += 1
    try:
        yield
    finally:
        with _lock:
            _inside -= 1
            if not _inside and _kept >= 0:
                os.dup2(_kept, 2)
                os.close(_kept)


def _silenced() -> int:
    """Return a copy of the descriptor that was stderr, or -1 without one."""
    try:
        kept = os.dup(2)
    except OSError:  # a program without a console
        return -1
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    os.close(nowhere)
    return kept
