"""``--export-html`` of commands that write a scene file: the page is made of that file."""

from pathlib import Path

from spag4d.errors import InputError
from spag4d.formats.moving import moving_format_of
from spag4d.formats.moving_page import check_moving_page, write_moving_page
from spag4d.formats.outputs import format_of
from spag4d.formats.scene import read_scene
from spag4d.formats.viewer_page import check_page, write_viewer_page
from spag4d.progress import SILENT, Progress


def check_page_of(page: Path, scene: Path) -> None:
    """Raise `InputError` where no page of the scene ``scene``, which need not exist yet, can be written, before any work."""
    if moving_format_of(scene):
        check_moving_page(page, scene)
    elif format_of(scene):
        check_page(page)
    else:
        raise InputError(f"--export-html makes a page of one scene file, and {scene} is none.")


def write_page_of(page: Path, scene: Path, *, progress: Progress = SILENT) -> None:
    """Write a page that shows a scene file, or plays it; raises what `check_page_of` and reading and writing raise."""
    if moving_format_of(scene):
        write_moving_page(page, scene)
    else:
        write_viewer_page(page, read_scene(scene, progress=progress), title=scene.stem, progress=progress)
