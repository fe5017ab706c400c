import errno
import os
from pathlib import Path

import pytest

from spag4d.errors import InputError, ResourceError
from spag4d.io import temporary_files
from spag4d.io.atomic import atomic_path, check_target
from spag4d.io.temporary_files import begun_part, clear_abandoned


def listing(folder: Path) -> list[str]:
    return sorted(entry.name for entry in folder.iterdir())


def test_the_file_appears_only_when_complete(tmp_path: Path):
    target = tmp_path / "a.ply"
    target.write_text("old")
    with atomic_path(target) as temporary:
        temporary.write_text("new")
        assert target.read_text() == "old"
        assert temporary.parent == tmp_path
        assert temporary.suffix == ".ply"
    assert target.read_text() == "new"
    assert listing(tmp_path) == ["a.ply"]


@pytest.mark.parametrize("error", [RuntimeError("a bug"), KeyboardInterrupt()])
def test_a_failure_passes_through_and_leaves_the_older_file(tmp_path: Path, error: BaseException):
    target = tmp_path / "a.ply"
    target.write_text("old")
    with pytest.raises(type(error)), atomic_path(target) as temporary:
        temporary.write_text("half")
        raise error
    assert target.read_text() == "old"
    assert listing(tmp_path) == ["a.ply"]


@pytest.mark.parametrize(("number", "kind", "message"), [
    (errno.ENOSPC, ResourceError, "disk is full"),
    (errno.EDQUOT, ResourceError, "disk is full"),
    (errno.EACCES, InputError, "may write to"),
    (errno.EROFS, InputError, "may write to"),
    (errno.EIO, InputError, "raw. Choose another"),
])
def test_errors_of_the_system_are_explained(tmp_path: Path, number: int, kind: type[Exception], message: str):
    with pytest.raises(kind, match=message), atomic_path(tmp_path / "a.ply") as temporary:
        temporary.write_text("half")
        raise OSError(number, "raw")
    assert listing(tmp_path) == []


def test_the_folder_must_exist(tmp_path: Path):
    with pytest.raises(InputError, match="does not exist"), atomic_path(tmp_path / "nowhere" / "a.ply"):
        pass


def test_a_folder_is_no_target(tmp_path: Path):
    with pytest.raises(InputError, match="is a folder"), atomic_path(tmp_path):
        pass


def test_a_name_too_long_is_explained(tmp_path: Path):
    path = tmp_path / f"{'a' * 300}.ply"
    with pytest.raises(InputError, match="Choose another name"), atomic_path(path) as temporary:
        temporary.write_text("x")
    assert listing(tmp_path) == []


def test_nothing_written_is_no_success(tmp_path: Path):
    with pytest.raises(RuntimeError, match="nothing was written"), atomic_path(tmp_path / "a.ply"):
        pass
    assert listing(tmp_path) == []


posix = pytest.mark.skipif(os.name == "nt", reason="links and pipes of POSIX")


@posix
def test_a_link_is_followed(tmp_path: Path):
    (tmp_path / "far").mkdir()
    (tmp_path / "far" / "b.ply").write_text("old")
    link = tmp_path / "a.ply"
    link.symlink_to("far/b.ply")
    for words in ("new", "newer"):
        with atomic_path(link) as temporary:
            assert temporary.parent == tmp_path / "far"
            temporary.write_text(words)
        assert link.is_symlink() and (tmp_path / "far" / "b.ply").read_text() == words
        (tmp_path / "far" / "b.ply").unlink()  # then a link to nothing makes the file
    assert listing(tmp_path) == ["a.ply", "far"] and listing(tmp_path / "far") == []


@posix
def test_links_in_a_circle_pipes_and_devices_are_no_targets(tmp_path: Path):
    (tmp_path / "a.ply").symlink_to("b.ply")
    (tmp_path / "b.ply").symlink_to("a.ply")
    os.mkfifo(tmp_path / "pipe.ply")
    for path in (tmp_path / "a.ply", tmp_path / "pipe.ply", Path("/dev/null"), Path("/dev/stdout")):
        with pytest.raises(InputError, match=f"cannot write {path}"):
            check_target(path)


def test_a_folder_that_cannot_be_written_is_said_before_any_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(os, "access", lambda path, mode: mode != os.W_OK)
    with pytest.raises(InputError, match="not writable. Choose a folder"):
        check_target(tmp_path / "a.ply")


def test_what_goes_wrong_afterwards_does_not_hide_what_went_wrong_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    def refuse(*_: object, **__: object) -> None:
        raise OSError(errno.EROFS, "Read-only file system")

    monkeypatch.setattr(Path, "unlink", refuse)
    with pytest.raises(ResourceError, match="disk is full"), atomic_path(tmp_path / "a.ply"):
        raise OSError(errno.ENOSPC, "no space")


def test_file_and_folder_are_on_the_disk_before_and_after_the_name_is_given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    seen: list[tuple[bool, bool]] = []
    real = os.fsync

    def sync(handle: int) -> None:
        seen.append((os.fstat(handle).st_size == 4, (tmp_path / "a.ply").exists()))
        real(handle)

    monkeypatch.setattr(os, "fsync", sync)
    with atomic_path(tmp_path / "a.ply") as temporary:
        temporary.write_text("four")
    assert seen[0] == (True, False) and (os.name == "nt" or seen[1][1])


def test_what_killed_runs_left_is_removed_and_what_others_write_is_not(tmp_path: Path):
    left = [tmp_path / name for name in (".0123456789ab.part.ply", ".0123456789ac.part.mp4", ".0123456789ad.part")]
    others = [tmp_path / name for name in (".notes.part.ply", "0123456789ab.part.ply", ".0123456789ab.party.ply")]
    for path in (*left, *others):
        path.write_text("half")
    with begun_part(tmp_path / "b.ply") as (mine, _):
        mine.write_text("still being written")
        temporary_files._seen.discard(tmp_path)
        clear_abandoned(tmp_path)
        assert mine.exists() and not any(path.exists() for path in left) and all(path.exists() for path in others)
    assert not mine.exists()


def test_the_next_writer_in_a_folder_clears_it(tmp_path: Path):
    (tmp_path / ".0123456789ab.part.ply").write_text("half")
    with atomic_path(tmp_path / "a.ply") as temporary:
        temporary.write_text("whole")
    assert listing(tmp_path) == ["a.ply"]
