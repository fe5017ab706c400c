import asyncio
import errno
import io
import os
import shutil
import time
from collections.abc import AsyncIterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from PIL import Image
from starlette.requests import ClientDisconnect

from spag4d.errors import InputError, ResourceError
from spag4d.web.places import SOURCE
from spag4d.web.uploads import KEPT_S, SPARED_S, TooLarge, Upload, Uploads, copied, shown_name

PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 40


def received(
    uploads: Uploads, body: bytes, name: str = "a.png", *, size: int = 7, length: str = "", error: Exception | None = None
) -> tuple[str, Upload]:
    """Send a body in small pieces, as a network does."""

    async def stream() -> AsyncIterator[bytes]:
        for start in range(0, len(body), size):
            yield body[start : start + size]
        if error:
            raise error

    request: Any = SimpleNamespace(headers={"content-length": length}, stream=stream)
    return asyncio.run(uploads.receive(request, name))


def age(path: Path, seconds: float) -> None:
    then = time.time() - seconds
    os.utime(path, times=(then, then))


@pytest.fixture
def uploads(tmp_path: Path) -> Uploads:
    return Uploads(tmp_path / "uploads", max_bytes=1 << 20)


@pytest.fixture
def png() -> bytes:
    written = io.BytesIO()
    Image.new("RGB", (64, 32)).save(written, "PNG")
    return written.getvalue()


@pytest.mark.parametrize("size", [1, 7, 1000])
def test_a_file_arrives_whole_however_it_is_cut(size: int, uploads: Uploads, png: bytes) -> None:
    id, kept = received(uploads, png, "böse/../my photo.png", size=size)
    assert kept.path.read_bytes() == png and (kept.name, kept.kind, kept.path.name) == ("my photo.png", "photo", id)
    assert uploads.count() == 1


@pytest.mark.parametrize("body", [b"", b"some text", b"\x89PNG\r\n\x1a\n" + bytes(40)])
def test_what_is_no_picture_is_refused_and_leaves_nothing(body: bytes, uploads: Uploads, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="^my photo.png "):
        received(uploads, body, "my photo.png")
    assert list((tmp_path / "uploads").iterdir()) == []


def test_too_much_is_refused_as_soon_as_that_is_known(uploads: Uploads, tmp_path: Path) -> None:
    with pytest.raises(TooLarge):
        received(uploads, b"", length=str((1 << 20) + 1))
    with pytest.raises(TooLarge):
        received(uploads, bytes((1 << 20) + 1), size=1 << 16)
    assert list((tmp_path / "uploads").iterdir()) == []


def test_a_request_that_breaks_off_spares_the_others(uploads: Uploads, png: bytes, tmp_path: Path) -> None:
    id, _ = received(uploads, png)
    with pytest.raises(InputError, match="interrupted"):
        received(uploads, png, error=ClientDisconnect())
    with pytest.raises(ResourceError, match="disk is full"):
        received(uploads, png, error=OSError(errno.ENOSPC, "full"))
    assert {path.name for path in (tmp_path / "uploads").iterdir()} == {id, f"{id}.json"}


def test_a_disk_without_room_is_said_before_anything_is_sent(
    uploads: Uploads, png: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, old = received(uploads, png)
    _, young = received(uploads, png)
    age(old.path, SPARED_S + 60)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: SimpleNamespace(free=1000))
    with pytest.raises(ResourceError, match="disk is full"):
        received(uploads, png, length="500")
    assert not old.path.exists() and young.path.exists(), "what waits for long makes room"


def test_a_kept_upload_is_found_by_its_id_and_by_nothing_else(uploads: Uploads, png: bytes, tmp_path: Path) -> None:
    id, kept = received(uploads, png)
    assert uploads.get(id) == kept
    for wrong in ("", "..", "0" * 16, f"../uploads/{id}", f"{id}.json", id.upper() + "x"):
        assert uploads.get(wrong) is None
        uploads.forget(wrong)
    facts = tmp_path / "uploads" / f"{id}.json"
    said = facts.read_text()
    for damage in ("", "[]", '{"kind": "film", "name": "a"}', '{"kind": "photo"}'):
        facts.write_text(damage)
        assert uploads.get(id) is None
    facts.write_text(said)
    assert Uploads(tmp_path / "uploads", max_bytes=1).get(id) == kept, "the next server has it too"
    uploads.forget(id)
    assert list((tmp_path / "uploads").iterdir()) == [] and uploads.get(id) is None


def test_what_no_job_takes_is_cleared_and_so_is_what_is_half_at_the_next_start(tmp_path: Path) -> None:
    uploads = Uploads(tmp_path, max_bytes=1000)
    old, young, half = "0" * 16, "1" * 16, "2" * 16 + ".part"
    for name, age_s in ((old, KEPT_S + 60), (young, KEPT_S - 60), (half, KEPT_S + 60)):
        (tmp_path / name).touch()
        age(tmp_path / name, age_s)
    assert uploads.count() == 2
    uploads.clear_old()
    assert sorted(path.name for path in tmp_path.iterdir()) == [young, half], "what is being received is nobody's to clear"
    Uploads(tmp_path, max_bytes=1000)
    assert [path.name for path in tmp_path.iterdir()] == [young]


def test_a_job_gets_a_file_of_its_own_even_where_links_are_not_known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "sent").write_bytes(PNG)
    copied([tmp_path / "sent"], tmp_path / "one")

    def refuse(*args: object) -> None:
        raise OSError(errno.EPERM, "no links here")

    monkeypatch.setattr(os, "link", refuse)
    copied([tmp_path / "sent"], tmp_path / "two")
    (tmp_path / "sent").unlink()
    assert {(tmp_path / name / SOURCE).read_bytes() for name in ("one", "two")} == {PNG}


@pytest.mark.parametrize("given, shown", [
    ("photo.jpg", "photo.jpg"), ("/etc/passwd", "passwd"), ("C:\\a\\b.jpg", "b.jpg"), ("..", ".."), ("", "panorama"),
    ("a\0b\n.jpg", "ab.jpg"), ("x" * 500, "x" * 120), ("  ", "panorama"), ("雪.jpg", "雪.jpg"),
])
def test_names_are_for_people(given: str, shown: str) -> None:
    assert shown_name(given) == shown
