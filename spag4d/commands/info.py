"""``spag4d info``: what is in a scene file."""

from pathlib import Path

import click

from spag4d.commands.endings import in_words
from spag4d.commands.options import FilePath


@click.command()
@click.argument("scene", type=FilePath)
@click.option("--json", "as_json", is_flag=True, help="Print one line of JSON.")
@in_words
def info(scene: Path, as_json: bool) -> None:
    """Describe the scene file SCENE, from any tool: how many Gaussians, where, how large, how they are stored; of one that
    moves also how long it is, and how much of it stands still.

    To learn whether the scene is any good, use `spag4d check`.
    """
    from spag4d.commands.console import Console
    from spag4d.commands.describe_moving import describe_moving
    from spag4d.commands.describe_scene import describe
    from spag4d.formats.moving import is_moving

    with Console() as console:
        facts = (describe_moving if is_moving(scene) else describe)(scene, progress=console.progress)
        console.say(facts.to_json() if as_json else facts.to_text())
