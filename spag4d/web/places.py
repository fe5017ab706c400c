"""Where the server keeps its files, and where the page lies."""

import re
from collections.abc import Sequence
from pathlib import Path

from spag4d.io.static_files import static_folder
from spag4d.models.weights import home_folder
from spag4d.settings import declared

SOURCE = "uploaded-file"
"""Name of what was uploaded inside the folder of a job; its own name is for people only and never becomes a path."""


DEPTH_SOURCE = "uploaded-depth"
"""Name of the depth map that came with it, likewise."""
COLLISION = "scene.collision.glb"
"""Name of what stops and carries the visitors of a job's scene."""


def source_names(count: int) -> list[str]:
    """Return the names inside the folder of a job of as many uploaded files."""
    return [SOURCE] if count == 1 else [f"{SOURCE}-{number:03d}" for number in range(1, count + 1)]


def web_folder() -> Path:
    """Return the folder of jobs and uploads, below SPAG4D_HOME."""
    return home_folder() / "web"


def example_file() -> Path:
    """Return the panorama that the page offers at first."""
    installed = static_folder() / "courtyard.jpg"
    return installed if installed.is_file() else static_folder().parent / "TestImage" / "courtyard.jpg"


def has_viewer() -> bool:
    """Return whether three.js and Spark are there, which need a network when SPAG-4D is installed."""
    return (static_folder() / "vendor" / "fetched").is_file()


def in_words(message: str, names: Sequence[str], folder: Path, depth_name: str = "") -> str:
    """Return a message fit for the page's users.

    Uploaded files go by their own ``names``, a depth map by its ``depth_name``, no folder of this machine is named, and options
    by what the page calls them.
    """
    for path in (folder, web_folder()):
        message = message.replace(f"{path}/", "").replace(f"{path}\\", "").replace(str(path), "the job's folder")
    for stored, name in zip(source_names(len(names)), names, strict=True):
        message = message.replace(stored, name)
    message = message.replace(DEPTH_SOURCE, depth_name or "the depth map")
    message = message.replace(str(home_folder()), "SPAG4D_HOME").replace(str(Path.home()), "~")
    message = re.sub("`spag4d download-models[^`]*`", "“Models”, at the top of this page,", message)
    message = re.sub(r"--(?:no-)?([a-z0-9-]+)", lambda found: _BY_OPTION.get(found[1], found[0]), message)
    return re.sub(_NAMES, lambda found: _BY_NAME[found[0]], message)


_BY_NAME = {setting.name: f"“{setting.label}”" for setting in declared()}
_BY_OPTION = {setting.option.split("/")[0].removeprefix("--"): _BY_NAME[setting.name] for setting in declared()} | {
    "depth-map": "your depth map"}

_NAMES = "|".join(rf"(?<!')\b{name}\b" if "_" in name else rf"\b{name}(?= = )" for name in _BY_NAME)
"""Names as programs use them: with an underscore, or before a value."""
