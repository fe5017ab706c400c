"""``spag4d convert-video``: a video becomes a folder of scenes."""

from pathlib import Path
from typing import Any

import click

from spag4d.commands.endings import in_words
from spag4d.commands.options import FilePath, given, settings_options
from spag4d.errors import InputError


@click.command("convert-video")
@click.argument("input", type=FilePath)
@click.argument("output", type=FilePath)
@settings_options(video=True)
@click.option("--preview", type=FilePath, help="Also make a video (.mp4): a view that moves a little, and the depth.")
@click.option("--export-html", type=FilePath, help="Also write a web page (.html) that plays a .4dgs OUTPUT.")
@click.option("--overwrite", is_flag=True, help="Start over instead of continuing where an earlier run stopped.")
@click.option("--quiet", "-q", is_flag=True, help="Show only errors.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as one line of JSON per frame.")
@in_words
def convert_video(
    input: Path, output: Path, preview: Path | None, overwrite: bool, quiet: bool, as_json: bool, **settings: Any
) -> None:
    """Convert the 360° video INPUT into a sequence of scenes in the folder OUTPUT.

    Writes frame_00001.ply and so on (or the format that --format names), and sequence.json with the time and pose of each
    frame. Run the command again to continue a run that was stopped.

    Where OUTPUT ends in .4dgs, the video becomes one file: what stands is made once, and of each frame what moves.
    """
    from spag4d.commands.console import Console
    from spag4d.commands.questions import offer_model
    from spag4d.contradictions import check_combination, check_is_of_a_clip
    from spag4d.core import SPAG4D
    from spag4d.formats.moving import moving_format_of
    from spag4d.io.standard_input import kept
    from spag4d.sequence import Sequence360

    export_html: Path | None = settings.pop("export_html")
    if export_html and moving_format_of(output) is None:
        raise InputError("--export-html makes a page of a clip in one file: end the output in .4dgs.")
    converter = SPAG4D(**given(settings))
    check_combination(converter.settings)
    with Console(quiet=quiet, as_json=as_json) as console, kept(input) as source:
        if not (quiet or as_json) and input.is_file():
            offer_model(converter, console)
        if moving_format_of(output):
            check_is_of_a_clip(converter.settings)
            console.result(converter.convert_clip(source, output, overwrite=overwrite, preview=preview, export_html=export_html,
                                                  progress=console.progress))
            return
        frames = converter.convert_video(
            source, output, overwrite=overwrite, preview=preview, progress=console.progress)
        made, bytes_written = 0, 0
        for frame in frames:
            console.frame(frame)
            made, bytes_written = made + 1, bytes_written + frame.result.file_size
        if not as_json:
            there = Sequence360.recorded(output).done
            console.say(f"{output}: {frames_in_words(there, made, bytes_written)}; sequence.json lists them")


def frames_in_words(there: int, made: int, bytes_written: int) -> str:
    """Print how many frames exist, and how many of them this run made."""
    whole = f"{there} frame{'s' if there != 1 else ''}"
    if not made:
        return f"{whole}, all of them made before (--overwrite starts over)"
    now = "" if made == there else f", {made} of them made now"
    return f"{whole}{now}, {bytes_written / 1e6:,.1f} MB written"
