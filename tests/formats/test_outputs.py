from pathlib import Path

import pytest

from spag4d.errors import InputError
from spag4d.formats.outputs import format_of, formats_in, output_paths, without_extension


@pytest.mark.parametrize(("name", "format"), [
    ("a.ply", "ply"), ("a.compressed.ply", "compressed.ply"), ("A.Compressed.PLY", "compressed.ply"), ("compressed.ply", "ply"),
    ("a.b.spz", "spz"), ("a.sog", "sog"), ("a.glb", "glb"), ("a.splat", "splat"), ("a.obj", None), ("spz", None),
])
def test_the_extension_says_the_format(name: str, format: str | None) -> None:
    assert format_of(Path("folder.ply", name)) == format


def test_the_extension_goes_as_a_whole() -> None:
    assert [without_extension(Path("f", name)) for name in ("a.b.compressed.ply", "a.obj", "a.spz")] == [
        Path("f/a.b"), Path("f/a.obj"), Path("f/a")]


@pytest.mark.parametrize(("name", "format", "files"), [
    ("s.compressed.ply", "auto", {"compressed.ply": "s.compressed.ply"}),
    ("s.PLY", "auto", {"ply": "s.PLY"}),
    ("s.PLY", "ply", {"ply": "s.PLY"}),
    ("s", "both", {"ply": "s.ply", "splat": "s.splat"}),
    ("s.splat", "both", {"ply": "s.ply", "splat": "s.splat"}),
    ("s", "spz, sog", {"spz": "s.spz", "sog": "s.sog"}),
    ("s.spz", "ply,spz", {"ply": "s.ply", "spz": "s.spz"}),
    ("s.compressed.ply", "glb,compressed.ply", {"glb": "s.glb", "compressed.ply": "s.compressed.ply"}),
    ("s.v2", "spz", {"spz": "s.v2.spz"}),
])
def test_which_files_are_written(name: str, format: str, files: dict[str, str]) -> None:
    assert output_paths(Path("f", name), format) == {key: Path("f", file) for key, file in files.items()}


@pytest.mark.parametrize(("name", "format", "words"), [
    ("s.obj", "auto", "end it in .ply or .splat or .spz"), ("s.ply", "compressed.ply", "says ply and --format says compressed"),
    ("s.compressed.ply", "ply", "says compressed.ply"), ("s.sog", "both", "says sog"), ("s", "ply,spx", "did you mean 'sp"),
])
def test_contradictions_are_named(name: str, format: str, words: str) -> None:
    with pytest.raises(InputError, match=words):
        output_paths(Path(name), format)


def test_formats_are_listed_once() -> None:
    assert formats_in("spz,both,ply , spz") == ["spz", "ply", "splat"]
