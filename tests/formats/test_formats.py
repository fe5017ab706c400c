"""What every splat format promises, whichever it is."""

import errno
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest

from spag4d.data import Gaussians, Layers
from spag4d.errors import Cancelled, InputError, ResourceError
from spag4d.formats import FORMATS, readable
from spag4d.formats.format import Format
from spag4d.formats.scene import read_layers, read_scene, read_scene_comments, write_scene
from spag4d.progress import Event, Progress, Step
from tests.formats.gaussian_scenes import scene, sh_of
from tests.formats.precision import differences, paired

MANY = 150_000  # more than two chunks


class Limits(NamedTuple):
    """How far a format may be off: metres, degrees, the logarithm of the scale, colour and opacity 0-1."""

    position_m: float
    rotation_deg: float
    scale: float
    color: float


EXACT = Limits(0, 0.01, 1e-5, 2e-6)
LIMITS = {
    "splat": Limits(0, 0.95, 1e-6, 0.502 / 255),
    "spz": Limits(np.sqrt(3) / 8192 + 1e-6, 0.3, 0.0315, 0.95 / 255),
    "compressed.ply": Limits(12 * np.linalg.norm([1 / 2047, 1 / 1023, 1 / 2047]) / 2, 0.3, 0.01, 0.502 / 255),
    "sog": Limits(3 * (1 + 6) / 131070 * np.sqrt(3), 0.6, 0.035, 0.502 / 255),
}
"""Of those that are not exact. The scene of 20,000 Gaussians reaches 6 m, and so may a chunk; its sizes spread over a factor of
1000."""

pytestmark = pytest.mark.parametrize("name", list(FORMATS))


def by_place(gaussians: Gaussians) -> np.ndarray:
    """All numbers but the rotation, in an order that does not depend on the file."""
    table = np.column_stack([gaussians.means, gaussians.scales, gaussians.opacities, gaussians.colors])
    return table[np.lexsort(table[:, :3].T)]


def listing(folder: Path) -> list[str]:
    return sorted(entry.name for entry in folder.iterdir())


def test_the_record_is_whole(name: str):
    formats: list[Format] = [readable().load(known) for known in readable()]
    record: Format = FORMATS.load(name)
    assert record.name == name and record.label and record.purpose and record.write
    shown = [one.shown for one in formats if one.shown is not None]
    assert sorted(shown) == list(range(1, len(shown) + 1))


def test_round_trip_as_a_set(tmp_path: Path, name: str):
    path = tmp_path / f"a.{name}"
    write_scene(path, scene(20_000), name, comments=["made by a test"])
    assert listing(tmp_path) == [path.name]
    read = FORMATS.load(name).read(path)
    assert len(read) == 20_000
    found = differences(*paired(read, scene(20_000)))
    limits = LIMITS.get(name, EXACT)
    assert found.position_m.max() <= limits.position_m
    assert found.rotation_deg.max() <= limits.rotation_deg
    assert found.scale.max() <= limits.scale
    assert max(found.color.max(), found.opacity.max()) <= limits.color


SH_LIMITS = {"glb": 1e-6, "spz": 0.501 / 128, "compressed.ply": 4.001 / 256, "sog": 0.01}
"""How far coefficients of view-dependent colour may be off: halves of steps, and SOG's nearest of 256 numbers."""


@pytest.mark.parametrize("degree", [1, 2, 3])
def test_view_dependent_colour_is_kept_or_missed_aloud(tmp_path: Path, name: str, degree: int):
    gaussians, heard = scene(2000, sh_degree=degree), []
    gaussians.colors[:5] = [-0.2, 1.3, 0.5]  # a base that the rest makes up for
    write_scene(tmp_path / f"a.{name}", gaussians, name, progress=Progress(heard.append))
    warnings = [event.message for event in heard if not isinstance(event, Step)]
    read, written = paired(FORMATS.load(name).read(tmp_path / f"a.{name}"), gaussians)
    if not FORMATS.load(name).holds_sh:
        assert read.sh is None
        assert warnings == [f"a .{name} file has no place for view-dependent colour: it is left out"]
        return
    assert not warnings
    assert np.abs(sh_of(read) - sh_of(written)).max() <= SH_LIMITS.get(name, 0)
    assert np.abs(read.colors - written.colors).max() <= 0.01


