import base64
import json
import re
from pathlib import Path

import pytest

from spag4d.errors import InputError
from spag4d.formats.sog_read import read_sog
from spag4d.formats.viewer_page import write_viewer_page
from tests.formats.gaussian_scenes import scene


@pytest.fixture
def viewer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A stand-in for the viewer's files."""
    folder = tmp_path / "static" / "vendor" / "supersplat"
    folder.mkdir(parents=True)
    (folder / "index.js").write_text('const words = "</script><!-- x -->";\nexport { createViewer };\n')
    (folder / "index.css").write_text("canvas { width: 100% }")
    (folder / "LICENSE").write_text("MIT -- as it is")
    monkeypatch.setattr("spag4d.formats.viewer_page.static_folder", lambda: tmp_path / "static")
    return folder


def test_the_scene_is_in_the_page(viewer: Path, tmp_path: Path) -> None:
    write_viewer_page(tmp_path / "a.html", scene(3000), title="<me & you>")
    page = (tmp_path / "a.html").read_text(encoding="utf-8")
    (packed,) = re.findall(r'id="scene">([A-Za-z0-9+/=]+)</script>', page)
    (tmp_path / "a.sog").write_bytes(base64.b64decode(packed))
    assert len(read_sog(tmp_path / "a.sog")) == 3000
    assert "<title>&lt;me &amp; you&gt;</title>" in page
    assert page.count("</script>") == 2 and page.count("<!--") == 1  # those of the viewer's words are escaped


def test_it_starts_at_the_capture_point_looking_forward_and_asks_for_nothing(viewer: Path, tmp_path: Path) -> None:
    write_viewer_page(tmp_path / "a.html", scene(10))
    page = (tmp_path / "a.html").read_text(encoding="utf-8")
    (settings,) = re.findall(r"settings: (\{.*\}), contentUrl", page)
    start = json.loads(settings)["cameras"][0]["initial"]
    assert (start["position"], start["target"]) == ([0, 0, 0], [0, 0, 1])
    assert not re.findall(r'(?:src|href)=|https?://', page)


def test_what_stops_and_carries_visitors_is_in_the_page(viewer: Path, tmp_path: Path) -> None:
    write_viewer_page(tmp_path / "a.html", scene(10), collision=b"glTF\x00</script>")
    page = (tmp_path / "a.html").read_text(encoding="utf-8")
    (packed,) = re.findall(r'id="collision">([0-9a-f]+)</script>', page)
    assert bytes.fromhex(packed) == b"glTF\x00</script>"
    write_viewer_page(tmp_path / "a.html", scene(10))
    assert 'id="collision"' not in (tmp_path / "a.html").read_text(encoding="utf-8")


def test_whole_pages_or_none(viewer: Path, tmp_path: Path) -> None:
    for name, words in (("a.txt", "end 'a.txt' in .html"), ("none/a.html", "does not exist")):
        with pytest.raises(InputError, match=words):
            write_viewer_page(tmp_path / name, scene(3))
    (viewer / "index.js").unlink()
    with pytest.raises(InputError, match=r"the viewer for pages is missing.*vendor\.py"):
        write_viewer_page(tmp_path / "a.html", scene(3))
    assert not (tmp_path / "a.html").exists()
