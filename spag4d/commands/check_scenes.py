"""What ``spag4d check`` does: a report card for a scene, or the walking range of every frame of a sequence."""

import json
from pathlib import Path

from spag4d.check.page import write_page
from spag4d.check.report import one_line
from spag4d.check.scene import check_has_comments, check_scene, range_of, write_range
from spag4d.check.views import posed_photos
from spag4d.check.walking_range import WalkingRange
from spag4d.commands.console import Console
from spag4d.errors import InputError
from spag4d.io.atomic import check_target
from spag4d.progress import Progress
from spag4d.sequence import Sequence360, opened
from spag4d.world.known_poses import read_poses


def check_one(
    scene: Path, console: Console, *, panorama: Path | None = None, views: Path | None = None, poses: Path | None = None,
    html: Path | None = None, write: bool = False, as_json: bool = False,
) -> None:
    """Print the report card of a scene, write it as a page, and the walking range into the scene's comments.

    ``views`` are photographs, or a folder of them, whose places ``poses`` tells.

    Raises `InputError` before any work where a target cannot be written.
    """
    if write:
        check_has_comments(scene)
    if html is not None:
        check_target(html)
    photos = None if views is None or poses is None else posed_photos(views, read_poses(poses), progress=console.progress)
    checked = check_scene(scene, panorama, photos=photos, progress=console.progress)
    if html is not None:
        write_page(html, checked, progress=console.progress)
    if write:
        write_range(scene, checked.report.walks.range)
    console.say(checked.report.to_json() if as_json else checked.report.to_text())


def check_sequence(folder: Path, console: Console, *, every: int = 1, write: bool = False, as_json: bool = False) -> None:
    """Print the walking range of each ``every``-th frame of a folder, and record it in its sequence file and PLYs.

    Raises `InputError` where the folder holds no sequence or another run writes to it.
    """
    sequence = Sequence360.recorded(folder)
    numbers = range(0, sequence.done, every)
    if not numbers:
        raise InputError(f"{folder} holds no complete frame yet. Convert the video first.")
    if not write:
        for place, number in enumerate(numbers):
            _check_frame(sequence, number, console, console.progress.part(place, len(numbers)), as_json)
        return
    with opened(folder, overwrite=False):
        sequence = Sequence360.recorded(folder)  # no other run writes to it from here on
        for place, number in enumerate(numbers):
            found = _check_frame(sequence, number, console, console.progress.part(place, len(numbers)), as_json)
            for path in sequence.files_of(number):
                if path.suffix == ".ply":
                    write_range(path, found)
            sequence.set_walking_range(number, found.by_name)


def _check_frame(sequence: Sequence360, number: int, console: Console, progress: Progress, as_json: bool) -> WalkingRange:
    path = sequence.files_of(number)[0]
    found = range_of(path, progress=progress)
    console.say(json.dumps({"path": str(path), "number": number + 1, "walking_range_m": found.by_name}) if as_json
                else f"{path.name}: {one_line(found)}")
    return found
