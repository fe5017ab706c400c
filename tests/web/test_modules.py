from pathlib import Path

from spag4d.io.static_files import static_folder
from spag4d.web.modules import needed_modules, page_with_modules, version_of


def test_modules_are_found_through_others_and_once(tmp_path: Path) -> None:
    (tmp_path / "js" / "viewer").mkdir(parents=True)
    (tmp_path / "js" / "main.js").write_text(
        'import { a } from "./a.js";\nimport {\n  b,\n} from "./viewer/b.js";\nimport("./later.js");\n')
    (tmp_path / "js" / "a.js").write_text('import "three";\nexport { b } from "./viewer/b.js";\n')
    (tmp_path / "js" / "viewer" / "b.js").write_text('import { a } from "../a.js";\nimport * as THREE from "three";\n')
    assert needed_modules(tmp_path) == ["js/main.js", "js/a.js", "js/viewer/b.js"]


def test_the_page_names_its_own_modules_and_not_those_of_the_scene() -> None:
    page = page_with_modules(static_folder(), "1a2b")
    names = needed_modules(static_folder())
    assert len(names) == page.count('rel="modulepreload"') == len(set(names))
    assert all(f'href="/static/1a2b/{name}"' in page and (static_folder() / name).is_file() for name in names)
    assert page.index("modulepreload") < page.index('src="/static/1a2b/js/main.js"')
    assert {"js/viewer/stage.js", "js/dom.js"} < set(names)
    later = {f"js/viewer/{name}.js" for name in ("scene", "movement", "splats", "edit", "alive")}
    assert not later & set(names), "they come with a scene"


def test_another_part_is_another_version(tmp_path: Path) -> None:
    (tmp_path / "js").mkdir()
    (tmp_path / "js" / "main.js").write_text("1")
    first = version_of(tmp_path)
    (tmp_path / "notes.txt").write_text("not of the page")
    assert version_of(tmp_path) == first
    (tmp_path / "js" / "main.js").write_text("2")
    assert version_of(tmp_path) != first
