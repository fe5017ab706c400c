"""``spag4d transform``: scene files joined, cut, moved and written in another format."""

from pathlib import Path
from typing import Any

import click

from spag4d.commands.endings import in_words
from spag4d.commands.options import EXTENSIONS, PLACE, FilePath, Numbers

_SPHERE = Numbers("X,Y,Z,R", ",", 4, float)
"""Centre and radius in metres."""
_ANGLES = Numbers("YAW,PITCH,ROLL", ",", 3, float)
"""Degrees."""


@click.command(epilog=EXTENSIONS)
@click.argument("inputs", metavar="INPUT...", nargs=-1, required=True, type=FilePath)
@click.argument("output", type=FilePath)
@click.option("--drop", metavar="LAYER,...", default="",
              help="Leave out these layers of a .ply or .glb that SPAG-4D wrote: fine, backing, sky, behind.")
@click.option("--min-opacity", type=click.FloatRange(0, 1), default=0, show_default=True,
              help="Leave out Gaussians less opaque than this.")
@click.option("--crop-sphere", "crop_sphere_m", type=_SPHERE,
              help="Keep what lies within the sphere of this centre and radius. [m]")
@click.option("--max-splats", type=click.IntRange(1),
              help="Keep the N Gaussians that cover the most as seen from the capture point.")
@click.option("--scale", type=float, default=1, show_default=True, help="Factor by which to enlarge the scene.")
@click.option("--rotate", "rotate_deg", type=_ANGLES, default="0,0,0", show_default=True,
              help="Turn the scene to the right, up, and right side down, as you would turn a camera. [degrees]")
@click.option("--translate", "translate_m", type=PLACE, default="0,0,0", show_default=True,
              help="Move the scene: right, down, forward. [m]")
@click.option("--up", type=click.Choice(["-y", "y"]), default="-y", show_default=True,
              help="The axis that points up; y turns the scene by 180° about x. A .glb is always y up.")
@click.option("--time", "time_s", type=click.FloatRange(0), help="Of a scene that moves: the moment to take. [s]")
@click.option("--fps", type=click.FloatRange(0.001, 240),
              help="Frames per second of a sequence or a scene that moves, where it does not say that itself. [1/s]")
@click.option("--duration", "duration_s", type=click.FloatRange(0.001, 1e6),
              help="How long a scene that moves is to last; by default as long as its file says. [s]")
@click.option("--format", default="ply", show_default=True, help="Format of the frames that a scene that moves becomes.")
@click.option("--export-html", type=FilePath, help="Also write a web page (.html), a single file with scene and viewer.")
@click.option("--quiet", "-q", is_flag=True, help="Show only errors.")
@in_words
def transform(
    inputs: tuple[Path, ...], output: Path, drop: str, up: str, time_s: float | None, fps: float | None,
    duration_s: float | None, format: str, quiet: bool, **options: Any,
) -> None:
    """Convert, join, cut and move the scene files INPUT... and write them to OUTPUT.

    The format of each INPUT is recognised by its content, also inside a .gz or .zip. The extension of OUTPUT chooses what is
    written. Operations are applied in the order listed here.

    A folder of frames becomes one scene that moves where OUTPUT ends in .4dgs or .ftgs.ply, and so does another scene that
    moves (.4dgs, .ftgs.ply, a SpacetimeGaussian .ply of the lite kind, .splatv). Such a scene becomes a folder of frames where
    OUTPUT is one; with --time its state at one moment is taken like any other scene.
    """
    from spag4d.commands.console import Console
    from spag4d.commands.page_of_scene import check_page_of, write_page_of
    from spag4d.commands.transform_moving import check_one_moving, moving_to_moving, moving_to_sequence, sequence_to_moving
    from spag4d.commands.transform_scenes import Change, transform_scenes
    from spag4d.formats.moving import is_moving, moving_format_of
    from spag4d.formats.outputs import format_of

    export_html: Path | None = options.pop("export_html")
    layers = tuple(word.strip() for word in drop.split(",") if word.strip())
    change = Change(drop=layers, y_up=up == "y", **options)
    if export_html:
        check_page_of(export_html, output)
    with Console(quiet=quiet) as console:
        if moving_format_of(output):
            source = check_one_moving(inputs, output, change, time_s)
            make = moving_to_moving if is_moving(source) else sequence_to_moving
            path, count = make(source, output, change, fps=fps, duration_s=duration_s, progress=console.progress)
        elif time_s is None and format_of(output) is None and any(map(is_moving, inputs)):
            source = check_one_moving(inputs, output, change, time_s)
            path, count = moving_to_sequence(source, output, change, format=format, fps=fps, duration_s=duration_s,
                                             progress=console.progress)
        else:
            path, count = transform_scenes(inputs, output, change, time_s=time_s, duration_s=duration_s,
                                           progress=console.progress)
        if export_html:
            write_page_of(export_html, path, progress=console.progress)
        size = sum(file.stat().st_size for file in path.iterdir()) if path.is_dir() else path.stat().st_size
        console.say(f"{path}: {count:,} Gaussians, {size / 1e6:.1f} MB")
