import re
from pathlib import Path

from spag4d.io.static_files import static_folder
from spag4d.web.modules import STYLES, needed_modules, page_with_modules, styles, version_of


def test_modules_are_found_through_others_and_once(tmp_path: Path) -> None:
    (tmp_path / "js" / "viewer").mkdir(parents=True)
    (tmp_path / "js" / "main.js").write_text(
        'import { a } from "./a.js";\nimport {\n  b,\n} from "./viewer/b.js";\nimport("./later.js");\n')
    (tmp_path / "js" / "a.js").write_text('import "three";\nexport { b } from "./viewer/b.js";\n')
    (tmp_path / "js" / "viewer" / "b.js").write_text('import { a } from "../a.js";\nimport * as THREE from "three";\n')
    assert needed_modules(tmp_path) == ["js/main.js", "js/a.js", "js/viewer/b.js"]


def test_the_page_names_its_own_modules_then_those_of_the_stage_and_not_those_of_the_scene() -> None:
    page = page_with_modules(static_folder(), "1a2b")
    names, of_stage = needed_modules(static_folder()), needed_modules(static_folder(), "js/viewer/stage.js")
    later = sorted(set(of_stage) - set(names))
    assert sorted([*names, *later]) == sorted(re.findall(r'"modulepreload" href="/static/1a2b/([^"]+)"', page))
    assert later == sorted(re.findall(r'href="/static/1a2b/([^"]+)" fetchpriority="low"', page))
    assert all((static_folder() / name).is_file() for name in [*names, *later])
    assert page.index("modulepreload") < page.index('src="/static/1a2b/js/main.js"')
    assert "js/dom.js" in names and "js/viewer/stage.js" in later, "files can be dropped before the stage is there"
    with_scene = {f"js/viewer/{name}.js" for name in ("scene", "movement", "splats", "edit", "alive")}
    assert not with_scene & {*names, *later}, "they come with a scene"


def test_the_style_sheets_of_the_page_come_as_one_in_their_order() -> None:
    listed = re.findall(r'"stylesheet" href="/static/([^"]+)"', (static_folder() / "index.html").read_text(encoding="utf-8"))
    assert len(listed) > 5
    assert styles(static_folder()) == b"".join((static_folder() / name).read_bytes() for name in listed)
    assert re.findall(r'"stylesheet" href="([^"]+)"', page_with_modules(static_folder(), "1a2b")) == [f"/static/1a2b/{STYLES}"]


def test_another_part_is_another_version(tmp_path: Path) -> None:
    (tmp_path / "js").mkdir()
    (tmp_path / "js" / "main.js").write_text("1")
    first = version_of(tmp_path)
    (tmp_path / "notes.txt").write_text("not of the page")
    assert version_of(tmp_path) == first
    (tmp_path / "js" / "main.js").write_text("2")
    assert version_of(tmp_path) != first
