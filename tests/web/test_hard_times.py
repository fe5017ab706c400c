"""Crashes, crowds and too much of everything: what is lost, which is nothing, and what is said."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
import requests

from spag4d.web.jobs import MOST_STARTS
from spag4d.web.uploads import SPARED_S
from tests.web.running_server import PATIENCE_S, RunningServer

Start = Callable[..., RunningServer]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Start servers one after the other on the same folder; the last one is stopped when the test ends."""
    running: list[RunningServer] = []

    def started(*options: str, prefix: tuple[str, ...] = ()) -> RunningServer:
        running.append(RunningServer(tmp_path / "home", *options, prefix=prefix))
        return running[-1]

    yield started
    for server in running:
        if server.process.poll() is None:
            server.stop()


def is_running(job: dict) -> bool:
    return job["status"] == "running" and job["stage"] != ""


def test_a_killed_server_loses_nothing(start: Start, room: Path, medium: Path) -> None:
    server = start()
    done = server.converted(room, stride=4)
    ids = [server.submit(medium, stride=1).json()["id"]]
    ids += [server.submit(room, stride=stride).json()["id"] for stride in (5, 6)]
    server.wait(ids[0], is_running)
    server.kill()
    again = start()
    jobs = {job["id"]: job for job in again.get("/api/jobs").json()}
    assert list(jobs) == [done["id"], *ids]
    assert jobs[done["id"]] == done
    ended = [again.wait(id) for id in ids]
    assert [job["status"] for job in ended] == ["done"] * 3
    assert [job["starts"] for job in ended] == [2, 1, 1]
    begun = [job["started_s"] for job in ended]
    assert begun == sorted(begun)
    url = f"/api/jobs/{done['id']}/files/scene.splat"
    assert len(again.get(url).content) == done["files"]["scene.splat"]


def test_a_video_goes_on_with_the_frame_that_it_was_at(start: Start, clip: Path) -> None:
    server = start()
    id = server.submit(clip, fps=10, duration=0.3, stride=2).json()["id"]
    server.wait(id, lambda job: job["frames"] >= 1)
    server.kill()
    again = start()
    job = again.wait(id)
    assert (job["status"], job["frames"]) == ("done", 3), job["error"]
    assert job["result"]["splat_count"] > 0


def test_a_worker_that_dies_is_a_failed_job_and_the_next_one_runs(start: Start, room: Path, large: Path) -> None:
    server = start()
    first, second = server.submit(large, stride=1).json()["id"], server.submit(room).json()["id"]
    server.wait(first, is_running)
    for pid in server.workers():
        os.kill(pid, signal.SIGKILL)
    job = server.wait(first)
    assert job["status"] == "failed" and "memory" in job["error"]
    assert server.wait(second)["status"] == "done"


def test_a_job_that_ends_the_server_each_time_is_not_begun_for_ever(start: Start, large: Path) -> None:
    server = start()
    id = server.submit(large, stride=1).json()["id"]
    for number in range(1, MOST_STARTS + 1):
        assert server.wait(id, is_running)["starts"] == number
        server.kill()
        server = start()
    job = server.job(id)
    assert job["status"] == "failed" and f"{MOST_STARTS} times" in job["error"]


def test_a_second_server_on_the_same_folder_or_port_is_refused(start: Start, tmp_path: Path) -> None:
    first = start()
    command = [sys.executable, "-m", "spag4d", "serve", "--no-example", "--port"]
    environment = {**os.environ, "SPAG4D_HOME": str(tmp_path / "home")}
    folder = subprocess.run([*command, "0"], env=environment, capture_output=True, text=True, check=False)
    assert folder.returncode == 2 and "Error: another SPAG-4D server is using" in folder.stderr
    environment["SPAG4D_HOME"] = str(tmp_path / "other")
    port = subprocess.run([*command, str(first.port)], env=environment, capture_output=True, text=True, check=False)
    assert port.returncode == 2 and f"port {first.port}" in port.stderr and "--port" in port.stderr


