import json
import os
import time
from pathlib import Path
from typing import Any

import pytest

from spag4d.errors import InputError
from spag4d.settings import Settings
from spag4d.web.job import Job, Kind
from spag4d.web.jobs import QueueFull
from spag4d.web.places import example_file, in_words, static_folder
from spag4d.web.runner import Runner
from spag4d.web.service import Limits, Service
from spag4d.web.uploads import Upload


@pytest.fixture(autouse=True)
def alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Services work in a folder of the test's own, and convert nothing."""
    monkeypatch.setenv("SPAG4D_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(Runner, "start", lambda self: None)


def started(keep_days: float = 90.0, *, with_example: bool = False) -> Service:
    service = Service(Limits(keep_days=keep_days, with_example=with_example))
    service.start()
    return service


def added(service: Service, picture: Path) -> Job:
    return service.add([Upload(picture, "photo", picture.name)], Settings(), "photo")


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    path = tmp_path / "picture.png"
    path.write_bytes(b"as it was sent")
    return path


def test_jobs_that_ended_long_ago_are_forgotten_with_their_files(picture: Path) -> None:
    service = started()
    old, young, waiting = (added(service, picture) for _ in range(3))
    for job, days in ((old, 31), (young, 29)):
        service.jobs.update(job.id, status="done", ended_s=time.time() - days * 86400)
    service.stop()
    for keep_days, kept in ((0.0, [old, young, waiting]), (30.0, [young, waiting])):
        service = started(keep_days)
        service._tidy()
        assert [job.id for job in service.jobs.all()] == [job.id for job in kept]
        assert {path.name for path in (service.folder / "jobs").iterdir()} == {job.id for job in kept}
        service.stop()


def test_nothing_is_deleted_at_the_start_as_the_clock_may_be_wrong(picture: Path) -> None:
    service = started()
    job = added(service, picture)
    service.jobs.update(job.id, status="done", ended_s=0.0)
    service.stop()
    service = started()
    assert [kept.id for kept in service.jobs.all()] == [job.id]
    service.stop()


def test_only_what_was_sent_is_cleared_from_the_uploads(tmp_path: Path) -> None:
    service = started()
    folder = service.folder / "uploads"
    ours = [folder / f"{number:016x}{ending}" for number, ending in enumerate(("", ".json", ".part"))]
    foreign = [folder / name for name in ("notes.txt", "film.part", "0123456789abcdef.jpg")]
    for path in (*ours, *foreign):
        path.write_bytes(b"x")
        os.utime(path, (0, 0))
    service.uploads.clear_old()
    service.stop()
    started().stop()
    assert sorted(folder.iterdir()) == sorted(foreign)


def test_a_job_that_is_refused_leaves_no_files(picture: Path) -> None:
    service = started()
    service.jobs._max_queue = 1
    added(service, picture)
    with pytest.raises(QueueFull):
        added(service, picture)
    assert len(list((service.folder / "jobs").iterdir())) == 1
    picture.unlink()
    service.jobs._max_queue = 2
    with pytest.raises(InputError, match="no longer exists"):
        added(service, picture)
    assert len(list((service.folder / "jobs").iterdir())) == 1
    service.stop()


def test_a_job_whose_files_cannot_be_put_in_place_is_none(picture: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    service = started()

    def fail(*given: object) -> None:
        raise OSError("disk")

    monkeypatch.setattr("spag4d.web.service.copied", fail)
    with pytest.raises(OSError):
        added(service, picture)
    assert service.jobs.all() == [] and service.jobs.take(0.0) is None
    service.stop()


def test_a_job_can_be_the_source_of_another(picture: Path) -> None:
    service = started()
    job = added(service, picture)
    (source,) = service.sources(job.id)
    assert source.name == "picture.png" and source.path.read_bytes() == b"as it was sent"
    with pytest.raises(InputError, match="no longer exists"):
        service.sources("0" * 16)
    service.stop()


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="permissions do not bind this user")
def test_a_folder_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "home").mkdir(mode=0o500)
    with pytest.raises(InputError, match="cannot write to"):
        started()


def test_pictures_of_one_place_become_one_job_that_can_be_made_again(tmp_path: Path) -> None:
    service = started()
    sent = [Upload(tmp_path / name, "photo", name) for name in ("b.jpg", "a.jpg")]
    for upload in sent:
        upload.path.write_bytes(upload.name.encode())
    job = service.add(sent, Settings(), "place")
    assert (job.kind, job.name, job.sources) == ("place", "b.jpg and 1 more", ["b.jpg", "a.jpg"])
    again = service.submit([job.id], Settings(stride=4), one_place=True)
    for made in (job, again):
        stored = sorted(service.folder_of(made).glob("uploaded-file*"))
        assert [path.read_text() for path in stored] == ["b.jpg", "a.jpg"], "in the order in which they came"
    service.stop()


