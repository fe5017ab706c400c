"""KSPLAT files, made here by the layout that GaussianSplats3D documents in its source."""

import struct
from pathlib import Path

import numpy as np
import pytest

from spag4d.data import SH_COUNTS, Gaussians
from spag4d.errors import InputError
from spag4d.formats.ksplat import read_ksplat
from spag4d.formats.recognise import kind_of
from tests.formats.gaussian_scenes import scene, sh_of
from tests.formats.npm_readers import installed
from tests.formats.precision import differences
from tests.formats.test_other_readers import converted, read

FULL, ROOM, BLOCK_M, STEPS = 2, 64, 16.0, 32767


def write_ksplat(path: Path, gaussians: Gaussians, level: int) -> None:
    """One section: two full buckets of 64 Gaussians and one of the rest, all of them around the origin, 5 cm apart."""
    count, k = len(gaussians), SH_COUNTS[gaussians.sh_degree]
    centres = np.array([[0, 0, 0], [0.05, 0, 0], [0, 0.05, 0]], "<f4")
    number, sh_number = ("<f4", "<f4") if level == 0 else ("<f2", "<f2" if level == 1 else "u1")
    rows = np.zeros(count, [("mean", "<u2" if level else "<f4", 3), ("scale", number, 3), ("quat", number, 4),
                            ("rgba", "u1", 4), ("sh", sh_number, 3 * k)])
    bucket = np.minimum(np.arange(count) // ROOM, FULL)
    rows["mean"] = np.rint((gaussians.means - centres[bucket]) / (BLOCK_M / 2) * STEPS) + STEPS if level else gaussians.means
    rows["scale"], rows["quat"] = gaussians.scales, gaussians.quats_wxyz
    rows["rgba"] = np.rint(np.column_stack([gaussians.colors, gaussians.opacities]) * 255)
    if gaussians.sh is not None:
        ends = [SH_COUNTS[degree] for degree in range(gaussians.sh_degree + 1)]
        bands = [gaussians.sh[:, a:b].swapaxes(1, 2).reshape(count, -1) for a, b in zip(ends[:-1], ends[1:], strict=True)]
        values = np.concatenate(bands, 1)
        rows["sh"] = np.rint((values + 1.5) / 3 * 255) if level == 2 else values
    header = struct.pack("<BB2xIIIIHH3f3f", 0, 1, 1, 1, count, count, level, 0, 0, 0, 0, 0, 0, 0)
    section = struct.pack("<IIIIfH2xI4xIIH", count, count, ROOM, 3 if level else 0, BLOCK_M, 12 if level else 0, STEPS,
                          FULL if level else 0, 1 if level else 0, gaussians.sh_degree)
    buckets = struct.pack("<I", count - FULL * ROOM) + centres.tobytes() if level else b""
    path.write_bytes(header.ljust(4096, b"\0") + section.ljust(1024, b"\0") + buckets + rows.tobytes())


@pytest.mark.parametrize("degree", [0, 1, 2])
@pytest.mark.parametrize("level", [0, 1, 2])
def test_all_levels_and_degrees(tmp_path: Path, level: int, degree: int) -> None:
    written = scene(150, sh_degree=degree)
    write_ksplat(tmp_path / "a.ksplat", written, level)
    found = read_ksplat(tmp_path / "a.ksplat")
    off = differences(found, written)
    assert off.position_m.max() < (3e-4 if level else 1e-9) and off.rotation_deg.max() < 0.1 and off.scale.max() < 1e-3
    assert off.color.max() <= 0.502 / 255 and off.opacity.max() <= 0.502 / 255
    assert found.sh_degree == degree
    if degree:
        np.testing.assert_allclose(sh_of(found), sh_of(written), atol=(0, 3e-4, 0.51 * 3 / 255)[level])
    (tmp_path / "a.ksplat").rename(tmp_path / "a.bin")
    assert kind_of(tmp_path / "a.bin") == "ksplat"


def test_splat_transform_reads_the_same(tmp_path: Path) -> None:
    installed()
    write_ksplat(tmp_path / "a.ksplat", scene(150, sh_degree=2), 1)
    theirs, ours = read(converted(tmp_path / "a.ksplat", tmp_path / "b.ply"), "ply"), read_ksplat(tmp_path / "a.ksplat")
    off = differences(theirs, ours)
    assert off.position_m.max() < 1e-5 and off.rotation_deg.max() < 0.1 and off.color.max() < 1e-5
    np.testing.assert_allclose(sh_of(theirs), sh_of(ours), atol=1e-6)


@pytest.mark.parametrize(("at", "value", "words"), [
    (0, b"\1", "version 1.1"), (4, b"\xff\xff\xff\xff", "sections"), (16, b"\xff\xff", "promises 65535 Gaussians"),
    (20, b"\x07", "level 7"), (4096, b"\xff\xff\xff\xff", "one of its sections"), (4096 + 40, b"\x09", "one of its sections"),
    (4096 + 12, b"\xff\xff\xff\x7f", "cut short"), (4096 + 8, b"\xff\xff", "its buckets"), (5120, b"\x01", "its buckets"),
    (5120, b"\xff\xff\xff\xff", "its buckets"),
])
def test_damaged_files_are_refused_in_words(tmp_path: Path, at: int, value: bytes, words: str) -> None:
    write_ksplat(tmp_path / "a.ksplat", scene(150), 1)
    data = bytearray((tmp_path / "a.ksplat").read_bytes())
    data[at:at + len(value)] = value
    (tmp_path / "a.ksplat").write_bytes(data)
    with pytest.raises(InputError, match=words):
        read_ksplat(tmp_path / "a.ksplat")
