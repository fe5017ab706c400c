"""A scene as a page of its own: one .html file with the scene and SuperSplat's viewer inside (PlayCanvas, MIT licence).

The viewer turns a scene half about z: up is +y there, and forward stays +z.
"""

import base64
import html
import json
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from spag4d.data import Gaussians, View
from spag4d.errors import InputError
from spag4d.formats.scene import write_scene
from spag4d.io.atomic import atomic_path, check_target
from spag4d.io.static_files import static_folder
from spag4d.progress import SILENT, Progress

_VERTICAL_FIELD_OF_VIEW_DEG = 65
"""Degrees from top to bottom, by eye: in between a photo's and what fills a screen at arm's length."""
_OFF = {"enabled": False}
_SETTINGS = {
    "version": 2, "tonemapping": "none", "highPrecisionRendering": False, "background": {"color": [0, 0, 0]},
    "postEffectSettings": {
        "sharpness": {**_OFF, "amount": 0}, "bloom": {**_OFF, "intensity": 0.1, "blurLevel": 2},
        "grading": {**_OFF, "brightness": 1, "contrast": 1, "saturation": 1, "tint": [1, 1, 1]},
        "vignette": {**_OFF, "intensity": 0.5, "inner": 0.3, "outer": 0.75, "curvature": 1},
        "fringing": {**_OFF, "intensity": 0.5}},
    "animTracks": [], "annotations": [], "startMode": "default",
    "cameras": [{"initial": {"position": [0, 0, 0], "target": [0, 0, 1], "fov": _VERTICAL_FIELD_OF_VIEW_DEG}}],
}
_PIECE = 3 << 20  # a multiple of three: base64 of the pieces is that of the whole


def check_page(path: Path) -> None:
    """Raise `InputError` where a page cannot be written to ``path``, before any work."""
    check_is_page(path, ["vendor/supersplat/index.js"])


def check_is_page(path: Path, needed: Iterable[str]) -> None:
    """Raise `InputError` where a page cannot be written to ``path``, or files of the viewer are ``needed`` and missing."""
    if path.suffix.lower() not in (".html", ".htm"):
        raise InputError(f"the page is a web page: end '{path.name}' in .html.")
    if not all((static_folder() / name).is_file() for name in needed):
        raise InputError("the viewer for pages is missing, as it could not be fetched when SPAG-4D was installed. "
                         "`python static/npm/vendor.py` in a checkout, or a new installation with a network, fetches it.")
    check_target(path)


def write_viewer_page(
    path: Path, gaussians: Gaussians, *, collision: bytes = b"", title: str = "", start: View | None = None,
    progress: Progress = SILENT,
) -> None:
    """Write a page that shows the Gaussians from ``start``, or from the capture point; it asks the network for nothing.

    In ``collision``, a .glb file in the viewer's axes, visitors can walk: it carries and stops them.
    Raises `InputError` where the viewer is not installed or ``path`` cannot be written, `ResourceError` when the disk is full,
    `Cancelled`; an older file stays as it was then.
    """
    check_page(path)
    beginning, end = (part.encode("utf-8") for part in _page(title or path.stem, collision, _settings(start)))
    with tempfile.TemporaryDirectory() as folder, atomic_path(path) as temporary:
        scene = Path(folder, "scene.sog")
        write_scene(scene, gaussians, "sog", progress=progress)
        write_around(temporary, beginning, scene, end)


def write_around(page: Path, beginning: bytes, scene: Path, end: bytes) -> None:
    """Write a page with the bytes of a file in base64 between its beginning and its end."""
    with scene.open("rb") as source, page.open("wb") as target:
        target.write(beginning)
        while piece := source.read(_PIECE):
            target.write(base64.b64encode(piece))
        target.write(end)


def harmless(script: str) -> str:
    """Return a script that means the same, and cannot end the element that it stands in."""
    return script.replace("</script", "<\\/script").replace("<!--", "<\\!--")


def _settings(start: View | None) -> dict[str, Any]:
    if start is None:
        return _SETTINGS
    places = {"position": start.position_m, "target": start.look_at_m}
    turned = {name: [-x, -y, z] for name, (x, y, z) in places.items()}
    return {**_SETTINGS, "cameras": [{"initial": {**turned, "fov": _VERTICAL_FIELD_OF_VIEW_DEG}}]}


def _page(title: str, collision: bytes, settings: dict[str, Any]) -> tuple[str, str]:
    """Return what comes before the scene, and what behind it."""
    style, script, licence = ((_viewer() / name).read_text(encoding="utf-8") for name in ("index.css", "index.js", "LICENSE"))
    script = harmless(script)
    start = f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1, viewport-fit=cover">
<title>{html.escape(title)}</title>
<!-- The viewer in this page:
{licence.replace("--", "- -")}-->
<style>{style}
html, body {{ height: 100%; margin: 0; overflow: hidden; background: #000; }}</style>
</head>
<body>
<script type="application/octet-stream" id="scene">"""
    walls = f'<script type="application/octet-stream" id="collision">{collision.hex()}</script>\n' if collision else ""
    end = f"""</script>
{walls}<script type="module">
{script}
const scene = document.getElementById("scene");
const bytes = Uint8Array.from(atob(scene.textContent), (letter) => letter.charCodeAt(0));
scene.remove();
const contentUrl = URL.createObjectURL(new Blob([bytes]));
const walls = document.getElementById("collision")?.textContent;
const collisionUrl = walls && `data:model/gltf-binary,${{walls.replace(/../g, "%$&")}}.glb`; // the viewer goes by the ending
const viewer = await createViewer({{
  container: document.body, settings: {json.dumps(settings)}, contentUrl, contentFilename: "scene.sog", collisionUrl,
  noanim: true,
}});
const start = () => (viewer.state.cameraMode = "fly");
if (viewer.state.loaded) start();
else viewer.events.once("loaded:changed", start);
</script>
</body>
</html>
"""
    return start, end


def _viewer() -> Path:
    return static_folder() / "vendor" / "supersplat"