def test_fifty_uploads_at_once_are_taken_or_refused(start: Start, room: Path) -> None:
    server = start("--max-queue", "4")
    answers: list[requests.Response] = []
    threads = [threading.Thread(target=lambda: answers.append(server.submit(room, stride=8))) for _ in range(50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    taken = [answer.json()["id"] for answer in answers if answer.status_code == 201]
    refused = [answer for answer in answers if answer.status_code == 503]
    assert len(taken) + len(refused) == 50 and len(taken) >= 4
    assert all(answer.headers["retry-after"] and "too many jobs" in answer.json()["detail"] for answer in refused)
    assert {job["id"] for job in server.get("/api/jobs").json()} == set(taken)
    assert {server.wait(id)["status"] for id in taken} == {"done"}
    assert list((server.home / "web" / "uploads").iterdir()) == []


def test_what_is_too_large_is_refused_whether_it_says_so_or_not(start: Start) -> None:
    server = start("--max-upload", "1")
    declared = server.upload(bytes(1_100_000), "large.png")
    assert declared.status_code == 413 and "1 MB" in declared.json()["detail"]
    with suppress(requests.ConnectionError):  # the server may hang up while there is more to send
        assert server.upload(iter([bytes(1 << 16)] * 40), "large.png").status_code == 413
    long = json.dumps({"uploads": ["x" * (1 << 17)]}).encode()
    for body in (long, iter([long[:1000], long[1000:]])):
        answer = server.post("/api/jobs", data=body, headers={"Content-Type": "application/json"})
        assert answer.status_code == 413 and "too long" in answer.json()["detail"]
    assert list((server.home / "web" / "uploads").iterdir()) == []


def test_uploads_that_no_job_takes_have_an_end(start: Start, room: Path) -> None:
    server = start("--max-queue", "3")
    ids = [server.upload(room.read_bytes()).json()["id"] for _ in range(3)]
    refused = server.upload(room.read_bytes())
    assert refused.status_code == 503 and refused.headers["retry-after"] and "too many jobs" in refused.json()["detail"]
    long_ago = time.time() - SPARED_S - 60
    os.utime(server.home / "web" / "uploads" / ids[0], (long_ago, long_ago))
    assert server.upload(room.read_bytes()).status_code == 201, "the one that waits for longest makes room"
    assert server.convert(ids[0]).status_code == 422
    assert server.wait(server.convert(ids[1], stride=8).json()["id"])["status"] == "done"
    assert server.upload(room.read_bytes()).status_code == 201


def test_who_sends_slowly_keeps_nobody_out(start: Start, room: Path) -> None:
    server = start("--max-queue", "1")
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as slow:
        slow.sendall(b"PUT /api/uploads/a.png HTTP/1.1\r\nHost: localhost\r\nContent-Length: 999\r\n\r\n123")
        assert server.upload(room.read_bytes()).status_code == 201
    end = time.monotonic() + PATIENCE_S
    while list((server.home / "web" / "uploads").glob("*.part")):
        assert time.monotonic() < end, "what broke off is still there"
        time.sleep(0.02)


def test_a_full_disk_is_a_failed_job_in_words_and_the_next_one_runs(start: Start, room: Path) -> None:
    server = start(prefix=("bash", "-c", 'ulimit -f 400; exec "$@"', "limited"))  # no file above 400 kB, which is said alike
    job = server.converted(room, stride=1)
    assert job["status"] == "failed" and job["error"].startswith("the disk is full: scene.ply was not written"), job["error"]
    assert "“Pixels per Gaussian”" in job["error"]
    assert server.converted(room, stride=8)["status"] == "done"


def test_a_stop_is_no_failure_of_the_job_however_often(start: Start, medium: Path) -> None:
    server = start()
    id = server.submit(medium, stride=1).json()["id"]
    for _ in range(2):
        server.wait(id, is_running)
        with server.get("/api/events", stream=True):  # somebody watches
            for pid in [*server.workers(), server.process.pid]:  # as when a whole group of processes is to end
                os.kill(pid, signal.SIGTERM)
            server.process.wait(30)
        server.kill()
        server = start()
        assert server.job(id)["starts"] <= 1
    assert server.wait(id)["status"] == "done"


def test_ctrl_c_ends_the_server_in_words(start: Start) -> None:
    server = start()
    watching = server.get("/api/events", stream=True)
    server.process.send_signal(signal.SIGINT)
    rest, _ = server.process.communicate(timeout=30)
    watching.close()
    assert server.process.returncode == 0
    assert rest.strip() == "Stopped. The running job continues when the server is started again."
