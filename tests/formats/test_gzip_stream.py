import gzip
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from spag4d.errors import InputError
from spag4d.formats.gzip_stream import GzipReader, gzipped


def pieces(*sizes: int) -> list[bytes]:
    values = np.random.default_rng(6).integers(0, 9, sum(sizes), np.uint8).tobytes()
    ends = np.cumsum([0, *sizes])
    return [values[start:end] for start, end in zip(ends[:-1], ends[1:], strict=True)]


def packed(parts: list[bytes]) -> tuple[list[int], bytes]:
    made = list(gzipped([(number, partial(bytes, part)) for number, part in enumerate(parts, 1)], 6))
    return [number for number, _ in made], b"".join(part for _, part in made)


@pytest.mark.parametrize("sizes", [(), (0,), (10,), (40_000, 5, 0, 100_000, 33_000, 1, 1, 1)])
def test_python_unpacks_it(sizes: tuple[int, ...]) -> None:
    numbers, data = packed(pieces(*sizes))
    assert gzip.decompress(data) == b"".join(pieces(*sizes))
    assert numbers == [0, *range(1, len(sizes) + 1), 0]
    assert data == packed(pieces(*sizes))[1]


def test_pieces_know_what_came_before() -> None:
    part = pieces(30_000)[0]
    assert len(packed([part] * 8)[1]) < 1.2 * len(packed([part])[1])


def test_the_reader_takes_as_much_as_it_is_asked_for(tmp_path: Path) -> None:
    (tmp_path / "a.gz").write_bytes(gzip.compress(b"abc" * 1_000_000))
    with GzipReader(tmp_path / "a.gz") as reader:
        assert reader.read(4) == b"abca"
        assert reader.read(2_000_000)[:2] == b"bc"
        reader.check_end()


def test_a_reader_says_what_is_wrong(tmp_path: Path) -> None:
    data = gzip.compress(pieces(50_000)[0])
    for damaged, words in ((data[:-1], "cut short"), (data[:100], "cut short"), (b"GIF" + data, "damaged, or not a gzip"),
                           (data[:-6] + b"\0" + data[-5:], "damaged")):
        (tmp_path / "a.gz").write_bytes(damaged)
        with pytest.raises(InputError, match=words), GzipReader(tmp_path / "a.gz") as reader:
            reader.read(50_000)
            reader.check_end()
