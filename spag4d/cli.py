"""The command ``spag4d``."""

import io
import json
import math
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from spag4d import __version__
from spag4d.commands.endings import in_words, run
from spag4d.errors import InputError, Spag4dError
from spag4d.formats import FORMATS
from spag4d.models.weights import WEIGHTS
from spag4d.settings import Declared, Settings, declared, markdown_table

if TYPE_CHECKING:
    from spag4d.commands.console import Console
    from spag4d.commands.render import Point
    from spag4d.core import SPAG4D

FilePath = click.Path(path_type=Path)

_EXTENSIONS = f"Extensions of OUTPUT: {', '.join(f'.{name}' for name in FORMATS)}."


def _option(setting: Declared) -> Callable[[Callable[..., None]], Callable[..., None]]:
    field = setting.field
    range_text = "" if setting.choices and not setting.several else setting.bounds
    words = [word for word in (setting.extra["unit"], range_text) if word]
    text = f"{setting.help_typed} [{', '.join(words)}]" if words else setting.help_typed
    kind = click.Choice(setting.choices) if setting.choices and not setting.several else setting.kind
    if setting.is_switch:
        return click.option(setting.option, setting.name, default=field.default, show_default=True, help=text)
    bare: dict[str, Any] = {"is_flag": False, "flag_value": setting.bare} if setting.bare else {}
    return click.option(setting.option, setting.name, type=kind, default=field.default, show_default=True, help=text, **bare)


def settings_options(*, video: bool) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Give a command an option for every field of `Settings`, with or without the video-only ones."""

    def decorated(command: Callable[..., None]) -> Callable[..., None]:
        for setting in reversed(list(declared(video=video))):
            command = _option(setting)(command)
        return command

    return decorated


def _named(options: dict[str, Any]) -> dict[str, Any]:
    """Return the options that were given on the command line, without defaults."""
    context = click.get_current_context()
    return {name: value for name, value in options.items() if context.get_parameter_source(name) is not ParameterSource.DEFAULT}


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(__version__, prog_name="spag4d")
def cli() -> None:
    """Turn 360° panoramas into 3D scenes of Gaussian splats."""


@cli.command(epilog=_EXTENSIONS)
@click.argument("input", type=FilePath)
@click.argument("output", type=FilePath)
@settings_options(video=False)
@click.option("--depth-map", type=FilePath, help="Your own depth instead of a model: npy, npz, 16-bit PNG, TIFF, EXR or PFM; "
              "metres along the ray, any 2:1 size, zero or infinity for sky.")
@click.option("--save-depth", type=FilePath, help="Also write the depth that was used: .npy, 16-bit .png, or a coloured .jpg.")
@click.option("--export-html", type=FilePath, help="Also write a web page (.html), a single file with scene and viewer.")
@click.option("--batch", is_flag=True, help="INPUT and OUTPUT are folders: convert every panorama in INPUT.")
@click.option("--recursive", is_flag=True, help="With --batch: include subfolders.")
@click.option("--overwrite", is_flag=True, help="With --batch: convert again even if the scene is newer than its picture.")
@click.option("--quiet", "-q", is_flag=True, help="Show only errors.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as one line of JSON per panorama.")
@in_words
def convert(
    input: Path, output: Path, depth_map: Path | None, save_depth: Path | None,
    batch: bool, recursive: bool, overwrite: bool, quiet: bool, as_json: bool, **settings: Any,
) -> None:
    """Convert the panorama INPUT into the scene OUTPUT.

    The extension of OUTPUT chooses the format. An INPUT of - reads standard input.
    """
    export_html: Path | None = settings.pop("export_html")
    if batch and (depth_map or save_depth or export_html):
        raise InputError("--depth-map, --save-depth and --export-html apply to a single panorama: convert it without --batch.")
    if not batch and (recursive or overwrite):
        raise InputError("--recursive and --overwrite need --batch.")
    if not batch and input.is_dir():
        raise InputError(f"{input} is a folder. Name a picture in it, or convert all of them with --batch.")

    from spag4d.commands.console import Console
    from spag4d.contradictions import check_combination
    from spag4d.core import SPAG4D
    from spag4d.io.standard_input import kept

    converter = SPAG4D(**_named(settings))
    check_combination(converter.settings, given_depth=depth_map is not None)
    with Console(quiet=quiet, as_json=as_json) as console:
        if not (batch or quiet or as_json or depth_map) and input.is_file():
            _offer_model(converter, console)
        if batch:
            _convert_folder(converter, input, output, console, recursive=recursive, overwrite=overwrite)
        else:
            with kept(input) as source:
                console.result(converter.convert(
                    source, output, depth_map=depth_map, save_depth=save_depth, export_html=export_html,
                    progress=console.progress))


def _offer_model(converter: "SPAG4D", console: "Console") -> None:
    from spag4d.first_run import ask_once

    def fetch(name: str) -> None:
        from spag4d.commands.download_models import fetch_all

        fetch_all([name], console)  # a failure is reported, and the built-in model takes over

    ask_once(converter.settings, _asked, fetch)


def _convert_folder(
    converter: "SPAG4D", source: Path, target: Path, console: "Console", *, recursive: bool, overwrite: bool
) -> None:
    from spag4d.commands import convert_folder

    items = convert_folder.list_items(source, target, format=converter.settings.format, recursive=recursive)
    failures = []
    for number, item in enumerate(items, 1):
        console.title = f"{number}/{len(items)} {item.source.name}: "
        outcome = convert_folder.convert_item(converter, item, overwrite=overwrite, progress=console.progress)
        console.outcome(outcome)
        failures += [outcome] if outcome.error is not None else []
    if failures:
        lines = "\n".join(f"  {failure.item.source}: {failure.error}" for failure in failures)
        raise Spag4dError(f"{len(failures)} of {len(items)} panoramas failed:\n{lines}")


@cli.command("convert-video")
@click.argument("input", type=FilePath)
@click.argument("output", type=FilePath)
@settings_options(video=True)
@click.option("--preview", type=FilePath, help="Also make a video (.mp4): a view that moves a little, and the depth.")
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
    """
    from spag4d.commands.console import Console
    from spag4d.contradictions import check_combination
    from spag4d.core import SPAG4D
    from spag4d.io.standard_input import kept
    from spag4d.sequence import Sequence360

    converter = SPAG4D(**_named(settings))
    check_combination(converter.settings)
    with Console(quiet=quiet, as_json=as_json) as console, kept(input) as source:
        if not (quiet or as_json) and input.is_file():
            _offer_model(converter, console)
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