def test_view_dependent_colour_that_is_no_number_is_left_out(tmp_path: Path, name: str):
    gaussians = scene(300, sh_degree=2)
    sh_of(gaussians)[3, 7, 1] = np.nan
    write_scene(tmp_path / f"a.{name}", gaussians, name)
    assert len(FORMATS.load(name).read(tmp_path / f"a.{name}")) == 299


def test_the_place_is_moved_as_it_is_read(tmp_path: Path, name: str):
    write_scene(tmp_path / f"a.{name}", scene(100), name)
    read, shift_m = FORMATS.load(name).read, np.array([1.0, -2.0, 3.0])
    moved = read(tmp_path / f"a.{name}", shift_m=shift_m)
    np.testing.assert_allclose(moved.means, read(tmp_path / f"a.{name}").means + shift_m, atol=1e-5)


@pytest.mark.parametrize("count", [0, 1])
def test_none_and_one(tmp_path: Path, name: str, count: int):
    path = tmp_path / f"a.{name}"
    write_scene(path, scene(count), name)
    if count or path.stat().st_size:  # a .splat of nothing is an empty file, which says nothing of what it is
        read = FORMATS.load(name).read(path)
        assert len(read) == count
        np.testing.assert_allclose(read.means, scene(count).means, atol=1e-3)


@pytest.mark.parametrize("field", ["means", "scales", "quats_wxyz", "opacities", "colors"])
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_what_is_no_number_is_left_out_with_a_warning(tmp_path: Path, name: str, field: str, value: float):
    gaussians, heard = scene(300), []
    getattr(gaussians, field)[7] = value
    write_scene(tmp_path / f"a.{name}", gaussians, name, progress=Progress(heard.append))
    read = FORMATS.load(name).read(tmp_path / f"a.{name}")
    assert len(read) == 299
    assert all(np.isfinite(getattr(read, one)).all() for one in ("means", "scales", "quats_wxyz", "opacities", "colors"))
    assert [str(one.message) for one in heard if not isinstance(one, Step)] == [
        "1 of 300 Gaussians are left out because a value is not a finite number"]


def test_layers_are_named_where_the_order_is_kept(tmp_path: Path, name: str):
    """Counts in comments that came with a scene are replaced or left out: they may be those of another file."""
    record: Format = FORMATS.load(name)
    layers, path = Layers.split(scene(3000), {"fine": 2000, "backing": 100, "sky": 900}), tmp_path / f"a.{name}"
    layers.backing.means[:3] = np.nan
    write_scene(path, layers, name, comments=["made by a test", "layers fine 2997"])
    read = read_layers(path)
    assert len(read) == 2997
    if not record.holds_layers:
        assert isinstance(read, Gaussians)
        assert not record.comments or read_scene_comments(path) == ["made by a test"]
        return
    assert read_scene_comments(path) == ["made by a test", "layers fine 2000 backing 97 sky 900"]
    assert isinstance(read, Layers)
    np.testing.assert_allclose(read.sky.means, layers.sky.means, atol=1e-6)
    write_scene(path, read_scene(path), name, comments=read_scene_comments(path))
    assert isinstance(read_layers(path), Gaussians)


def test_extremes_stay_what_they_are(tmp_path: Path, name: str):
    """Opacities 0 and 1, sizes from 50 µm to 100 m beside each other, a dome 500 m away, rotations that are none."""
    gaussians = scene(512)
    gaussians.opacities[:] = np.arange(512) % 2
    gaussians.scales[:] = np.geomspace(5e-5, 100, 1536, dtype=np.float32).reshape(512, 3)
    gaussians.means[256:] *= 500 / np.linalg.norm(gaussians.means[256:], axis=1, keepdims=True)
    gaussians.quats_wxyz[5] = 0
    write_scene(tmp_path / f"a.{name}", gaussians, name)
    read, written = paired(FORMATS.load(name).read(tmp_path / f"a.{name}"), gaussians)
    np.testing.assert_allclose(read.opacities, written.opacities, atol=2e-6)
    far = np.linalg.norm(written.means, axis=1) > 100
    assert far.sum() == 256
    off_m = np.linalg.norm(read.means - written.means, axis=1)
    assert (off_m[~far].max(), off_m[far].max()) <= (0.03, 0.6)
    assert np.abs(np.log(np.sort(read.scales, 1) / np.sort(written.scales, 1))).max() < 0.06
    np.testing.assert_allclose(np.linalg.norm(read.quats_wxyz, axis=1), 1, atol=1e-5)


