"""Comments of a PLY are read, and replaced without touching anything else."""

from pathlib import Path

import pytest

from spag4d.errors import InputError
from spag4d.formats.ply_comments import read_comments, replace_comment

DATA = bytes(range(256)) + b"\r\nelement vertex\ncomment old 2\nend_header\n"


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_one_comment_is_replaced(tmp_path: Path, end: str) -> None:
    lines = ["ply", "format binary_little_endian 1.0", "comment first", "comment old 1", "element vertex 3",
             "property float x", "comment last", "end_header", ""]
    path = tmp_path / "a.ply"
    path.write_bytes(end.join(lines).encode() + DATA)
    replace_comment(path, "old 9", lambda line: line.startswith("old"))
    expected = [*lines[:3], "comment old 9", *lines[4:]]
    assert path.read_bytes() == end.join(expected).encode() + DATA
    assert read_comments(path) == ["first", "old 9", "last"]


def test_what_is_no_ply_is_refused_and_stays(tmp_path: Path) -> None:
    for content in (b"nothing", b"ply\nformat binary_little_endian 1.0\n", b"ply\nend_header\n"):
        (tmp_path / "a.ply").write_bytes(content)
        with pytest.raises(InputError):
            replace_comment(tmp_path / "a.ply", "new", lambda line: False)
        assert (tmp_path / "a.ply").read_bytes() == content and len(list(tmp_path.iterdir())) == 1