class _Numbers(click.ParamType):
    """Numbers with a separator between them."""

    def __init__(self, name: str, sign: str, count: int, kind: type) -> None:
        """Accept ``count`` numbers of ``kind``, separated by ``sign`` as ``name`` shows."""
        self.name, self._sign, self._count, self._kind = name, sign, count, kind

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the numbers of a text."""
        if not isinstance(value, str):
            return value
        try:
            numbers = tuple(self._kind(word) for word in value.split(self._sign))
        except ValueError:
            numbers = ()
        if len(numbers) != self._count or not all(math.isfinite(number) for number in numbers):
            self.fail(f"'{value}' is not of the form {self.name}", param, ctx)
        return numbers


_PLACE = _Numbers("X,Y,Z", ",", 3, float)
_SPHERE = _Numbers("X,Y,Z,R", ",", 4, float)
_ANGLES = _Numbers("YAW,PITCH,ROLL", ",", 3, float)
_SIZE = _Numbers("WxH", "x", 2, int)


@cli.command()
@click.argument("scene", type=FilePath)
@click.argument("output", type=FilePath)
@click.option("--position", type=_PLACE, default="0,0,0", show_default=True, help="Where to stand: right, down, forward. [m]")
@click.option("--look-at", type=_PLACE, help="Where to look; by default ahead, in a video all around. [m]")
@click.option("--fov", type=float, default=75, show_default=True, help="Horizontal field of view. [degrees]")
@click.option("--size", type=_SIZE, help="Pixels; by default 1280x720, or 2048x1024 for a panorama.")
@click.option("--panorama", is_flag=True, help="Draw the whole sphere, as an equirectangular picture.")
@click.option("--depth", is_flag=True, help="Draw the distance along the ray: .npy in metres, 16-bit .png, or a coloured .jpg.")
@click.option("--classic", is_flag=True, help="Draw as the original 3DGS rasteriser does, not as web viewers do.")
@click.option("--seconds", type=float, default=10, show_default=True, help="Length of a video. [s, up to 3600]")
@click.option("--fps", type=float, default=24, show_default=True, help="Frames per second of a video. [1/s, up to 240]")
@click.option("--radius", type=float, default=0.3, show_default=True, help="How far the camera of a video moves sideways. [m]")
@click.option("--device", default="auto", show_default=True,
              help="cpu, or cuda, which needs gsplat; auto takes the best one available.")
@click.option("--quiet", "-q", is_flag=True, help="Show only errors.")
@in_words
def render(
    scene: Path, output: Path, position: "Point", look_at: "Point | None", fov: float,
    size: tuple[int, int] | None, radius: float, device: str, quiet: bool, **options: Any,
) -> None:
    """Draw the scene file SCENE as the picture OUTPUT (.png, .jpg, .webp), or as a video (.mp4).

    A video circles the position, so that near things move in front of far ones.
    """
    from spag4d.commands.console import Console
    from spag4d.commands.render import Shot, draw

    size = size or ((2048, 1024) if options["panorama"] else (1280, 720))
    shot = Shot(position_m=position, look_at_m=look_at, fov_deg=fov, size_wh=size, radius_m=radius, **options)
    with Console(quiet=quiet) as console:
        draw(scene, output, shot, device=device, progress=console.progress)
        console.say(str(output))


@cli.command()
@click.argument("scene", type=FilePath)
@click.option("--panorama", type=FilePath, help="The panorama that the scene was made from, to compare them.")
@click.option("--html", type=FilePath, help="Also write the card as a web page with pictures and plots, a single file.")
@click.option("--write", is_flag=True, help="Write the walking range into the PLY's comments, and into sequence.json.")
@click.option("--every", type=click.IntRange(1), default=1, show_default=True, help="For a folder: check only every Nth frame.")
@click.option("--json", "as_json", is_flag=True, help="Print the card as one line of JSON, or one per frame.")
@in_words
def check(scene: Path, panorama: Path | None, html: Path | None, write: bool, every: int, as_json: bool) -> None:
    """Report how far the scene SCENE can be trusted: a file from any tool, in any format that SPAG-4D reads.

    The report card shows what is in the file; whether it is valid and upright; how far you can walk from the capture point
    (the origin) in 14 directions before gaps open, surfaces look smeared or something is in the way; and, with --panorama,
    how closely the two match and whether the scene is turned or mirrored. The exit code is 0 whatever the result, and 2
    if there is no scene to read. If SCENE is the folder of a converted video, it reports the walking range of its frames.
    """
    if scene.is_dir() and (panorama or html):
        raise InputError("--panorama and --html apply to a single scene: name a frame in the folder.")

    from spag4d.commands.check import check_one, check_sequence
    from spag4d.commands.console import Console

    with Console() as console:
        if scene.is_dir():
            check_sequence(scene, console, every=every, write=write, as_json=as_json)
        else:
            check_one(scene, console, panorama=panorama, html=html, write=write, as_json=as_json)


@cli.command(epilog=_EXTENSIONS)
@click.argument("inputs", metavar="INPUT...", nargs=-1, required=True, type=FilePath)
@click.argument("output", type=FilePath)
@click.option("--min-opacity", type=click.FloatRange(0, 1), default=0, show_default=True,
              help="Leave out Gaussians less opaque than this.")
@click.option("--crop-sphere", "crop_sphere_m", type=_SPHERE,
              help="Keep what lies within the sphere of this centre and radius. [m]")
@click.option("--max-splats", type=click.IntRange(1),
              help="Keep the N Gaussians that cover the most as seen from the capture point.")
@click.option("--scale", type=float, default=1, show_default=True, help="Factor by which to enlarge the scene.")
@click.option("--rotate", "rotate_deg", type=_ANGLES, default="0,0,0", show_default=True,
              help="Turn the scene to the right, up, and right side down, as you would turn a camera. [degrees]")
@click.option("--translate", "translate_m", type=_PLACE, default="0,0,0", show_default=True,
              help="Move the scene: right, down, forward. [m]")
@click.option("--up", type=click.Choice(["-y", "y"]), default="-y", show_default=True,
              help="The axis that points up; y turns the scene by 180° about x. A .glb is always y up.")
@click.option("--quiet", "-q", is_flag=True, help="Show only errors.")
@in_words
def transform(inputs: tuple[Path, ...], output: Path, up: str, quiet: bool, **options: Any) -> None:
    """Convert, join, cut and move the scene files INPUT... and write them to OUTPUT.

    The format of each INPUT is recognised by its content, also inside a .gz or .zip. The extension of OUTPUT chooses what is
    written. Operations are applied in the order listed here.
    """
    from spag4d.commands import transform as transforming
    from spag4d.commands.console import Console

    change = transforming.Change(y_up=up == "y", **options)
    with Console(quiet=quiet) as console:
        path, count = transforming.transform(inputs, output, change, progress=console.progress)
        console.say(f"{path}: {count:,} Gaussians, {path.stat().st_size / 1e6:.1f} MB")


@cli.command()
@click.argument("scene", type=FilePath)
@click.option("--json", "as_json", is_flag=True, help="Print one line of JSON.")
@in_words
def info(scene: Path, as_json: bool) -> None:
    """Describe the scene file SCENE, from any tool: how many Gaussians, where, how large, how they are stored.

    To learn whether the scene is any good, use `spag4d check`.
    """
    from spag4d.commands.console import Console
    from spag4d.commands.info import describe

    with Console() as console:
        facts = describe(scene, progress=console.progress)
        console.say(facts.to_json() if as_json else facts.to_text())


@cli.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on; 0.0.0.0 lets other machines in.")
@click.option("--port", type=click.IntRange(0, 65535), show_default="7860, or the next free one",
              help="Port; 0 takes any free one.")
@click.option("--open", "open_page", is_flag=True, help="Open the page in a browser as soon as the server answers.")
@click.option("--name", "names", multiple=True, help="Another name for the server, such as a proxy's; repeatable.")
@click.option("--no-auth", is_flag=True, help="Do not ask other machines for a token.")
@click.option("--max-upload", type=click.FloatRange(1), default=4000, show_default=True, help="Largest file accepted. [MB]")
@click.option("--max-queue", type=click.IntRange(1), default=100, show_default=True, help="Most jobs that may wait.")
@click.option("--keep-days", type=click.FloatRange(0), default=90, show_default=True,
              help="How many days to keep scenes; 0 keeps them for ever.")
@in_words
def serve(
    host: str, port: int | None, open_page: bool, names: tuple[str, ...], no_auth: bool,
    max_upload: float, max_queue: int, keep_days: float,
) -> None:
    """Start the web page, by default at http://localhost:7860.

    Jobs and their files are kept in SPAG4D_HOME. Other machines are let in only with --host, or through a proxy with
    --name, and need the token that is printed; SPAG4D_TOKEN sets it.
    """
    from spag4d.web.server import Listening
    from spag4d.web.server import serve as run
    from spag4d.web.service import Limits

    run(Listening(host, port, names, no_auth, open_page), Limits(max_upload, max_queue, keep_days), say=click.echo)


@cli.command("download-models")
@click.option("--model", "models", multiple=True, type=click.Choice([*WEIGHTS, "all"]), help="Model to download; repeatable.")
@click.option("--list", "show_list", is_flag=True, help="List the models, with size and licence, and which are installed.")
@click.option("--verify", is_flag=True, help="Check the installed models, or the ones named: hash, size, every parameter, and "
              "the scale of a known room.")
@click.option("--accept-sharp-license", is_flag=True, help="Agree to the licence of sharp, which allows research only.")
@click.option("--quiet", "-q", is_flag=True, help="Show only errors.")
@in_words
def download_models(models: tuple[str, ...], show_list: bool, verify: bool, accept_sharp_license: bool, quiet: bool) -> None:
    """Download published depth models into the folder SPAG4D_HOME (default: the system's cache folder).

    An interrupted download continues where it stopped.
    """
    from spag4d.commands import download_models as models_here
    from spag4d.commands.console import Console

    if show_list:
        click.echo(models_here.listing())
        return
    names = list(WEIGHTS) if "all" in models else list(dict.fromkeys(models))
    if not names and not verify:
        raise InputError("name a model with --model, or list them with --list.")
    with Console(quiet=quiet) as console:
        if verify:
            failures = models_here.verify_all(names or models_here.installed(), console)
        else:
            consented = {"sharp"} if accept_sharp_license else set()
            failures = models_here.fetch_all(names, console, consented=consented, ask=_asked if sys.stdin.isatty() else None)
    if failures:
        raise SystemExit(failures[0].exit_code)


def _asked(question: str) -> bool:
    return click.confirm(question, err=True)


@cli.command("settings")
@click.option("--schema", is_flag=True, help="Print the JSON schema instead of the table.")
@in_words
def show_settings(schema: bool) -> None:
    """List every setting with its default, bounds and meaning."""
    click.echo(json.dumps(Settings.model_json_schema(), indent=2) if schema else markdown_table(), nl=schema)


def main() -> None:
    """Run the command line."""
    for stream in (sys.stdout, sys.stderr):  # a Windows pipe would refuse characters of file names
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")
    run(cli, "spag4d")


if __name__ == "__main__":
    main()
