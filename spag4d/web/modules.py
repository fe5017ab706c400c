"""The page's JavaScript modules: all that its first one needs, so that browsers ask for them at once and not level by level."""

import re
from pathlib import Path

_IMPORTED = re.compile(r'\bfrom "(\.{1,2}/[^"]+)"')
_FIRST = "js/main.js"


def needed_modules(folder: Path, first: str = _FIRST) -> list[str]:
    """Return the module ``first`` of the ``folder`` with all that it imports, and what these import, as paths in the folder."""
    found = {first: None}
    for name in (waiting := [first]):
        for imported in _IMPORTED.findall((folder / name).read_text(encoding="utf-8")):
            path = (folder / name).parent.joinpath(imported).resolve().relative_to(folder.resolve()).as_posix()
            if path not in found:
                found[path] = None
                waiting.append(path)
    return list(found)


def page_with_modules(folder: Path) -> str:
    """Return the page ``index.html``, with a link to each module that it needs."""
    page = (folder / "index.html").read_text(encoding="utf-8")
    links = "".join(f'<link rel="modulepreload" href="/static/{name}">\n  ' for name in needed_modules(folder))
    return page.replace('<script type="module"', f'{links}<script type="module"', 1)
