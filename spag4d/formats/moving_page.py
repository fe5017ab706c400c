"""A scene that moves as a page of its own: one .html file with the scene and this program's own viewer inside.

Modules in one file have no addresses by which they could import each other: the page makes addresses of their texts, and an
import map names these.
"""

import html
import posixpath
import re
from pathlib import Path

from spag4d.errors import InputError
from spag4d.formats.moving import moving_format_of
from spag4d.formats.viewer_page import check_is_page, harmless, write_around
from spag4d.io.atomic import atomic_path
from spag4d.io.static_files import static_folder

_PLAYED = "4dgs"
_MAIN = "js/viewer/page.js"
_LIBRARIES = {
    "three": "vendor/three/three.module.js", "three/core": "vendor/three/three.core.js",
    "three/addons/postprocessing/Pass.js": "vendor/three/addons/postprocessing/Pass.js",
    "@sparkjsdev/spark": "vendor/spark/spark.module.min.js",
}
"""Files of the libraries by the names under which they are imported."""
_STYLES = ("css/base.css", "css/dialog.css", "css/viewer.css")
_LICENCES = {"SPAG-4D": "../LICENSE", "three.js": "vendor/three/LICENSE", "Spark": "vendor/spark/LICENSE"}
_RELATIVE = re.compile(r"""(\bfrom\s*|\bimport\s*\(?\s*)(["'])(\.{1,2}/[^"']+)\2""")
_START = """
const imports = {};
for (const module of document.querySelectorAll("script[data-module]")) {
  imports[module.dataset.module] = URL.createObjectURL(new Blob([module.textContent], { type: "text/javascript" }));
  module.remove();
}
const map = Object.assign(document.createElement("script"), { type: "importmap", textContent: JSON.stringify({ imports }) });
document.head.append(map);
import("%s");
"""


def check_moving_page(path: Path, scene: Path) -> None:
    """Raise `InputError` where no page of ``scene``, which need not exist yet, can be written to ``path``, before any work."""
    if moving_format_of(scene) != _PLAYED:
        raise InputError(f"a page plays .{_PLAYED}, not {scene.name}: end the scene so.")
    check_is_page(path, _LIBRARIES.values())


def write_moving_page(path: Path, scene: Path, *, title: str = "") -> None:
    """Write a page that plays a .4dgs file from the capture point; it asks the network for nothing.

    Raises what `check_moving_page` does, and `ResourceError` when the disk is full; an older file stays as it was then.
    """
    check_moving_page(path, scene)
    start, end = (part.encode("utf-8") for part in _page(title or scene.stem))
    with atomic_path(path) as temporary:
        write_around(temporary, start, scene, end)


def _page(title: str) -> tuple[str, str]:
    """Return what comes before the scene, and what behind it."""
    licences = "\n".join(f"{name}:\n{_text(place)}" for name, place in _LICENCES.items()).replace("--", "- -")
    start = f"""<!doctype html>
<html lang="en" data-theme="dark">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1, viewport-fit=cover">
<title>{html.escape(title)}</title>
<!-- What is in this page:
{licences}-->
<style>{"".join(map(_text, _STYLES))}
.stage {{ position: fixed; inset: 0; min-height: 0; }}
.stage-top, .stage-bottom {{ padding-left: 12px; }}</style>
</head>
<body>
<section class="stage" id="stage" aria-label="Scene"></section>
<script type="application/octet-stream" id="scene">"""
    modules = "\n".join(f'<script type="text/plain" data-module="{name}">{harmless(text)}</script>'
                        for name, text in _modules().items())
    end = f"""</script>
{modules}
<script>{_START % _MAIN}</script>
</body>
</html>
"""
    return start, end


def _modules() -> dict[str, str]:
    """Return the texts of all modules that the page needs by the names under which they import each other."""
    found = {name: _text(place) for name, place in _LIBRARIES.items()}
    found["three"] = re.sub(r"""(["'])\./three\.core\.js\1""", '"three/core"', found["three"])
    waiting = [_MAIN]
    while waiting:
        name = waiting.pop()
        if name in found:
            continue
        places: list[str] = []

        def named(match: re.Match[str], name: str = name, places: list[str] = places) -> str:
            places.append(posixpath.normpath(posixpath.join(posixpath.dirname(name), match[3])))
            return f'{match[1]}"{places[-1]}"'

        found[name] = _RELATIVE.sub(named, _text(name))
        waiting += places
    return found


def _text(place: str) -> str:
    path = static_folder() / place
    if not path.is_file():
        raise InputError(f"{path.name} is missing in this installation of SPAG-4D: install it again.")
    return path.read_text(encoding="utf-8")
