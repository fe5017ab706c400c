"""``spag4d convert-video``: a video becomes a folder of scenes."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from spag4d.commands.endings import in_words
from spag4d.commands.options import FilePath, cluster_option, given, settings_options
from spag4d.errors import InputError

if TYPE_CHECKING:
    from spag4d.commands.console import Console
    from spag4d.core import SPAG4D


@click.command("convert-video")
@click.argument("input", type=FilePath)
@click.argument("output", type=FilePath)
@settings_options(video=True)
@click.option("--preview", type=FilePath, help="Also make a video (.mp4): a view that moves a little, and the depth.")
@click.option("--export-html", type=FilePath, help="Also write a web page (.html) that plays a .4dgs OUTPUT.")
@click.option("--overwrite", is_flag=True, help="Start over instead of continuing where an earlier run stopped.")
@click.option("--prepare", is_flag=True, help="For farms: only find out what all frames need, such as how the camera turned.")
@click.option("--range", "frames", metavar="A-B", help="For farms: make only the frames A to B of a video that is prepared.")
@click.option("--shard", "share", metavar="I/N", help="For farms: make only share I of N of its frames, from 1/N to N/N.")
@click.option("--collect", is_flag=True, help="For farms: finish OUTPUT, when all frames are made.")
@cluster_option("Let the workers of a Ray cluster make the frames")
@click.option("--quiet", "-q", is_flag=True, help="Show only errors.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as one line of JSON per frame.")
@in_words
def convert_video(
    input: Path, output: Path, preview: Path | None, overwrite: bool, quiet: bool, as_json: bool, **settings: Any,
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
    of_farm = {name: settings.pop(name) for name in ("prepare", "frames", "share", "collect")}
    cluster: str | None = settings.pop("cluster")
    converter = SPAG4D(**given(settings))
    check_combination(converter.settings)
    if moving_format_of(output):
        check_is_of_a_clip(converter.settings)
    with Console(quiet=quiet, as_json=as_json) as console, kept(input) as source:
        if any(of_farm.values()):
            if cluster:
                raise InputError("--cluster hands out frames itself: leave --prepare, --range, --shard and --collect out.")
            _check_farm(of_farm, overwrite=overwrite, preview=preview, export_html=export_html)
            _on_farm(converter, console, source, output, of_farm, overwrite=overwrite, preview=preview)
            return
        if not (quiet or as_json) and input.is_file():
            offer_model(converter, console)
        if moving_format_of(output):
            console.result(converter.convert_clip(source, output, overwrite=overwrite, preview=preview, export_html=export_html,
                                                  cluster=cluster, progress=console.progress))
            return
        frames = converter.convert_video(
            source, output, overwrite=overwrite, preview=preview, cluster=cluster, progress=console.progress)
        made, bytes_written = 0, 0
        for frame in frames:
            console.frame(frame)
            made, bytes_written = made + 1, bytes_written + frame.result.file_size
        if not as_json:
            there = Sequence360.recorded(output).done
            console.say(f"{output}: {frames_in_words(there, made, bytes_written)}; sequence.json lists them")


def _check_farm(steps: Mapping[str, Any], *, overwrite: bool, preview: Path | None, export_html: Path | None) -> None:
    """Raise `InputError` for what is not one step of a farm, and for options that have no effect on it."""
    if sum(map(bool, (steps["prepare"], steps["frames"] or steps["share"], steps["collect"]))) != 1:
        raise InputError("--prepare comes first, then --range or --shard for the frames, then --collect: give one of them.")
    if overwrite and not steps["prepare"]:
        raise InputError("--overwrite starts over, which only --prepare can do.")
    if preview and not steps["collect"]:
        raise InputError("--preview shows all frames: give it with --collect.")
    if export_html:
        raise InputError("--export-html is not made on farms: `spag4d transform --export-html` makes it of the finished file.")


def _on_farm(
    converter: "SPAG4D", console: "Console", source: Path, output: Path, steps: Mapping[str, Any], *, overwrite: bool,
    preview: Path | None,
) -> None:
    """Do a step of a video that several runs make."""
    progress = console.progress
    if steps["prepare"]:
        converter.prepare_video(source, output, overwrite=overwrite, progress=progress)
        console.say(f"{output}: prepared; --range and --shard make its frames")
    elif steps["collect"]:
        result = converter.collect_video(source, output, preview=preview, progress=progress)
        if result is not None:
            console.result(result)
    else:
        for frame in converter.convert_part(source, output, frames=steps["frames"], share=steps["share"], progress=progress):
            console.frame(frame)


def frames_in_words(there: int, made: int, bytes_written: int) -> str:
    """Print how many frames exist, and how many of them this run made."""
    whole = f"{there} frame{'s' if there != 1 else ''}"
    if not made:
        return f"{whole}, all of them made before (--overwrite starts over)"
    now = "" if made == there else f", {made} of them made now"
    return f"{whole}{now}, {bytes_written / 1e6:,.1f} MB written"
