from pathlib import Path

from spag4d.io.static_files import static_folder
from spag4d.web.modules import needed_modules, page_with_modules


def test_modules_are_found_through_others_and_once(tmp_path: Path) -> None:
    (tmp_path / "js" / "viewer").mkdir(parents=True)
    (tmp_path / "js" / "main.js").write_text(
        'import { a } from "./a.js";\nimport {\n  b,\n} from "./viewer/b.js";\nimport("./later.js");\n')
    (tmp_path / "js" / "a.js").write_text('import "three";\nexport { b } from "./viewer/b.js";\n')
    (tmp_path / "js" / "viewer" / "b.js").write_text('import { a } from "../a.js";\nimport * as THREE from "three";\n')
    assert needed_modules(tmp_path) == ["js/main.js", "js/a.js", "js/viewer/b.js"]


def test_the_page_names_its_own_modules_and_not_those_of_the_scene() -> None:
    page = page_with_modules(static_folder())
    names = needed_modules(static_folder())
    assert len(names) == page.count('rel="modulepreload"') == len(set(names))
    assert all(f'href="/static/{name}"' in page and (static_folder() / name).is_file() for name in names)
    assert page.index("modulepreload") < page.index('src="/static/js/main.js"')
    assert {"js/viewer/stage.js", "js/dom.js"} < set(names)
    assert not {"js/viewer/scene.js", "js/viewer/movement.js", "js/viewer/splats.js"} & set(names), "they come with a scene"
