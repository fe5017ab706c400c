"""The page as browsers get it.

It names all modules that its first one needs, so that browsers ask for them at once and not level by level, then those of the
stage, which comes once the page can be used. Its style sheets are one. The addresses of all its parts contain their version, so
that browsers ask for each only once.
"""

import hashlib
import re
from pathlib import Path

_IMPORTED = re.compile(r'\bfrom "(\.{1,2}/[^"]+)"')
_SHEET = r'<link rel="stylesheet" href="/static/([^"]+)">\s*'
_SHEETS = re.compile(f"(?:{_SHEET})+")
_FIRST, _LATER = "js/main.js", "js/viewer/stage.js"
STYLES = "css/page.css"
"""All style sheets of the page in one, which is no file."""
_PARTS = ("css", "js", "vendor/three", "vendor/spark")


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


def version_of(folder: Path) -> str:
    """Return what becomes another as soon as a part of the page does."""
    found = hashlib.sha256()
    for path in sorted(path for part in _PARTS for path in (folder / part).rglob("*") if path.is_file()):
        found.update(path.relative_to(folder).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return found.hexdigest()[:16]


def styles(folder: Path) -> bytes:
    """Return the style sheets of the page one after the other."""
    page = (folder / "index.html").read_text(encoding="utf-8")
    return b"".join((folder / name).read_bytes() for name in re.findall(_SHEET, page))


def page_with_modules(folder: Path, version: str) -> str:
    """Return the page ``index.html``, with a link to each module that it needs; its parts lie below the ``version``."""
    page = (folder / "index.html").read_text(encoding="utf-8")
    first = needed_modules(folder)
    later = [name for name in needed_modules(folder, _LATER) if name not in first]
    links = [f'<link rel="modulepreload" href="/static/{name}">' for name in first]
    links += [f'<link rel="modulepreload" href="/static/{name}" fetchpriority="low">' for name in later]
    page = page.replace('<script type="module"', "\n  ".join([*links, '<script type="module"']), 1)
    page = _SHEETS.sub(f'<link rel="stylesheet" href="/static/{STYLES}">\n  ', page)
    return page.replace('"/static/', f'"/static/{version}/')
