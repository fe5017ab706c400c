"""One trial: work that is done in a child of its own, with limits of time and memory, and what came of it."""

import os
import re
import resource
import select
import signal
import sys
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from spag4d.errors import ResourceError

SECONDS = 10
"""Of a processor: whether others use the machine too must not matter."""
_WAITED_S = 60.0
MEGABYTES = 1000
"""The program itself, and three times what a sample holds, which is less than a megabyte."""
_HARD_LIMIT = 4 << 30
"""Bytes: where more is asked for, the child hears that there is none, before the machine does."""
_WRONG = 99
SAID = "said.txt"

REFUSED, ACCEPTED = "refused", "accepted"
TRACEBACK, HANG, MEMORY, WRONG, UNCLEAR = "traceback", "hang", "memory", "wrongly accepted", "unclear"
VERDICTS = (REFUSED, ACCEPTED, TRACEBACK, HANG, MEMORY, WRONG, UNCLEAR)
FAULTS = VERDICTS[2:]

_UNEXPECTED = re.compile(r"Traceback|Warning: .*\.py|\w+\.py:\d+:|Segmentation|terminate called|Assertion")
_REFUSAL = re.compile(r"(Error: [^\n]{10,1500})\n?(Try .*)?$")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_TWO_STOPS = re.compile(r"[.?!]\.(\s|$)|[.?!]\. ")


@dataclass(frozen=True)
class Trial:
    """What came of a trial: one of `VERDICTS`, what was said, the seconds and megabytes that it took."""

    verdict: str
    said: str
    seconds: float
    megabytes: float


class WronglyAccepted(Exception):
    """What was made of a hostile file is not what was said, or could not be made of it."""


def tried(work: Callable[[], None], folder: Path) -> Trial:
    """Do some work in a child process with ``folder`` as its own, and return what came of it."""
    pid = os.fork()
    if pid == 0:
        _child(work, folder)
    in_time = _ended(pid)
    if not in_time:
        os.killpg(pid, signal.SIGKILL)
    _, status, used = os.wait4(pid, 0)
    megabytes = used.ru_maxrss / (1e6 if sys.platform == "darwin" else 1e3)
    said = (folder / SAID).read_text(errors="replace") if (folder / SAID).exists() else ""
    verdict = _verdict(os.waitstatus_to_exitcode(status), said, megabytes) if in_time else HANG
    return Trial(verdict, said, used.ru_utime + used.ru_stime, megabytes)


def _ended(pid: int) -> bool:
    """Wait for a child, and return whether it ended in time."""
    handle = os.pidfd_open(pid)
    try:
        return bool(select.select([handle], [], [], _WAITED_S)[0])
    finally:
        os.close(handle)


def _child(work: Callable[[], None], folder: Path) -> None:
    os.setsid()
    resource.setrlimit(resource.RLIMIT_DATA, (_HARD_LIMIT, _HARD_LIMIT))
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    os._exit(done(work, folder))


def done(work: Callable[[], None], folder: Path) -> int:
    """Do some work in this process, with ``folder`` as its own and what it says in a file there; return the exit code."""
    before, streams = Path.cwd(), (os.dup(1), os.dup(2))
    os.chdir(folder)
    file = os.open(SAID, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(file, 1)
    os.dup2(file, 2)
    os.close(file)
    try:
        return _code_of(work)
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        for stream, kept in enumerate(streams, 1):
            os.dup2(kept, stream)
            os.close(kept)
        os.chdir(before)


def _code_of(work: Callable[[], None]) -> int:
    try:
        work()
    except SystemExit as error:
        return error.code if isinstance(error.code, int) else int(bool(error.code))
    except WronglyAccepted:
        traceback.print_exc()
        return _WRONG
    except BaseException:
        traceback.print_exc()
        return 1
    return 0


def _verdict(code: int, said: str, megabytes: float) -> str:
    if code == _WRONG:
        return WRONG
    if code in (-signal.SIGXCPU, -signal.SIGKILL):
        return HANG
    if code == ResourceError.exit_code or megabytes > MEGABYTES:
        return MEMORY
    if code not in (0, 2) or _UNEXPECTED.search(said):
        return TRACEBACK
    if _CONTROL.search(said) or _TWO_STOPS.search(said) or (code == 2 and not _REFUSAL.search(said.strip())):
        return UNCLEAR
    return REFUSED if code == 2 else ACCEPTED
