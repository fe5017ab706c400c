"""``spag4d check``: how far a scene can be trusted."""

from pathlib import Path

import click

from spag4d.commands.endings import in_words
from spag4d.commands.options import FilePath
from spag4d.errors import InputError


@click.command()
@click.argument("scene", type=FilePath)
@click.option("--panorama", type=FilePath, help="The panorama that the scene was made from, to compare them.")
@click.option("--views", type=FilePath, help="A photograph, or a folder of them, to compare with the scene from their places.")
@click.option("--poses", type=FilePath, help="Where the --views were taken: what reconstruct --save-poses wrote.")
@click.option("--source", type=FilePath, help="Of a scene that moves: the video that it was made from, to compare them.")
@click.option("--html", type=FilePath, help="Also write the card as a web page with pictures and plots, a single file.")
@click.option("--write", is_flag=True, help="Write the walking range into the PLY's comments, and into sequence.json.")
@click.option("--every", type=click.IntRange(1), default=1, show_default=True,
              help="Of a folder or a scene that moves: check only every Nth frame.")
@click.option("--json", "as_json", is_flag=True, help="Print the card as one line of JSON, or one per frame.")
@in_words
def check(
    scene: Path, panorama: Path | None, views: Path | None, poses: Path | None, source: Path | None, html: Path | None,
    write: bool, every: int, as_json: bool,
) -> None:
    """Report how far the scene SCENE can be trusted: a file from any tool, in any format that SPAG-4D reads.

    The report card shows what is in the file; whether it is valid and upright; how far you can walk from the capture point
    (the origin) in 14 directions before gaps open, surfaces look smeared or something is in the way; with --panorama, how
    closely the two match and whether the scene is turned or mirrored; and, with --views, how like photographs from other
    places it is. The exit code is 0 whatever the result, and 2
    if there is no scene to read. If SCENE is the folder of a converted video, or a scene that moves, it reports the
    walking range of its frames, or with --source how like the video they are, how many frames late what changes in it is, and
    how much the distances flicker of what does not.
    """
    if scene.is_dir() and (panorama or html or views):
        raise InputError("--panorama, --views and --html apply to a single scene: name a frame in the folder.")
    if (views is None) != (poses is None):
        raise InputError("--views and --poses go together: photographs, and where they were taken.")

    from spag4d.commands.check_scenes import check_one, check_sequence
    from spag4d.commands.console import Console
    from spag4d.commands.describe_moving import check_against_clip, check_moving
    from spag4d.formats.moving import is_moving

    moves = is_moving(scene)
    if moves and (panorama or html or views or write):
        raise InputError("--panorama, --views, --html and --write apply to a still scene: `spag4d transform` with --time makes "
                         "one of a scene that moves.")

    if source is not None and not moves:
        raise InputError("--source applies to a scene that moves; a still one is compared with its --panorama.")

    with Console() as console:
        if scene.is_dir():
            check_sequence(scene, console, every=every, write=write, as_json=as_json)
        elif source is not None:
            check_against_clip(scene, source, console, every=every, as_json=as_json)
        elif moves:
            check_moving(scene, console, every=every, as_json=as_json)
        else:
            check_one(scene, console, panorama=panorama, views=views, poses=poses, html=html, write=write, as_json=as_json)
