"""Connections, and what each may cost: a client that sends half a request or reads no answer does not block forever.

uvicorn itself waits for ever for the rest of a request, and asyncio, once no descriptor is left, tries to accept without a
pause. So connections are counted, the number stays well below that of descriptors, and where there are too many the one that
has been silent for longest is closed: every complete request is answered.
"""

import asyncio
import logging
import time
from collections.abc import Callable
from typing import Any

from uvicorn.protocols.http.h11_impl import H11Protocol

log = logging.getLogger("spag4d.web")

HEADER_S = 10.0
"""A request's header is a few hundred bytes: a slower client will never send it."""

BODY_S = 30.0
"""Longest silence while a file is sent; a phone that changes cells is quiet for some seconds."""

ANSWER_S = 60.0
"""Longest time in which a client reads nothing of an answer."""

AT_ONCE = 16
"""Connections accepted or dropped before others have their turn: each takes a fraction of a millisecond."""

WAITING = 2048
"""Connections that may wait to be accepted. The system ignores any more, and they try again a second later."""

_SWEEP_S = 0.2
"""Between two looks at the limits, which are seconds."""
_DESCRIPTORS_WANTED = 4096
"""Enough for `_MOST` connections."""
_DESCRIPTORS_KEPT = 128  # for the workers, the records and the standard streams
_DESCRIPTORS_EACH = 3  # the connection, the file that it sends or receives, and one that is just being opened
_MOST = 1000
"""Connections at a time: one person's page needs six."""
_SHARE_OF_A_CLIENT = 0.75
"""So that one address leaves a quarter of them to all others."""


class Crowd:
    """All connections, of which there may be ``most``, and ``most_of_a_client`` of them from one address."""

    def __init__(self, most: int, *, clock: Callable[[], float] = time.monotonic) -> None:
        """Begin with none."""
        self.most, self.most_of_a_client = most, max(1, int(most * _SHARE_OF_A_CLIENT))
        self.clock = clock
        self._all: set[Connection] = set()

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self._all)

    def admit(self, one: "Connection") -> bool:
        """Count a new connection, and return whether it may stay; another one may be closed to make room for it."""
        alike = [other for other in self._all if other.peer == one.peer]
        full = alike if len(alike) >= self.most_of_a_client else self._all if len(self._all) >= self.most else []
        if full:
            silent = min((other for other in full if other.is_incomplete), key=lambda other: other.heard_s, default=None)
            if silent is None:
                return False
            self.drop(silent)
        self._all.add(one)
        return True

    def drop(self, one: "Connection") -> None:
        """Close a connection at once."""
        self.leave(one)
        one.transport.abort()

    def leave(self, one: "Connection") -> None:
        """Stop counting a closed connection."""
        self._all.discard(one)

    def drop_incomplete(self) -> None:
        """Close all connections that wait for the other side: half a request is useless once the server stops."""
        for one in [one for one in self._all if one.is_incomplete]:
            self.drop(one)

    def sweep(self) -> None:
        """Drop connections whose time is up, at most `AT_ONCE` of them, as others may wait for an answer."""
        now = self.clock()
        for one in [one for one in self._all if one.is_overdue(now)][:AT_ONCE]:
            log.info("a connection from %s is closed: nothing came of it", one.peer)
            self.drop(one)

    async def sweep_for_ever(self) -> None:
        """Sweep now and then."""
        while True:
            await asyncio.sleep(_SWEEP_S)
            self.sweep()


class Connection(H11Protocol):
    """One connection to the server, which tracks how long the other side has been silent."""

    crowd: Crowd
    peer = ""
    heard_s = 0.0
    _asked_s: float | None = None
    _unsent: tuple[int, float] = (0, 0.0)

    def connection_made(self, transport: Any) -> None:
        """Stay open, or close where there are too many."""
        super().connection_made(transport)
        self.peer = self.client[0] if self.client else ""
        self.heard_s = self._asked_s = self.crowd.clock()
        if not self.crowd.admit(self):
            transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        """Make room for others."""
        self.crowd.leave(self)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Record when data arrived, and since when a header has been arriving."""
        before = self.cycle
        self.heard_s = self.crowd.clock()
        if self._is_between_requests and self._asked_s is None:
            self._asked_s = self.heard_s
        super().data_received(data)
        if self.cycle is not before:
            self._asked_s = None

    @property
    def _is_between_requests(self) -> bool:
        return self.cycle is None or self.cycle.response_complete

    @property
    def is_incomplete(self) -> bool:
        """Whether the server waits for the other side, not the other way round."""
        return self._is_between_requests or self.cycle.more_body

    def is_overdue(self, now: float) -> bool:
        """Return whether the other side's time is up; between requests uvicorn takes care of that."""
        if self._is_between_requests:
            return self._asked_s is not None and now - self._asked_s > HEADER_S
        if self.cycle.more_body:
            return not self.flow.read_paused and now - self.heard_s > BODY_S
        return self._takes_nothing(now)

    def _takes_nothing(self, now: float) -> bool:
        size, since = self.transport.get_write_buffer_size(), self._unsent[1]
        if size == 0 or size != self._unsent[0]:
            self._unsent = (size, now)
            return False
        return now - since > ANSWER_S


def connection_class(crowd: Crowd) -> type[Connection]:
    """Return the protocol of the connections of a crowd, as uvicorn makes one for each."""
    return type("CountedConnection", (Connection,), {"crowd": crowd})


def most_connections() -> int:
    """Return how many connections this process's descriptors allow, after raising their limit."""
    try:
        import resource
    except ImportError:  # Windows, where sockets are no descriptors
        return _MOST
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _DESCRIPTORS_WANTED if hard == resource.RLIM_INFINITY else min(_DESCRIPTORS_WANTED, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
        soft = wanted
    there = _DESCRIPTORS_WANTED if soft == resource.RLIM_INFINITY else soft
    return max(8, min(_MOST, (there - _DESCRIPTORS_KEPT) // _DESCRIPTORS_EACH))


class LogRate(logging.Filter):
    """Lets ``most`` lines through in each period, and then reports that there were more."""

    def __init__(self, most: int = 20, period_s: float = 10.0, *, clock: Callable[[], float] = time.monotonic) -> None:
        """Begin a first period."""
        super().__init__()
        self._most, self._period_s, self._clock = most, period_s, clock
        self._since, self._count = clock(), 0

    def filter(self, record: logging.LogRecord) -> bool:
        """Return whether a line is written; the first one over the limit is, with a remark."""
        now = self._clock()
        if now - self._since > self._period_s:
            self._since, self._count = now, 0
        self._count += 1
        if self._count == self._most + 1:
            record.msg, record.args, record.exc_info = "many more lines such as these: %s", (record.getMessage(),), None
        return self._count <= self._most + 1
