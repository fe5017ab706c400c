"""Pages that play a scene that moves: what is in them. That they play it is seen in `tests/web/test_moving_player.py`."""

import base64
import re
from pathlib import Path

import pytest

from spag4d.errors import InputError
from spag4d.formats.moving_page import write_moving_page
from spag4d.io.static_files import static_folder


@pytest.fixture
def static(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The page's own files, and stand-ins for the libraries."""
    folder = tmp_path / "top" / "static"
    (folder / "vendor").mkdir(parents=True)
    for name in ("css", "js"):
        (folder / name).symlink_to(static_folder() / name)
    (folder.parent / "LICENSE").write_text("ours")
    libraries = {
        "three/three.module.js": 'import {\nA } from "./three.core.js";', "three/three.core.js": "export { A };",
        "three/addons/postprocessing/Pass.js": 'import { A } from "three";', "three/LICENSE": "theirs -- MIT",
        "spark/spark.module.min.js": 'const words = "</script><!--";', "spark/LICENSE": "MIT too"}
    for name, text in libraries.items():
        path = folder / "vendor" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    monkeypatch.setattr("spag4d.formats.moving_page.static_folder", lambda: folder)
    monkeypatch.setattr("spag4d.formats.viewer_page.static_folder", lambda: folder)
    return folder


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    path = tmp_path / "<clip>.4dgs"
    path.write_bytes(bytes(range(256)) * 30)
    return path


def test_the_scene_its_modules_and_their_licences_are_in_the_page(static: Path, clip: Path, tmp_path: Path) -> None:
    write_moving_page(tmp_path / "a.html", clip)
    page = (tmp_path / "a.html").read_text(encoding="utf-8")
    packed, = re.findall(r'id="scene">([A-Za-z0-9+/=]+)</script>', page)
    assert base64.b64decode(packed) == clip.read_bytes()
    modules = dict(re.findall(r'<script type="text/plain" data-module="([^"]+)">(.*?)</script>', page, re.DOTALL))
    imports = re.compile(r"""(?:from\s*|import\s*\(\s*)["']([^"']+)["']""")
    imported = {name for text in modules.values() for name in imports.findall(text)}
    assert imported <= modules.keys()
    assert {"three", "three/core", "js/viewer/stage.js", "js/viewer/fourdgs/player.js"} <= imported
    assert page.count("<!--") == 1
    assert all(words in page for words in ("SPAG-4D:\nours", "three.js:\ntheirs - - MIT", "Spark:\nMIT too"))
    assert "<title>&lt;clip&gt;</title>" in page
    assert not re.findall(r'(?:src|href)=|https?://(?!www\.w3\.org/2000/svg)', page)


@pytest.mark.parametrize(("page", "scene", "words"), [
    ("a.txt", "b.4dgs", "end 'a.txt' in .html"), ("none/a.html", "b.4dgs", "does not exist"),
    ("a.html", "b.ftgs.ply", "a page plays .4dgs, not b.ftgs.ply")])
def test_what_cannot_be_written_is_refused(static: Path, tmp_path: Path, page: str, scene: str, words: str) -> None:
    with pytest.raises(InputError, match=words):
        write_moving_page(tmp_path / page, tmp_path / scene)


def test_without_the_libraries_there_is_no_page(static: Path, clip: Path, tmp_path: Path) -> None:
    (static / "vendor/spark/spark.module.min.js").unlink()
    with pytest.raises(InputError, match=r"the viewer for pages is missing.*vendor\.py"):
        write_moving_page(tmp_path / "a.html", clip)
    assert not (tmp_path / "a.html").exists()
