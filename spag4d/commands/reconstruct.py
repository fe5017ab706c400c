"""``spag4d reconstruct``: several panoramas of one place become one scene."""

from pathlib import Path
from typing import Any

import click

from spag4d.commands.endings import in_words
from spag4d.commands.options import EXTENSIONS, FilePath, cluster_option, given, settings_options
from spag4d.world import EVERY_S

_OWN = ("every_s", "poses", "save_poses", "save_depth", "mesh", "distance", "cluster")
"""Options that are not settings."""


@click.command(epilog=EXTENSIONS)
@click.argument("inputs", metavar="INPUT...", nargs=-1, required=True, type=FilePath)
@click.argument("output", type=FilePath)
@settings_options(video=False)
@click.option("--every", "every_s", type=click.FloatRange(0.02, 3600), default=EVERY_S, show_default=True,
              help="Of a video, take a panorama every so many seconds. [s]")
@click.option("--poses", type=FilePath,
              help="Where the panoramas were taken, if that is known: a poses.json, or the folder of a COLMAP model.")
@click.option("--save-poses", type=FilePath,
              help="Also write the panoramas' places into this folder, as poses.json and as a COLMAP model.")
@click.option("--save-depth", type=FilePath,
              help="Also write each panorama's depth into this folder, as .npy; depths.json says how much of it was measured.")
@click.option("--mesh", type=FilePath, help="Also write the surfaces as triangles, for other programs: .glb or .ply.")
@click.option("--distance", type=(str, str, float), metavar="NAME:X,Y NAME:X,Y METRES",
              help="Set the scale by the distance between two points, each a pixel of a panorama, such as a.jpg:1200,800. [m]")
@cluster_option("Let the workers of a Ray cluster look for depth and parallax")
@click.option("--quiet", "-q", is_flag=True, help="Show only errors.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as one line of JSON.")
@in_words
def reconstruct(inputs: tuple[Path, ...], output: Path, quiet: bool, as_json: bool, **options: Any) -> None:
    """Make one scene, OUTPUT, of several panoramas of one place.

    INPUT... are two or more pictures taken one to two steps apart, a folder of them, or a 360° video of a walk. Where they
    were taken is found out from what they show, and depth from how things shift between them; what no other panorama shows
    keeps the depth that a single picture tells.
    """
    from spag4d.commands.console import Console
    from spag4d.contradictions import check_combination
    from spag4d.core import SPAG4D

    own = {name: options.pop(name) for name in _OWN}
    converter = SPAG4D(**given(options))
    check_combination(converter.settings)
    with Console(quiet=quiet, as_json=as_json) as console:
        console.result(converter.reconstruct(inputs, output, **own, progress=console.progress))
