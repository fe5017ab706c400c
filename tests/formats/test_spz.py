"""The layout of .spz, taken apart here without the package's reader."""

import gzip
import struct
from pathlib import Path

import numpy as np
import pytest

from spag4d.errors import InputError
from spag4d.formats.spz_read import read_spz, read_spz_header
from spag4d.formats.spz_write import write_spz
from spag4d.progress import Notice, Progress
from tests.formats.gaussian_scenes import scene, sh_of

SH0 = 0.28209479177387814


def unpacked(path: Path) -> bytes:
    return gzip.decompress(path.read_bytes())


def rotation(word: int) -> list[float]:
    """x, y, z, w of 2 bits for the largest and, for each of the others, a sign and 9 bits of its size over √½."""
    largest, values = word >> 30, [0.0] * 4
    for place, index in enumerate(index for index in range(4) if index != largest):
        bits = word >> (20 - 10 * place) & 1023
        values[index] = (-1 if bits & 512 else 1) * (bits & 511) / 511 * 0.5 ** 0.5
    values[largest] = (1 - sum(value * value for value in values)) ** 0.5
    return values


def test_every_field_is_where_the_layout_says(tmp_path: Path) -> None:
    written = scene(3)
    write_spz(tmp_path / "a.spz", written)
    data = unpacked(tmp_path / "a.spz")
    assert struct.unpack_from("<4sIIBBBB", data) == (b"NGSP", 3, 3, 0, 12, 0, 0)
    assert len(data) == 16 + 3 * 20
    positions = [int.from_bytes(data[16 + 3 * i:19 + 3 * i], "little", signed=True) / 4096 for i in range(9)]
    np.testing.assert_allclose(positions, written.means.ravel(), atol=1 / 8192)
    rest = np.frombuffer(data, np.uint8, offset=16 + 27)
    np.testing.assert_allclose(rest[:3] / 255, written.opacities, atol=0.5 / 255)
    np.testing.assert_allclose((rest[3:12] / 255 - 0.5) / 0.15 * SH0 + 0.5, written.colors.ravel(), atol=0.945 / 255)
    np.testing.assert_allclose(rest[12:21] / 16 - 10, np.log(written.scales.ravel()), atol=1 / 32 + 1e-6)
    for word, (w, x, y, z) in zip(rest[21:].view("<u4").tolist(), written.quats_wxyz, strict=True):
        assert abs(np.dot(rotation(word), [x, y, z, w])) > np.cos(np.radians(0.3) / 2)


def test_a_scene_that_reaches_far_has_coarser_steps_and_says_so(tmp_path: Path) -> None:
    written, heard = scene(50), []
    written.means[:] *= 2000
    write_spz(tmp_path / "a.spz", written, progress=Progress(heard.append))
    bits = read_spz_header(tmp_path / "a.spz").fractional_bits
    assert bits == 9
    np.testing.assert_allclose(read_spz(tmp_path / "a.spz").means, written.means, atol=2.0 ** -bits / 2 + 1e-3)
    notices = [event.message for event in heard if isinstance(event, Notice)]
    assert len(notices) == 1 and "steps of 0.00195312 m" in notices[0]


def test_older_files_and_view_dependent_colours_are_read(tmp_path: Path) -> None:
    """Version 2 has x, y, z of the rotation in bytes; degree 1 adds nine bytes for each Gaussian at the end."""
    header = struct.pack("<4sIIBBBB", b"NGSP", 2, 1, 1, 8, 0, 0)
    body = bytes([0, 1, 0, 0, 255, 255, 128, 0, 0]) + bytes([255]) + bytes([128] * 3) + bytes([160, 144, 128])
    quat = bytes([round((value + 1) * 127.5) for value in (0.5, -0.5, 0.1)])
    rest = bytes(range(124, 133))
    (tmp_path / "a.spz").write_bytes(gzip.compress(header + body + quat + rest))
    read = read_spz(tmp_path / "a.spz")
    np.testing.assert_array_equal(sh_of(read)[0] * 128, np.arange(-4, 5).reshape(3, 3))
    assert read.means.tolist() == [[1, -1, 0.5]]
    np.testing.assert_allclose(np.log(read.scales), [[0, -1, -2]], atol=1e-6)
    np.testing.assert_allclose(read.quats_wxyz[0, 1:], [0.5, -0.5, 0.1], atol=0.005)
    assert read.quats_wxyz[0, 0] > 0.6 and read.opacities[0] == 1


@pytest.mark.parametrize(("data", "words"), [
    (struct.pack("<4sIIBBBB", b"NGSP", 5, 1, 0, 12, 0, 6) + bytes(40), "of version 5"),
    (gzip.compress(struct.pack("<4sIIBBBB", b"NGSP", 0, 1, 0, 12, 0, 0)), "of version 0"),
    (struct.pack("<4sIIBBBB", b"NGSP", 4, 1, 0, 12, 0, 0) + bytes(2000), "holds streams, and this one has none"),
    (gzip.compress(struct.pack("<4sIIBBBB", b"NGSP", 4, 1, 0, 12, 0, 6)), "holds streams, and this one has none"),
    (gzip.compress(b"something else that is long enough"), "does not begin with NGSP"),
    (gzip.compress(struct.pack("<4sIIBBBB", b"NGSP", 3, 4_000_000_000, 0, 12, 0, 0)), "promise to unpack to 80,000,000,000"),
    (gzip.compress(struct.pack("<4sIIBBBB", b"NGSP", 3, 4_000, 0, 12, 0, 0)), "cut short"),
    (b"GIF89a and so on", "does not begin with NGSP"),
], ids=["new", "old", "none", "packed", "other", "bomb", "short", "picture"])
def test_other_files_are_refused_in_words(tmp_path: Path, data: bytes, words: str) -> None:
    (tmp_path / "a.spz").write_bytes(data)
    with pytest.raises(InputError, match=words):
        read_spz(tmp_path / "a.spz")
