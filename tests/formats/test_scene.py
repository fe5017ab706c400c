"""Scenes are known by what is in them, also where they are packed once more."""

import gzip
import json
import os
import shutil
import zipfile
from pathlib import Path

import numpy as np
import pytest

from spag4d.errors import InputError
from spag4d.formats import FORMATS
from spag4d.formats.ply import write_ply
from spag4d.formats.recognise import kind_of
from spag4d.formats.scene import read_scene, read_scene_comments, write_scene
from spag4d.formats.sog_write import write_sog
from tests.formats.gaussian_scenes import scene
from tests.formats.precision import paired


def assert_read(path: Path, count: int = 300) -> None:
    read = read_scene(path)
    assert len(read) == count
    found, written = paired(read, scene(count))
    np.testing.assert_allclose(found.means, written.means, atol=0.01)


@pytest.mark.parametrize("name", list(FORMATS))
@pytest.mark.parametrize("ending", ["ply", "splat", "spz", "sog"])
def test_the_content_decides_and_not_the_name(tmp_path: Path, name: str, ending: str) -> None:
    if name == "splat" and ending != name:
        return  # has no beginning by which it can be known
    write_scene(tmp_path / f"a.{ending}", scene(300), name, comments=["by a test"])
    assert kind_of(tmp_path / f"a.{ending}") == name
    assert_read(tmp_path / f"a.{ending}")
    assert read_scene_comments(tmp_path / f"a.{ending}") == ([] if name in ("splat", "spz") else ["by a test"])


@pytest.mark.parametrize("name", list(FORMATS))
def test_gzipped_and_zipped_scenes(tmp_path: Path, name: str) -> None:
    path = tmp_path / f"a.{name}"
    write_scene(path, scene(300), name)
    packed = tmp_path / f"b.{name}.gz"
    packed.write_bytes(gzip.compress(path.read_bytes()))
    assert_read(packed)
    with zipfile.ZipFile(tmp_path / "c.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.write(packed, f"folder/b.{name}.gz")
        archive.writestr("__MACOSX/folder/._b.ply", b"junk")
        archive.writestr("folder/README.txt", b"about it")
    assert_read(tmp_path / "c.zip")


def test_sog_in_a_folder_in_a_zip_with_a_folder_and_by_its_meta(tmp_path: Path) -> None:
    write_sog(tmp_path / "a.sog", scene(300))
    folder = tmp_path / "scene"
    shutil.unpack_archive(tmp_path / "a.sog", folder, "zip")
    assert_read(folder)
    assert_read(folder / "meta.json")
    with zipfile.ZipFile(tmp_path / "b.sog", "w") as archive:
        for file in folder.iterdir():
            archive.write(file, f"scene/{file.name}")
    assert_read(tmp_path / "b.sog")


@pytest.mark.parametrize("name", ["../outside.webp", "/etc/passwd", "..", "sub/a.webp", "sub\\a.webp", "", "link.webp"])
def test_names_in_a_file_stay_in_its_folder(tmp_path: Path, name: str) -> None:
    write_sog(tmp_path / "a.sog", scene(300))
    folder = tmp_path / "scene"
    shutil.unpack_archive(tmp_path / "a.sog", folder, "zip")
    (folder / "means_l.webp").rename(tmp_path / "outside.webp")
    (folder / "link.webp").symlink_to(tmp_path / "outside.webp")
    meta = json.loads((folder / "meta.json").read_text())
    meta["means"]["files"][0] = name
    (folder / "meta.json").write_text(json.dumps(meta))
    with pytest.raises(InputError, match="not the plain name of a file beside it|a link out of the folder"):
        read_scene(folder)


@pytest.mark.parametrize(("name", "data", "words"), [
    ("a.ply", b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n", "Git LFS"),
    ("a.splat", b"<!DOCTYPE html><html><body>Not found</body></html>".ljust(64), "is a web page"),
    ("a.splat", b"\n\n<html lang='en'>".ljust(64), "is a web page"),
    ("a.splat", b"Not found: the file that you look for has moved to another place.".ljust(96), r"not a \.splat file"),
    ("a.splat", bytes(range(256)) * 4, r"not a \.splat file"),
    ("a.splat", b"\xff\xd8\xff\xe0".ljust(64, b"\0"), "a picture"),
    ("a.ply", b"\x89PNG\r\n\x1a\n" + bytes(60), "a picture"),
    ("a.ply", bytes(100), r"not a \.ply file"),
    ("a.json", b'{"files": []}', "neither glTF nor"),
    ("a.obj", b"v 1 2 3\n", "cannot tell the format"),
    ("a.gz", b"\x1f\x8b\x08" + bytes(40), "damaged, or not a gzip file"),
    ("a.sog", b"PK\x05\x06" + bytes(18), "holds no scenes"),
    ("a.sog", b"PK\x03\x04" + bytes(100), "cut short or damaged"),
    ("a.ksplat", b"\0\1" + bytes(5118), "damaged: it promises 0"),
])
def test_what_is_no_scene_is_called_what_it_is(tmp_path: Path, name: str, data: bytes, words: str) -> None:
    (tmp_path / name).write_bytes(data)
    with pytest.raises(InputError, match=words) as caught:
        read_scene(tmp_path / name)
    assert str(caught.value).count("\n") == 0


def test_several_scenes_in_a_zip(tmp_path: Path) -> None:
    write_ply(tmp_path / "a.ply", scene(3))
    with zipfile.ZipFile(tmp_path / "c.zip", "w") as archive:
        archive.write(tmp_path / "a.ply", "a.ply")
        archive.write(tmp_path / "a.ply", "b.ply")
    with pytest.raises(InputError, match="holds 2 scenes: unpack it and name one"):
        read_scene(tmp_path / "c.zip")


def test_messages_name_the_packed_file(tmp_path: Path) -> None:
    write_ply(tmp_path / "a.ply", scene(30))
    (tmp_path / "a.ply.gz").write_bytes(gzip.compress((tmp_path / "a.ply").read_bytes()[:-9]))
    with pytest.raises(InputError, match=r"a\.ply\.gz/a\.ply is cut short"):
        read_scene(tmp_path / "a.ply.gz")


def test_what_unpacks_to_far_more_is_refused(tmp_path: Path) -> None:
    zeros = bytes(40 << 20)
    (tmp_path / "a.ply.gz").write_bytes(gzip.compress(zeros, 1))
    with zipfile.ZipFile(tmp_path / "b.zip", "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        archive.writestr("a.ply", zeros)
    for name in ("a.ply.gz", "b.zip"):
        with pytest.raises(InputError, match="promise to unpack"):
            read_scene(tmp_path / name)


def test_folders_pipes_and_nothing(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"is a folder, not a scene: it holds no meta\.json"):
        read_scene(tmp_path)
    with pytest.raises(InputError, match=r"there is no file .*gone\.ply"):
        read_scene(tmp_path / "gone.ply")
    if hasattr(os, "mkfifo"):
        os.mkfifo(tmp_path / "pipe.ply")
        with pytest.raises(InputError, match="is a pipe or a device, not a file"):
            read_scene(tmp_path / "pipe.ply")


def test_comments_of_other_hands_are_printable(tmp_path: Path) -> None:
    write_ply(tmp_path / "a.ply", scene(3), comments=["XXXXhello"])
    (tmp_path / "a.ply").write_bytes((tmp_path / "a.ply").read_bytes().replace(b"XXXX", b"\x1b]0;"))
    assert read_scene_comments(tmp_path / "a.ply") == ["\\x1b]0;hello"]
