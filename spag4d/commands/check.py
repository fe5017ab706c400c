"""``spag4d check``: how far a scene can be trusted."""

from pathlib import Path

import click

from spag4d.commands.endings import in_words
from spag4d.commands.options import FilePath
from spag4d.errors import InputError


@click.command()
@click.argument("scene", type=FilePath)
@click.option("--panorama", type=FilePath, help="The panorama that the scene was made from, to compare them.")
@click.option("--html", type=FilePath, help="Also write the card as a web page with pictures and plots, a single file.")
@click.option("--write", is_flag=True, help="Write the walking range into the PLY's comments, and into sequence.json.")
@click.option("--every", type=click.IntRange(1), default=1, show_default=True, help="For a folder: check only every Nth frame.")
@click.option("--json", "as_json", is_flag=True, help="Print the card as one line of JSON, or one per frame.")
@in_words
def check(scene: Path, panorama: Path | None, html: Path | None, write: bool, every: int, as_json: bool) -> None:
    """Report how far the scene SCENE can be trusted: a file from any tool, in any format that SPAG-4D reads.

<<<<<<< HEAD
    The report card says what is in the file; whether it is valid and upright; how far you can walk from the capture point
    (the origin) in 14 directions before gaps open, surfaces look smeared or something is in the way; and, with --panorama,
    how closely the two match and whether the scene is turned or mirrored. The exit code is 0 whatever the card says, and 2
    if there is no scene to read. If SCENE is the folder of a converted video, it reports the walking range of its frames.
=======
    Raises `InputError` before any work where a target cannot be written.
>>>>>>> 267d77c (Docstrings of io, models, clips, photos, formats, commands and the top of the package in plain English; the help of serve names its address again)
    """
    if scene.is_dir() and (panorama or html):
        raise InputError("--panorama and --html apply to a single scene: name a frame in the folder.")

    from spag4d.commands.check_scenes import check_one, check_sequence
    from spag4d.commands.console import Console

<<<<<<< HEAD
    with Console() as console:
        if scene.is_dir():
            check_sequence(scene, console, every=every, write=write, as_json=as_json)
        else:
            check_one(scene, console, panorama=panorama, html=html, write=write, as_json=as_json)
=======
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
>>>>>>> 267d77c (Docstrings of io, models, clips, photos, formats, commands and the top of the package in plain English; the help of serve names its address again)
