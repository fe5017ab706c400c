import errno
from pathlib import Path

import pytest

from spag4d.errors import InputError, ResourceError
from spag4d.io.atomic import atomic_path


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
