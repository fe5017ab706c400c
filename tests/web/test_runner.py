"""The runner with workers that only say what they are told to."""

import secrets
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from spag4d import Settings
from spag4d.web import runner as runner_module
from spag4d.web.board import Board
from spag4d.web.job import Job
from spag4d.web.jobs import Jobs
from spag4d.web.records import Records
from spag4d.web.runner import Crew, Runner, Worker


class Actor(Worker):
    """Plays a worker process: greets with its devices, and ends each job when it is let go."""

    devices: list[str] = ["cpu"]
    go = threading.Event()
    everybody: list["Actor"] = []
    messages_of: Callable[[str], list[dict[str, Any]]] = staticmethod(lambda name: [])

    def __init__(self) -> None:
        self.requests: list[dict[str, Any]] = []
        self.greeted = self.dead = False
        Actor.everybody.append(self)

    def messages(self) -> Iterator[dict[str, Any]]:
        if not self.greeted:
            self.greeted = True
            yield {"devices": self.devices}
            return
        self.go.wait(10)
        if not self.dead:
            yield from Actor.messages_of(self.requests[-1]["id"])
            yield {"cancelled": True}

    def convert(self, **request: Any) -> None:
        self.requests.append(request)

    def rest(self) -> None:
        pass

    def is_alive(self) -> bool:
        return not self.dead

    def kill(self) -> None:
        self.dead = True
        self.go.set()

    def cancel(self, id: str) -> None:
        self.go.set()

    def send(self, **message: Any) -> None:
        raise NotImplementedError

    def exit_code(self) -> int:
        return 1


@pytest.fixture(autouse=True)
def stage(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runner_module, "ProcessWorker", Actor)
    monkeypatch.setattr(Actor, "everybody", [])
    monkeypatch.setattr(Actor, "go", threading.Event())


@pytest.fixture
def jobs(tmp_path: Path) -> Iterator[Jobs]:
    yield Jobs(Records(tmp_path), Board(), max_queue=10)


@pytest.fixture
def runner(jobs: Jobs, tmp_path: Path) -> Iterator[Runner]:
    started = Runner(jobs, tmp_path)
    yield started
    Actor.go.set()
    started.stop()


def added(jobs: Jobs, **facts: Any) -> Job:
    id = secrets.token_hex(8)
    jobs.records.folder_of(id).mkdir()
    return jobs.add(id, "photo", ["a.png"], Settings().model_dump(), **facts)


def wait(holds: Callable[[], bool]) -> None:
    end = time.monotonic() + 10
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.005)


def test_two_gpus_convert_two_jobs_at_a_time(jobs: Jobs, runner: Runner, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Actor, "devices", ["cuda:0", "cuda:1"])
    for _ in range(3):
        added(jobs)
    runner.start()
    wait(lambda: jobs.count("running") == 2 and len([actor for actor in Actor.everybody if actor.requests]) == 2)
    assert sorted(actor.requests[0]["device"] for actor in Actor.everybody) == ["cuda:0", "cuda:1"]
    assert jobs.count("queued") == 1
    Actor.go.set()
    wait(lambda: jobs.count("cancelled") == 3)
    assert sum(len(actor.requests) for actor in Actor.everybody) == 3


def test_one_device_leaves_the_settings_as_they_are(jobs: Jobs, runner: Runner) -> None:
    added(jobs)
    runner.start()
    Actor.go.set()
    wait(lambda: jobs.count("cancelled") == 1)
    assert [actor.requests[0]["device"] for actor in Actor.everybody] == ["auto"]


def test_a_job_that_cannot_be_followed_fails_and_its_worker_is_replaced(
    jobs: Jobs, runner: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    bad, good = added(jobs), added(jobs)
    monkeypatch.setattr(Actor, "messages_of", staticmethod(lambda id: [{"files": ["is not there"]}] if id == bad.id else []))
    Actor.go.set()
    runner.start()
    wait(lambda: jobs.count("cancelled") == 1)
    ended = jobs.get(bad.id)
    assert ended is not None and ended.status == "failed" and "could not be run" in ended.error
    assert [actor.requests[0]["id"] for actor in Actor.everybody] == [bad.id, good.id] and Actor.everybody[0].dead


def test_a_job_is_cancelled_before_its_worker_is_there(jobs: Jobs, runner: Runner, monkeypatch: pytest.MonkeyPatch) -> None:
    starting, ready = threading.Event(), threading.Event()
    born = Actor.__init__

    def slowly(self: Actor) -> None:
        born(self)
        starting.set()
        ready.wait(10)

    monkeypatch.setattr(Actor, "__init__", slowly)
    job = added(jobs)
    runner.start()
    assert starting.wait(10)
    runner.cancel(job.id)
    ready.set()
    wait(lambda: jobs.count("cancelled") == 1)
    assert Actor.everybody[0].requests == []


def test_a_stop_puts_the_job_back_as_if_it_had_not_been_begun(jobs: Jobs, runner: Runner) -> None:
    job = added(jobs)
    runner.start()
    wait(lambda: jobs.count("running") == 1 and any(actor.requests for actor in Actor.everybody))
    runner.stop()
    ended = jobs.get(job.id)
    assert ended is not None and (ended.status, ended.starts) == ("queued", 0)


def test_the_example_makes_way_for_a_job(jobs: Jobs, runner: Runner) -> None:
    example = added(jobs, is_example=True)
    runner.start()
    wait(lambda: any(actor.requests for actor in Actor.everybody))
    job = added(jobs)
    runner.postpone(example.id)
    wait(lambda: jobs.count("cancelled") == 2)
    asked = [request["id"] for actor in Actor.everybody for request in actor.requests]
    assert asked == [example.id, job.id, example.id]


def test_a_job_of_a_lost_machine_is_begun_again_until_that_has_happened_too_often(
    jobs: Jobs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Lost(Actor):
        is_lost = True

        def messages(self) -> Iterator[dict[str, Any]]:
            if not self.greeted:
                self.greeted = True
                yield {"devices": ["cpu"]}
            else:
                self.dead = True

    job = added(jobs)
    runner = Runner(jobs, tmp_path, Crew(Lost, 2))
    runner.start()
    wait(lambda: jobs.count("failed") == 1)
    runner.stop()
    ended = jobs.get(job.id)
    assert ended is not None and ended.starts == 3
    assert [actor.requests[0]["device"] for actor in Actor.everybody if actor.requests] == ["auto"] * 3
