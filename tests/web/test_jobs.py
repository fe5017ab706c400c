import secrets
from pathlib import Path

import pytest

from spag4d import ResourceError, Settings
from spag4d.conversion import STAGES
from spag4d.progress import TURNS
from spag4d.web.board import Board
from spag4d.web.estimate import _TURN_S, Estimate
from spag4d.web.job import Job
from spag4d.web.jobs import MOST_STARTS, Jobs, QueueFull
from spag4d.web.records import Records

FAST_VIDEO = {"sky_dome": False, "fill_nadir": False}
FAST_FRAME = {**dict.fromkeys(STAGES, 0.0), "Gaussians": 9 * _TURN_S}
"""A frame that takes nine times as long as its turn is found in."""


def opened(folder: Path, max_queue: int = 10) -> Jobs:
    return Jobs(Records(folder), Board(), max_queue=max_queue)


def added(jobs: Jobs, name: str) -> Job:
    id = secrets.token_hex(8)
    jobs.records.folder_of(id).mkdir()
    return jobs.add(id, "photo", [name], Settings().model_dump())


def test_jobs_are_given_out_in_their_order_and_outlive_the_server(tmp_path: Path) -> None:
    jobs = opened(tmp_path)
    ids = [added(jobs, name).id for name in "abc"]
    taken = jobs.take(0.0)
    assert taken is not None and (taken.id, taken.status, taken.starts) == (ids[0], "running", 1)
    jobs.update(ids[0], stage="Depth", fraction=0.5)
    again = opened(tmp_path)
    assert [job.id for job in again.all()] == ids
    restarted = again.take(0.0)
    assert restarted is not None and (restarted.id, restarted.starts, restarted.fraction) == (ids[0], 2, 0.0)
    following = again.take(0.0)
    assert following is not None and following.id == ids[1]


def test_a_job_is_not_started_for_ever(tmp_path: Path) -> None:
    for _ in range(MOST_STARTS):
        jobs = opened(tmp_path)
        if not jobs.all():
            added(jobs, "a")
        assert jobs.take(0.0) is not None
        jobs = opened(tmp_path)
    assert jobs.take(0.0) is None and jobs.all()[0].status == "failed" and jobs.all()[0].error


def test_the_queue_has_an_end(tmp_path: Path) -> None:
    jobs = opened(tmp_path, max_queue=2)
    added(jobs, "a")
    second = added(jobs, "b")
    with pytest.raises(QueueFull):
        added(jobs, "c")
    assert jobs.cancel_queued(second.id) and not jobs.cancel_queued(second.id)
    added(jobs, "d")
    assert [job.name for job in jobs.all()] == ["a", "b", "d"] and jobs.count("queued") == 2


def test_a_disk_that_is_full_refuses_new_jobs_and_spares_the_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    jobs = opened(tmp_path)
    first = added(jobs, "a")

    def fail(job: Job) -> None:
        raise ResourceError("the disk is full: job.json was not written")

    monkeypatch.setattr(jobs.records, "write", fail)
    with pytest.raises(ResourceError, match="the server's disk is full"):
        added(jobs, "b")
    assert [job.id for job in jobs.all()] == [first.id]
    assert jobs.update(first.id, status="failed").status == "failed"
    jobs.remove(first.id)
    jobs.remove(first.id)  # two can ask for that at once
    assert jobs.get(first.id) is None


def test_a_queue_that_is_ended_gives_nothing_out(tmp_path: Path) -> None:
    jobs = opened(tmp_path)
    added(jobs, "a")
    jobs.end()
    assert jobs.take(60.0) is None


def test_the_estimate_rises_from_nothing_to_almost_all() -> None:
    estimate = Estimate(Settings().model_dump(), {"Depth": 3.0, "Writing": 1.0})
    steps = [("Reading", 1), ("Depth", 0), ("Depth", 1), ("First look", 1), ("Edges", 1), ("Gaussians", 1), ("Depth", 0),
             ("Sky dome", 1), ("Writing", 1), ("Writing depth", 1)]
    told = [estimate.step(stage, done, 1)[0] for stage, done in steps]
    assert told == sorted(told) and 0 < told[0] < 0.2 and told[-1] == 0.99
    video = Estimate(FAST_VIDEO, FAST_FRAME)
    parts = [("Looking into the video", 1, 1), (TURNS, 1, 2), (TURNS, 2, 2), ("Frames", 0, 4), ("Frames", 2, 4)]
    told = [video.step(stage, done, total)[0] for stage, done, total in parts]
    assert told == pytest.approx([0, 0.05, 0.1, 0.1, 0.55])


def test_the_time_left_goes_by_what_was_done_since_the_beginning(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter([0.0, 10.0, 11.0, 31.0, 51.0])
    monkeypatch.setattr("spag4d.web.estimate.time.monotonic", lambda: next(clock))
    video = Estimate(FAST_VIDEO, FAST_FRAME)
    assert video.step(TURNS, 0, 1)[1] is None
    assert video.step(TURNS, 1, 1)[1] == pytest.approx(90)
    assert video.step("Frames", 600, 1000)[1] is None  # as many were there before
    assert video.step("Frames", 700, 1000)[1] == pytest.approx(60)
    assert video.step("Frames", 800, 1000)[1] == pytest.approx(40)


@pytest.mark.parametrize(("format", "formats"), [
    ("auto", ["splat", "ply"]), ("both", ["splat", "ply"]), ("glb", ["glb"]),
    ("ply, glb,sog,spz,compressed.ply", ["spz", "sog", "compressed.ply", "ply", "glb"]),
])
def test_what_is_quickest_to_show_comes_first(format: str, formats: list[str]) -> None:
    job = Job(id="a", kind="photo", name="a", settings=Settings(format=format).model_dump(), created_s=0)
    assert job.formats == formats
    assert set(job.downloads) == set(formats) and all(len(words) == 2 for words in job.downloads.values())