def test_a_video_becomes_one_file_that_can_be_made_again(tmp_path: Path) -> None:
    service = started()
    film = tmp_path / "film.mp4"
    film.write_bytes(b"as it was sent")
    job = service.submit([service.add([Upload(film, "video", "film.mp4")], Settings(), "video").id], Settings(), one_file=True)
    assert (job.kind, job.formats, job.shown, list(job.downloads)) == ("clip", ["4dgs"], "4dgs", ["4dgs"])
    again = service.submit([job.id], Settings(fps=5), one_file=True)
    assert (service.folder_of(again) / "uploaded-file").read_bytes() == b"as it was sent"
    with pytest.raises(InputError, match="has its own format"):
        service.submit([job.id], Settings(format="ply"), one_file=True)
    service.stop()


@pytest.mark.parametrize("kinds, options, words", [
    (["photo", "photo"], {}, "one place"), (["photo"], {"one_place": True}, "single picture"),
    (["photo", "video"], {"one_place": True}, "not of both"), (["video", "video"], {"one_place": True}, "several videos"),
    (["photo"], {"one_file": True}, "of a single video"), (["video", "video"], {"one_file": True}, "of a single video"),
    (["video"], {"one_file": True, "one_place": True}, "not for both"),
    (["depth"], {}, "belongs to a picture"),
])
def test_what_does_not_go_together_is_refused(kinds: list[Kind], options: dict[str, Any], words: str, tmp_path: Path) -> None:
    service = started()
    folder = service.folder / "uploads"
    for number, kind in enumerate(kinds):
        (folder / f"{number:016x}").write_bytes(b"as it was sent")
        (folder / f"{number:016x}.json").write_text(json.dumps({"kind": kind, "name": "x"}))
    with pytest.raises(InputError, match=words):
        service.submit([f"{number:016x}" for number in range(len(kinds))], Settings(), **options)
    assert not list((service.folder / "jobs").iterdir()) and service.uploads.count() == len(kinds)
    service.stop()


def test_one_server_at_a_time(picture: Path) -> None:
    service = started()
    with pytest.raises(InputError, match="another SPAG-4D server is using"):
        started()
    service.stop()
    started().stop()


def test_messages_name_no_folder_and_speak_as_the_page_does(tmp_path: Path) -> None:
    folder = tmp_path / "home" / "web" / "jobs" / "12"
    message = f"{folder}/uploaded-file is bad: raise --stride, or --no-sky-dome; see {tmp_path / 'home'}/models"
    said = in_words(message, ["my.jpg"], folder)
    assert said == "my.jpg is bad: raise “Pixels per Gaussian”, or “Sky dome”; see SPAG4D_HOME/models"
    assert in_words(f"{Path.home()}/x", ["a"], folder) == "~/x"
    assert in_words("left out: uploaded-file-002", ["a.jpg", "b.jpg"], folder) == "left out: b.jpg"
    for typed, clicked in (
        ("`spag4d download-models --model panda` fetches them", "“Models”, at the top of this page, fetches them"),
        ("stride = 17: too large", "“Pixels per Gaussian” = 17: too large"), ("the stride", "the stride"),
        ("depth_min (5 m) must be below depth_max", "“Nearest distance” (5 m) must be below “Farthest distance”"),
        ("unknown setting 'depth_mix', did you mean 'depth_min'", "unknown setting 'depth_mix', did you mean 'depth_min'"),
    ):
        assert in_words(typed, ["a"], folder) == clicked


def test_the_page_and_its_example_are_where_they_are_looked_for() -> None:
    assert (static_folder() / "index.html").is_file() and example_file().stat().st_size > 1e6


def test_the_example_is_converted_once_and_after_everything_else(picture: Path) -> None:
    service = started(with_example=True)
    example, = service.jobs.all()
    assert example.is_example and example.name == "courtyard.jpg"
    job = added(service, picture)
    taken = [service.jobs.take(0.0) for _ in range(2)]
    assert [one and one.id for one in taken] == [job.id, example.id]
    service.jobs.update(example.id, status="done", ended_s=0.0)
    service.stop()
    service = started(1.0, with_example=True)
    service._tidy()
    assert [(one.id, one.status) for one in service.jobs.all() if one.is_example] == [(example.id, "done")]
    service.stop()
