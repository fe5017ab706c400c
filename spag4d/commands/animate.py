"""``spag4d animate``: a still panorama comes alive, as a scene or as a video."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from spag4d.commands.endings import in_words
from spag4d.commands.options import FilePath, given, settings_options
from spag4d.errors import InputError

if TYPE_CHECKING:
    from spag4d.animate.motions import Motion


class _Words(click.ParamType):
    """A region and numbers with commas between them, each with its unit or without."""

    def __init__(self, name: str, *units: str, region: bool = True) -> None:
        """Accept what ``name`` shows: a region unless there is none, and a number for each of the units."""
        self.name, self._units, self._region = name, units, region

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the region's words, if there is one, and the numbers."""
        words = value.rsplit(",", len(self._units)) if self._region else value.split(",")
        region, numbers = (words[:1], words[1:]) if self._region else ([], words)
        try:
            found = [float(word.strip().removesuffix(unit)) for word, unit in zip(numbers, self._units, strict=True)]
        except ValueError:
            self.fail(f"'{value}' is not of the form {self.name}", param, ctx)
        return [*region, *found]


_OWN = ("region", "flow", "clouds", "water", "falls", "smoke", "sway")
"""Options that are not settings, and all of which but the first can be given several times."""


@click.command()
@click.argument("input", type=FilePath)
@click.argument("output", type=FilePath)
@click.option("--region", metavar="MASK", help="Where --flow moves it.")
@click.option("--flow", type=_Words("DEG,SPEED", "deg", "m/s", region=False),
              help="Where it goes in the picture (0 right, 90 up), along the surface there, and how fast. [degrees, m/s]")
@click.option("--clouds", type=_Words("SPEED", "deg/s", region=False),
              help="Turn the sky to the right, or with a negative speed to the left. [degrees/s]")
@click.option("--water", multiple=True, type=_Words("MASK,DEG,SPEED", "deg", "m/s"),
              help="What MASK marks flows level (0 ahead, 90 right), and glitters. [degrees, m/s]")
@click.option("--falls", multiple=True, type=_Words("MASK,SPEED", "m/s"), help="What MASK marks falls. [m/s]")
@click.option("--smoke", multiple=True, type=_Words("MASK,SPEED", "m/s"), help="What MASK marks rises. [m/s]")
@click.option("--sway", multiple=True, type=_Words("MASK,WIDTH", "m"),
              help="What MASK marks sways so far to either side: leaves, grass, flags. [m]")
@click.option("--loop", "loop_s", type=float, default=6, show_default=True, help="Length of the loop. [s, 0.5 to 60]")
@click.option("--depth-map", type=FilePath, help="Your own depth instead of a model, as for convert.")
@settings_options(video=False)
@click.option("--quiet", "-q", is_flag=True, help="Show only errors.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as one line of JSON.")
@in_words
def animate(
    input: Path, output: Path, loop_s: float, depth_map: Path | None, quiet: bool, as_json: bool, **options: Any
) -> None:
    """Bring the panorama INPUT to life as OUTPUT: a scene that moves and loops (.4dgs, .ftgs.ply), or a 360° video (.mp4).

    Whatever no option names stands still; without any the clouds drift. A MASK is a picture of the whole panorama, of any
    size, that is white where something moves, or a polygon: "yaw,pitch yaw,pitch yaw,pitch", degrees to the right of the
    middle and above the horizon. Where several claim a place the first in this list has it: flow, water, falls, smoke, sway,
    clouds.
    """
    from spag4d.commands.console import Console
    from spag4d.contradictions import check_combination
    from spag4d.core import SPAG4D
    from spag4d.io.standard_input import kept
    from spag4d.settings import AUTO

    own = {name: options.pop(name) for name in _OWN}
    converter = SPAG4D(**given(options))
    check_combination(converter.settings, given_depth=depth_map is not None)
    if converter.settings.format != AUTO:
        raise InputError("--format is about still scenes: the extension of OUTPUT decides here. Leave it out.")
    with Console(quiet=quiet, as_json=as_json) as console, kept(input) as source:
        motions = _motions(**own)
        result = converter.animate(source, output, motions, loop_s=loop_s, depth_map=depth_map, progress=console.progress)
        if result.splat_count or as_json:
            console.result(result)
        else:
            console.say(f"{output}: {result.file_size / 1e6:.1f} MB, {loop_s:g} s in {result.processing_time:.1f} s")


def _motions(region: str | None, flow: Any, clouds: Any, **named: Any) -> "list[Motion]":
    """Return what the options ask for, in the order in which places are theirs."""
    from spag4d.animate.motions import CLOUDS, FLOW, Motion, read_region

    if (region is None) != (flow is None):
        raise InputError("--region and --flow go together: where something flows, and where to.")
    found = [] if region is None else [Motion(FLOW, read_region(region), flow[1], flow[0])]
    for kind, several in named.items():
        for mask, *heading, amount in several:
            found.append(Motion(kind, read_region(mask), amount, *heading))
    return found if clouds is None else [*found, Motion(CLOUDS, None, clouds[0])]
