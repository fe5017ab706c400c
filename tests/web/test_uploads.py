import asyncio
import errno
import os
import shutil
import time
from collections.abc import AsyncIterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from starlette.requests import ClientDisconnect

from spag4d.errors import InputError, ResourceError
from spag4d.web import uploads as uploads_module
from spag4d.web.multipart import Form, TooLarge, shown_name
from spag4d.web.uploads import Uploads, copied

PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 40


def part(name: str, content: bytes, filename: str | None = None) -> bytes:
    file = "" if filename is None else f'; filename="{filename}"'
    return f'--x\r\nContent-Disposition: form-data; name="{name}"{file}\r\n\r\n'.encode() + content + b"\r\n"


END = b"--x--\r\n"


def received(uploads: Uploads, body: bytes, *, size: int = 7, kind: str = "multipart/form-data; boundary=x", length: str = "",
             error: Exception | None = None) -> Form:
    """Send a body in small pieces, as a network does."""

    async def stream() -> AsyncIterator[bytes]:
        for start in range(0, len(body), size):
            yield body[start : start + size]
        if error:
            raise error

    request: Any = SimpleNamespace(headers={"content-type": kind, "content-length": length}, stream=stream)
    return asyncio.run(uploads.receive(request))


@pytest.fixture
def uploads(tmp_path: Path) -> Uploads:
    return Uploads(tmp_path / "uploads", max_bytes=1 << 20)


@pytest.mark.parametrize("size", [1, 7, 1000])
def test_a_form_arrives_whole_however_it_is_cut(size: int, uploads: Uploads) -> None:
    body = part("stride", b"4") + part("file", PNG * 3, "böse/../my photo.png") + part("name", "ü".encode()) + END
    form = received(uploads, body, size=size)
    assert form.fields == {"stride": "4", "name": "ü"} and form.name == "my photo.png"
    assert form.file is not None and form.file.read_bytes() == PNG * 3


@pytest.mark.parametrize("body, words", [
    (part("file", PNG, "a.png"), "incomplete"),
    (b"", "incomplete"),
    (b"no form at all", "damaged"),
    (part("file", PNG, "a.png") + part("file", PNG, "b.png") + END, "one file"),
    (part("picture", PNG, "a.png") + END, "one file"),
    (part("stride", b"1") + part("stride", b"2") + END, "'stride' was sent twice"),
])
def test_what_is_no_form_is_refused_and_leaves_nothing(body: bytes, words: str, uploads: Uploads, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=words):
        received(uploads, body)
    assert list((tmp_path / "uploads").iterdir()) == []


def test_another_type_is_refused(uploads: Uploads) -> None:
    for kind in ("application/json", "multipart/form-data", "multipart/form-data; boundary=", ""):
        with pytest.raises(InputError, match="multipart/form-data"):
            received(uploads, END, kind=kind)


def test_too_much_is_refused_as_soon_as_that_is_known(uploads: Uploads, tmp_path: Path) -> None:
    with pytest.raises(TooLarge):
        received(uploads, b"", length=str(1 << 30))
    with pytest.raises(TooLarge):
        received(uploads, part("file", b"\0" * (3 << 20), "a.png"), size=1 << 16)
    with pytest.raises(TooLarge):
        received(uploads, part("stride", b"4" * (1 << 17)) + END, size=1 << 12)
    assert list((tmp_path / "uploads").iterdir()) == []


def test_a_request_that_breaks_off_spares_the_others(uploads: Uploads, tmp_path: Path) -> None:
    other = received(uploads, part("file", PNG, "other.png") + END)
    with pytest.raises(InputError, match="interrupted"):
        received(uploads, part("file", PNG, "a.png"), error=ClientDisconnect())
    with pytest.raises(ResourceError, match="disk is full"):
        received(uploads, part("file", PNG, "a.png"), error=OSError(errno.ENOSPC, "full"))
    assert list((tmp_path / "uploads").iterdir()) == [other.file]


def test_a_disk_without_room_is_said_before_anything_is_sent(uploads: Uploads, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda path: SimpleNamespace(free=1000))
    with pytest.raises(ResourceError, match="disk is full"):
        received(uploads, END, length="500")


def test_a_kept_upload_is_found_by_its_id_and_by_nothing_else(uploads: Uploads, tmp_path: Path) -> None:
    from PIL import Image

    Image.new("RGB", (64, 32)).save(tmp_path / "a.png")
    id, kept = uploads.keep(received(uploads, part("file", (tmp_path / "a.png").read_bytes(), "a.png") + END))
    assert uploads.get(id) == kept and (kept.kind, kept.name) == ("photo", "a.png")
    for wrong in ("", "..", "0" * 16, f"../uploads/{id}", f"{id}.json", id.upper() + "x"):
        assert uploads.get(wrong) is None
    facts = tmp_path / "uploads" / f"{id}.json"
    said = facts.read_text()
    for damage in ("", "[]", '{"kind": "film", "name": "a"}', '{"kind": "photo"}'):
        facts.write_text(damage)
        assert uploads.get(id) is None
    facts.write_text(said)
    with pytest.raises(InputError, match="^notes.txt is neither"):
        uploads.keep(received(uploads, part("file", b"some text", "notes.txt") + END))
    with pytest.raises(InputError, match="no file was sent"):
        uploads.keep(received(uploads, part("stride", b"1") + END))
    assert len(list((tmp_path / "uploads").iterdir())) == 2


def test_what_is_old_or_half_is_cleared(tmp_path: Path) -> None:
    uploads = Uploads(tmp_path, max_bytes=1000)
    old, young, half = "0" * 16, "1" * 16, "2" * 16 + ".part"
    for name, age_days in ((old, 2), (young, 0.5), (half, 0)):
        (tmp_path / name).touch()
        then = time.time() - age_days * 86400
        os.utime(tmp_path / name, times=(then, then))
    uploads.clear_old()
    assert sorted(path.name for path in tmp_path.iterdir()) == [young, half]
    Uploads(tmp_path, max_bytes=1000)
    assert [path.name for path in tmp_path.iterdir()] == [young]


def test_a_job_gets_a_file_of_its_own_even_where_links_are_not_known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "sent").write_bytes(PNG)
    copied(tmp_path / "sent", tmp_path / "one")

    def refuse(*args: object) -> None:
        raise OSError(errno.EPERM, "no links here")

    monkeypatch.setattr(os, "link", refuse)
    copied(tmp_path / "sent", tmp_path / "two")
    (tmp_path / "sent").unlink()
    assert {(tmp_path / name / uploads_module.SOURCE).read_bytes() for name in ("one", "two")} == {PNG}


@pytest.mark.parametrize("given, shown", [
    ("photo.jpg", "photo.jpg"), ("/etc/passwd", "passwd"), ("C:\\a\\b.jpg", "b.jpg"), ("..", ".."), ("", "panorama"),
    ("a\0b\n.jpg", "ab.jpg"), ("x" * 500, "x" * 120), ("  ", "panorama"), ("雪.jpg", "雪.jpg"),
])
def test_names_are_for_people(given: str, shown: str) -> None:
    assert shown_name(given) == shown
