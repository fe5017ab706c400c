"""What every splat format promises, whichever it is."""

import errno
from pathlib import Path

import numpy as np
import pytest

from spag4d.data import Gaussians
from spag4d.errors import Cancelled, InputError, ResourceError
from spag4d.io import READERS, WRITERS
from spag4d.progress import Event, Progress, Step
from tests.io.gaussian_scenes import scene

MANY = 150_000  # more than two chunks

pytestmark = pytest.mark.parametrize("name", list(WRITERS))


def by_place(gaussians: Gaussians) -> np.ndarray:
    """All numbers but the rotation, in an order that does not depend on the file."""
    table = np.column_stack([gaussians.means, gaussians.scales, gaussians.opacities, gaussians.colors])
    return table[np.lexsort(table[:, :3].T)]


def listing(folder: Path) -> list[str]:
    return sorted(entry.name for entry in folder.iterdir())


def test_every_writer_has_a_reader(name: str):
    assert name in READERS


def test_round_trip_as_a_set(tmp_path: Path, name: str):
    path = tmp_path / f"a.{name}"
    WRITERS.load(name)(path, scene(MANY), comments=["made by a test"])
    assert listing(tmp_path) == [path.name]
    np.testing.assert_allclose(by_place(READERS.load(name)(path)), by_place(scene(MANY)), atol=0.502 / 255)


def test_views_of_larger_arrays_are_written_alike(tmp_path: Path, name: str):
    g = scene(1000)
    def strided(values: np.ndarray) -> np.ndarray:
        return np.repeat(np.asfortranarray(values), 2, axis=0)[::2]
    fields = (g.means, g.scales, g.quats_wxyz, g.opacities, g.colors)
    WRITERS.load(name)(tmp_path / "a", g)
    WRITERS.load(name)(tmp_path / "b", Gaussians(*map(strided, fields)))
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_inputs_stay_unchanged(tmp_path: Path, name: str):
    gaussians = scene(100)
    WRITERS.load(name)(tmp_path / "a", gaussians)
    np.testing.assert_array_equal(by_place(gaussians), by_place(scene(100)))


def test_progress_rises_to_the_total(tmp_path: Path, name: str):
    events: list[Event] = []
    WRITERS.load(name)(tmp_path / "a", scene(MANY), progress=Progress(events.append))
    steps = [event for event in events if isinstance(event, Step)]
    assert {(step.stage, step.total) for step in steps} == {(f"Writing {name.upper()}", MANY)}
    done = [step.done for step in steps]
    assert done == sorted(done)
    assert (done[0], done[-1]) == (0, MANY)
    assert len(done) > 2


@pytest.mark.parametrize("older", [b"older file", None])
def test_cancelling_halfway_changes_nothing(tmp_path: Path, name: str, older: bytes | None):
    path = tmp_path / f"a.{name}"
    if older:
        path.write_bytes(older)
    before, seen = listing(tmp_path), []
    with pytest.raises(Cancelled):
        WRITERS.load(name)(path, scene(MANY), progress=Progress(seen.append, lambda: len(seen) >= 2))
    assert len(seen) == 2
    assert listing(tmp_path) == before
    assert not older or path.read_bytes() == older


@pytest.mark.parametrize("call", ["write", "reserve"])
def test_a_full_disk_changes_nothing(tmp_path: Path, name: str, call: str, monkeypatch: pytest.MonkeyPatch):
    path = tmp_path / f"a.{name}"
    path.write_bytes(b"older file")
    fail_with_enospc(monkeypatch, call)
    with pytest.raises(ResourceError, match="disk is full"):
        WRITERS.load(name)(path, scene(MANY))
    assert listing(tmp_path) == [path.name]
    assert path.read_bytes() == b"older file"


def fail_with_enospc(monkeypatch: pytest.MonkeyPatch, call: str) -> None:
    def fail(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")
    if call == "reserve":
        monkeypatch.setattr("os.posix_fallocate", fail, raising=False)
        return
    opened, written = Path.open, []

    def open_on_a_full_disk(self: Path, mode: str = "r"):
        file = opened(self, mode)
        return _FullDisk(file, written) if mode == "r+b" else file
    monkeypatch.setattr(Path, "open", open_on_a_full_disk)


class _FullDisk:
    """A file on a disk that has room for one part more."""

    def __init__(self, file, written):
        self._file, self._written = file, written
        self.seek = file.seek

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._file.close()

    def write(self, data):
        self._written.append(len(data))
        if len(self._written) > 1:
            raise OSError(errno.ENOSPC, "No space left on device")
        return self._file.write(data)


def test_works_where_disk_space_cannot_be_reserved(tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch):
    def refuse(*_: object) -> None:
        raise OSError(errno.EBADF, "Bad file descriptor")
    WRITERS.load(name)(tmp_path / "a", scene(1000))
    monkeypatch.setattr("os.posix_fallocate", refuse, raising=False)
    WRITERS.load(name)(tmp_path / "b", scene(1000))
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_a_missing_folder_is_named(tmp_path: Path, name: str):
    with pytest.raises(InputError, match=r"nowhere.* does not exist"):
        WRITERS.load(name)(tmp_path / "nowhere" / "a", scene(10))


def test_reading_a_missing_file(tmp_path: Path, name: str):
    with pytest.raises(InputError, match=f"gone.{name} does not exist"):
        READERS.load(name)(tmp_path / f"gone.{name}")


def test_reading_a_folder(tmp_path: Path, name: str):
    with pytest.raises(InputError, match="is a folder"):
        READERS.load(name)(tmp_path)


def test_reading_an_empty_file(tmp_path: Path, name: str):
    (tmp_path / "a").touch()
    with pytest.raises(InputError, match="is empty"):
        READERS.load(name)(tmp_path / "a")


@pytest.mark.parametrize("lost", [1, 40, 31999])
def test_reading_a_file_cut_short(tmp_path: Path, name: str, lost: int):
    path = tmp_path / f"a.{name}"
    WRITERS.load(name)(path, scene(1000))
    path.write_bytes(path.read_bytes()[:-lost])
    with pytest.raises(InputError, match="is cut short"):
        READERS.load(name)(path)
