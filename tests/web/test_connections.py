"""Who is waited for, for how long, and who makes room for others."""

import logging
import signal
import socket
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from spag4d.web import connections
from spag4d.web.connections import ANSWER_S, AT_ONCE, BODY_S, HEADER_S, Connection, Crowd, LogRate
from tests.web.running_server import PATIENCE_S, RunningServer


class Cycle:
    """A request that is being answered."""

    def __init__(self, *, more_body: bool = False, response_complete: bool = False) -> None:
        self.more_body, self.response_complete = more_body, response_complete


class Line:
    """Plays the transport and uvicorn's flow control."""

    read_paused = False
    size = 0
    aborted = False

    def abort(self) -> None:
        self.aborted = True

    def get_write_buffer_size(self) -> int:
        return self.size


def connection(peer: str = "a", *, cycle: Any = None, heard_s: float = 0.0, asked_s: float | None = 0.0) -> Any:
    one: Any = Connection.__new__(Connection)
    one.peer, one.cycle, one.heard_s, one._asked_s = peer, cycle, heard_s, asked_s
    one.transport = one.flow = Line()
    return one


@pytest.mark.parametrize("one, limit_s", [
    (connection(), HEADER_S), (connection(heard_s=1e6), HEADER_S),  # a byte now and then is no header
    (connection(cycle=Cycle(response_complete=True)), HEADER_S),
    (connection(cycle=Cycle(more_body=True), asked_s=None), BODY_S),
])
def test_who_does_not_finish_a_request_has_a_limit(one: Any, limit_s: float) -> None:
    assert one.is_incomplete and not one.is_overdue(limit_s) and one.is_overdue(limit_s + 0.1)


def test_who_waits_for_us_is_waited_for() -> None:
    ours = [connection(cycle=Cycle(), asked_s=None), connection(cycle=Cycle(response_complete=True), asked_s=None)]
    assert not any(one.is_overdue(1e6) for one in ours) and not ours[0].is_incomplete
    slow_disk = connection(cycle=Cycle(more_body=True), asked_s=None)
    slow_disk.flow.read_paused = True
    assert not slow_disk.is_overdue(1e6)


def test_who_takes_nothing_of_an_answer_has_a_limit() -> None:
    one = connection(cycle=Cycle(), asked_s=None)
    for now, size, overdue in ((0.0, 9, False), (50.0, 5, False), (100.0, 5, False), (51.0 + ANSWER_S, 5, True)):
        one.transport.size = size
        assert one.is_overdue(now) == overdue


def test_the_most_silent_makes_room_and_whoever_has_asked_is_answered() -> None:
    crowd = Crowd(4)
    asked = connection("b", cycle=Cycle(), heard_s=-5.0)
    silent = [connection("a", heard_s=float(number)) for number in range(3)]
    assert all(crowd.admit(one) for one in (asked, *silent)) and len(crowd) == 4
    another = connection("b", heard_s=9.0)
    assert crowd.admit(another) and len(crowd) == 4
    assert [one.transport.aborted for one in (asked, *silent)] == [False, True, False, False]


def test_one_address_does_not_take_all_the_room() -> None:
    crowd = Crowd(8)
    busy = [connection("a", cycle=Cycle()) for _ in range(6)]
    assert all(crowd.admit(one) for one in busy)
    assert not crowd.admit(connection("a")) and crowd.admit(connection("b"))


def test_a_sweep_drops_those_whose_time_is_over() -> None:
    crowd = Crowd(4, clock=lambda: HEADER_S + 1)
    late, in_time = connection(), connection(asked_s=5.0)
    assert crowd.admit(late) and crowd.admit(in_time)
    crowd.sweep()
    assert late.transport.aborted and not in_time.transport.aborted and len(crowd) == 1


def test_no_sweep_takes_long() -> None:
    crowd = Crowd(100, clock=lambda: HEADER_S + 1)
    crowd._all = {connection() for _ in range(2 * AT_ONCE + 1)}
    for left in (AT_ONCE + 1, 1, 0):
        crowd.sweep()
        assert len(crowd) == left


def test_a_flood_of_log_lines_is_cut_and_said(caplog: pytest.LogCaptureFixture) -> None:
    now = 0.0
    log = logging.getLogger("spag4d.test-of-rate")
    log.addFilter(LogRate(3, 10.0, clock=lambda: now))
    for _ in range(100):
        log.warning("no %s", "good")
    now = 11.0
    log.warning("later")
    assert [record.getMessage() for record in caplog.records] == [
        *["no good"] * 3, "many more lines such as these: no good", "later"]


@pytest.fixture
def narrow(tmp_path: Path) -> Iterator[RunningServer]:
    """A server that may have 200 descriptors, 24 connections therefore."""
    running = RunningServer(tmp_path / "home", prefix=("bash", "-c", 'ulimit -n 200; exec "$@"', "limited"))
    yield running
    running.stop()


@pytest.mark.skipif(sys.platform == "win32", reason="sockets are no descriptors there")
def test_half_sent_requests_stop_the_server_for_nobody(narrow: RunningServer) -> None:
    halves = [b"GET /api/health HTTP/1.1\r\nHost: localhost",
              b"PUT /api/uploads/a.png HTTP/1.1\r\nHost: localhost\r\nContent-Length: 999\r\n\r\n123"]
    sockets = []
    for number in range(300):
        sockets.append(socket.create_connection(("127.0.0.1", narrow.port), timeout=10))
        sockets[-1].sendall(halves[number % 2])
        if number % 50 == 0:
            assert narrow.get("/api/health").status_code == 200
    assert narrow.get("/api/health").status_code == 200
    assert len(list(Path(f"/proc/{narrow.process.pid}/fd").glob("*")) if Path("/proc").is_dir() else []) < 150
    narrow.process.send_signal(signal.SIGINT)
    said, _ = narrow.process.communicate(timeout=PATIENCE_S)
    assert "Stopped." in said and "Traceback" not in said
    for one in sockets:
        one.close()


def test_as_many_connections_as_descriptors_allow(monkeypatch: pytest.MonkeyPatch) -> None:
    resource = pytest.importorskip("resource")
    asked: list[Any] = []
    monkeypatch.setattr(resource, "setrlimit", lambda which, limits: asked.append(limits))
    for limits, most in (((1024, 1024), 298), ((256, 10_000), 1000), ((200, 200), 24), ((100, 100), 8)):
        monkeypatch.setattr(resource, "getrlimit", lambda which, limits=limits: limits)
        assert connections.most_connections() == most
    assert asked == [(4096, 10_000)]
