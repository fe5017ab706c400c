"""``spag4d assemble``: flat views, as other programs gave them back, become a panorama or a video."""

from pathlib import Path

import click

from spag4d.commands.endings import in_words
from spag4d.commands.options import FilePath


@click.command()
@click.argument("folder", type=FilePath)
@click.argument("output", type=FilePath)
@click.option("--height", type=click.IntRange(32, 8192), help="Of the result; by default as high as the panorama was. [pixels]")
@click.option("--quiet", "-q", is_flag=True, help="Show only errors.")
@in_words
def assemble(folder: Path, output: Path, height: int | None, quiet: bool) -> None:
    """Fuse the views in FOLDER to the panorama OUTPUT (.png, .jpg, .webp), or clips of them to a 360° video (.mp4).

    FOLDER holds what `spag4d views` wrote, each view_01.png replaced by another picture, or with a clip beside it, such as
    view_01.mp4. They may have another size, but the same shape.
    """
    from spag4d.animate.views import assemble as fuse
    from spag4d.commands.console import Console

    with Console(quiet=quiet) as console:
        count = fuse(folder, output, height=height, progress=console.progress)
        console.say(f"{output}: {count} frames" if count > 1 else str(output))
