"""``spag4d views``: a panorama as flat views for other programs."""

from pathlib import Path

import click

from spag4d.commands.endings import in_words
from spag4d.commands.options import FilePath


@click.command()
@click.argument("input", type=FilePath)
@click.argument("folder", type=FilePath)
@click.option("--cube", is_flag=True, help="The six views of a cube (95°) instead of 20 (80°).")
@click.option("--size", "size_px", type=click.IntRange(64, 4096), default=768, show_default=True, help="Of each view. [pixels]")
@click.option("--quiet", "-q", is_flag=True, help="Show only errors.")
@in_words
def views(input: Path, folder: Path, cube: bool, size_px: int, quiet: bool) -> None:
    """Write overlapping flat views of the panorama INPUT into FOLDER, for programs that know nothing of panoramas.

    They are view_01.png and so on; views.json holds their cameras. What such a program makes of them, a picture or a clip of
    each with the same name, `spag4d assemble` fuses to a panorama or a 360° video.
    """
    from spag4d.animate.views import RECORD, write_views
    from spag4d.commands.console import Console
    from spag4d.photos.image import read_panorama

    with Console(quiet=quiet) as console:
        panorama = read_panorama(input, progress=console.progress)
        count = write_views(panorama, folder, cube=cube, size_px=size_px, progress=console.progress)
        console.say(f"{folder}: {count} views, and {RECORD} with their cameras")