def test_views_of_larger_arrays_are_written_alike(tmp_path: Path, name: str):
    g = scene(1000)
    def strided(values: np.ndarray) -> np.ndarray:
        return np.repeat(np.asfortranarray(values), 2, axis=0)[::2]
    fields = (g.means, g.scales, g.quats_wxyz, g.opacities, g.colors)
    write_scene(tmp_path / "a", g, name)
    write_scene(tmp_path / "b", Gaussians(*map(strided, fields)), name)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_inputs_stay_unchanged(tmp_path: Path, name: str):
    gaussians = scene(100)
    write_scene(tmp_path / "a", gaussians, name)
    np.testing.assert_array_equal(by_place(gaussians), by_place(scene(100)))


def test_progress_rises_to_the_total(tmp_path: Path, name: str):
    events: list[Event] = []
    write_scene(tmp_path / "a", scene(MANY), name, progress=Progress(events.append))
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
        write_scene(path, scene(MANY), name, progress=Progress(seen.append, lambda: len(seen) >= 2))
    assert len(seen) == 2
    assert listing(tmp_path) == before
    assert not older or path.read_bytes() == older


@pytest.mark.parametrize("call", ["write", "reserve"])
def test_a_full_disk_changes_nothing(tmp_path: Path, name: str, call: str, monkeypatch: pytest.MonkeyPatch):
    if call == "reserve" and name in ("spz", "sog"):
        pytest.skip("packed files have no size until they are there")
    path = tmp_path / f"a.{name}"
    path.write_bytes(b"older file")
    fail_with_enospc(monkeypatch, call)
    with pytest.raises(ResourceError, match="disk is full"):
        write_scene(path, scene(MANY), name)
    assert listing(tmp_path) == [path.name]
    assert path.read_bytes() == b"older file"


def fail_with_enospc(monkeypatch: pytest.MonkeyPatch, call: str) -> None:
    def fail(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")
    if call == "reserve":
        monkeypatch.setattr("os.posix_fallocate", fail, raising=False)
        return
    opened, written = Path.open, []

    def open_on_a_full_disk(self: Path, mode: str = "r", **options):
        file = opened(self, mode, **options)
        return _FullDisk(file, written) if mode in ("r+b", "wb") else file
    monkeypatch.setattr(Path, "open", open_on_a_full_disk)


class _FullDisk:
    """A file on a disk that has room for one part more."""

    def __init__(self, file, written):
        self._file, self._written = file, written

    def __getattr__(self, name):
        return getattr(self._file, name)

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
    write_scene(tmp_path / "a", scene(1000), name)
    monkeypatch.setattr("os.posix_fallocate", refuse, raising=False)
    write_scene(tmp_path / "b", scene(1000), name)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_a_missing_folder_is_named(tmp_path: Path, name: str):
    with pytest.raises(InputError, match=r"nowhere.* does not exist"):
        write_scene(tmp_path / "nowhere" / "a", scene(10), name)


def test_reading_a_missing_file(tmp_path: Path, name: str):
    with pytest.raises(InputError, match=f"there is no file .*gone.{name}"):
        FORMATS.load(name).read(tmp_path / f"gone.{name}")


def test_reading_a_folder(tmp_path: Path, name: str):
    with pytest.raises(InputError, match="is a folder"):
        FORMATS.load(name).read(tmp_path)


def test_reading_an_empty_file(tmp_path: Path, name: str):
    (tmp_path / "a").touch()
    with pytest.raises(InputError, match="is empty"):
        FORMATS.load(name).read(tmp_path / "a")


@pytest.mark.parametrize("lost", [1, 40, 7999])
def test_reading_a_file_cut_short(tmp_path: Path, name: str, lost: int):
    path = tmp_path / f"a.{name}"
    write_scene(path, scene(1000), name)
    path.write_bytes(path.read_bytes()[:-lost])
    with pytest.raises(InputError, match="is cut short"):
        FORMATS.load(name).read(path)
