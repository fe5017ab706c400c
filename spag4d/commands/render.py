"""``spag4d render``: pictures and videos of a scene file."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from spag4d.commands.endings import in_words
from spag4d.commands.options import PLACE, FilePath, Numbers

if TYPE_CHECKING:
    from spag4d.shots import Point

_SIZE = Numbers("WxH", "x", 2, int)
"""Pixels."""


@click.command()
@click.argument("scene", type=FilePath)
@click.argument("output", type=FilePath)
@click.option("--position", type=PLACE, default="0,0,0", show_default=True, help="Where to stand: right, down, forward. [m]")
@click.option("--look-at", type=PLACE, help="Where to look; by default ahead, in a video all around. [m]")
@click.option("--fov", type=float, default=75, show_default=True, help="Horizontal field of view. [degrees]")
@click.option("--size", type=_SIZE, help="Pixels; by default 1280x720, or 2048x1024 for a panorama.")
@click.option("--panorama", is_flag=True, help="Draw the whole sphere, as an equirectangular picture.")
@click.option("--depth", is_flag=True, help="Draw the distance along the ray: .npy in metres, 16-bit .png, or a coloured .jpg.")
@click.option("--classic", is_flag=True, help="Draw as the original 3DGS rasteriser does, not as web viewers do.")
@click.option("--time", "time_s", type=click.FloatRange(0), default=0, show_default=True,
              help="Of a scene that moves: the moment to draw, or at which a video begins. [s]")
@click.option("--seconds", type=float,
              help="Length of a video; by default 10, or as long as a scene that moves. [s, up to 3600]")
@click.option("--fps", type=float, default=24, show_default=True, help="Frames per second of a video. [1/s, up to 240]")
@click.option("--radius", "radius_m", type=float, default=0.3, show_default=True,
              help="How far the camera of a video moves sideways. [m]")
@click.option("--path", "path_file", type=FilePath,
              help="Of a video: a JSON file with the key views that the camera passes, as the page saves it.")
@click.option("--device", default="auto", show_default=True,
              help="cpu, or cuda, which needs gsplat; auto takes the best one available.")
@click.option("--quiet", "-q", is_flag=True, help="Show only errors.")
@in_words
def render(
    scene: Path, output: Path, position: "Point", look_at: "Point | None", fov: float,
    size: tuple[int, int] | None, path_file: Path | None, device: str, quiet: bool, **options: Any,
) -> None:
    """Draw the scene file SCENE as the picture OUTPUT (.png, .jpg, .webp), or as a video (.mp4).

    A video circles the position, so that near things move in front of far ones, or follows the key views of --path. A scene
    that moves plays in it, again and again where the video is longer.
    """
    from spag4d.commands.console import Console
    from spag4d.render.camera_path import read_path
    from spag4d.shots import Shot, draw

    size = size or ((2048, 1024) if options["panorama"] else (1280, 720))
    path = None if path_file is None else read_path(path_file)
    shot = Shot(position_m=position, look_at_m=look_at, fov_deg=fov, size_wh=size, path=path, **options)
    with Console(quiet=quiet) as console:
        draw(scene, output, shot, device=device, progress=console.progress)
        console.say(str(output))
