"""A record that is lost or damaged costs no scene, and nothing that is not understood is deleted."""

import json
import logging
import sqlite3
from pathlib import Path

import pytest

from spag4d.settings import Settings
from spag4d.web.job import Job
from spag4d.web.records import RECORD, Records


def made(folder: Path, id: str, kind: str = "photo", **changes: object) -> Job:
    """A finished scene as the server leaves it."""
    settings = Settings(stride=3).model_dump()
    job_folder = Records(folder).folder_of(id)
    (job_folder / "frames").mkdir(parents=True) if kind == "video" else job_folder.mkdir()
    scenes = ["frames/frame_00001.splat", "frames/frame_00002.splat"] if kind == "video" else ["scene.splat", "scene.ply"]
    for name in (*scenes, "uploaded-file", "thumbnail.jpg"):
        (job_folder / name).write_bytes(b"content")
    (job_folder / "settings.json").write_text(json.dumps({"settings": settings}))
    files = {path.name: path.stat().st_size for path in job_folder.iterdir() if path.is_file() and path.name != "uploaded-file"}
    job = Job.model_validate({"id": id, "kind": kind, "name": "my.jpg", "settings": settings, "created_s": int(id, 16),
                              "status": "done", "files": files, "frames": 2 * (kind == "video"), "ended_s": 1.0, **changes})
    Records(folder).write(job)
    return job


IDS = [f"{number:016x}" for number in range(1, 4)]


def test_jobs_come_back_in_their_order_as_they_were(tmp_path: Path) -> None:
    jobs = [made(tmp_path, id) for id in reversed(IDS)]
    assert Records(tmp_path).read() == jobs[::-1]


@pytest.mark.parametrize("damage", [b"", b"{", b"\xff\xfe\x00garbage", b"[]", b'{"id": "x"}', b'{"settings": {}}', None])
@pytest.mark.parametrize("kind", ["photo", "video"])
def test_a_finished_scene_is_listed_whatever_became_of_its_record(tmp_path: Path, kind: str, damage: bytes | None) -> None:
    job = made(tmp_path, IDS[0], kind)
    record = Records(tmp_path).folder_of(job.id) / RECORD
    record.unlink() if damage is None else record.write_bytes(damage)
    found, = Records(tmp_path).read()
    assert (found.id, found.kind, found.status, found.files, found.frames) == (job.id, kind, "done", job.files, job.frames)
    assert found.settings == job.settings and "was lost" in found.warnings[0]
    assert Records(tmp_path).read() == [found]


@pytest.mark.parametrize("files", [{}, {"scene.8splat": 7}, {"../../victim": 7}])
def test_a_record_that_names_other_files_does_not_hide_those_that_are_there(tmp_path: Path, files: dict[str, int]) -> None:
    job = made(tmp_path, IDS[0])
    Records(tmp_path).write(job.model_copy(update={"files": files}))
    assert Records(tmp_path).read() == [job]


def test_settings_that_are_none_do_not_spoil_the_list(tmp_path: Path) -> None:
    spoilt, whole = made(tmp_path, IDS[0]), made(tmp_path, IDS[1])
    record = spoilt.model_dump() | {"settings": {"format": "tar"}}
    (Records(tmp_path).folder_of(spoilt.id) / RECORD).write_text(json.dumps(record))
    assert {job.id for job in Records(tmp_path).read()} == {spoilt.id, whole.id}


def test_what_is_not_understood_is_moved_aside_whole_and_said(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    job = made(tmp_path, IDS[0], status="queued")
    folder = Records(tmp_path).folder_of(job.id)
    (folder / "settings.json").unlink()
    (folder / RECORD).write_text("{")
    with caplog.at_level(logging.WARNING):
        assert Records(tmp_path).read() == []
    kept, = (tmp_path / "set-aside").iterdir()
    assert (kept / "uploaded-file").read_bytes() == b"content" and (kept / "scene.ply").is_file()
    assert job.id in caplog.text and str(kept) in caplog.text


def test_what_is_not_ours_is_left_alone(tmp_path: Path) -> None:
    records = Records(tmp_path)
    (tmp_path / "jobs" / "holiday").mkdir()
    (tmp_path / "jobs" / "notes.txt").write_text("notes")
    records.folder_of(IDS[0]).mkdir()  # a server died before it put anything in
    assert records.read() == []
    assert sorted(path.name for path in (tmp_path / "jobs").iterdir()) == ["holiday", "notes.txt"]


def test_files_that_are_gone_and_names_that_lead_elsewhere_are_not_listed(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("s")
    made(tmp_path, IDS[0], files={"scene.ply": 7, "gone.splat": 3, "../../secret": 1})
    assert Records(tmp_path).read()[0].files == {"scene.ply": 7}


@pytest.mark.parametrize("rest", ["whole", "cut", "empty", "garbage", "bad row"])
def test_a_database_of_an_earlier_version_is_read_where_it_can_be(tmp_path: Path, rest: str) -> None:
    job = made(tmp_path, IDS[0])
    (Records(tmp_path).folder_of(job.id) / RECORD).unlink()
    database = tmp_path / "jobs.sqlite"
    with sqlite3.connect(database) as opened:
        opened.execute("CREATE TABLE jobs (number INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT UNIQUE, state TEXT)")
        state = "{" if rest == "bad row" else job.model_dump_json()
        opened.execute("INSERT INTO jobs (id, state) VALUES (?, ?)", (job.id, state))
    opened.close()
    content = database.read_bytes()
    database.write_bytes({"cut": content[:5000], "empty": b"", "garbage": b"garbage" * 999}.get(rest, content))
    found, = Records(tmp_path).read()
    assert found == job if rest == "whole" else (found.status, found.files) == ("done", job.files)


def test_a_job_that_is_deleted_is_gone_also_where_the_server_ends_meanwhile(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made(tmp_path, IDS[0])
    with monkeypatch.context() as patch:
        patch.setattr("spag4d.web.records.shutil.rmtree", lambda *given, **named: None)
        Records(tmp_path).remove(IDS[0])
    assert any((tmp_path / "deleted").iterdir())
    assert Records(tmp_path).read() == [] and not (tmp_path / "deleted").exists()
