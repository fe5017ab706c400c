"""``spag4d convert``: a panorama, or a folder of them."""

from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from spag4d.commands.endings import in_words
from spag4d.commands.options import EXTENSIONS, FilePath, cluster_option, given, settings_options
from spag4d.errors import InputError, Spag4dError

if TYPE_CHECKING:
    from spag4d.commands.console import Console
    from spag4d.core import SPAG4D


@click.command(epilog=EXTENSIONS)
@click.argument("input", type=FilePath)
@click.argument("output", type=FilePath)
@settings_options(video=False)
@click.option("--depth-map", type=FilePath, help="Your own depth instead of a model: npy, npz, 16-bit PNG, TIFF, EXR or PFM; "
              "metres along the ray, any 2:1 size, zero or infinity for sky.")
@click.option("--save-depth", type=FilePath, help="Also write the depth that was used: .npy, 16-bit .png, or a coloured .jpg.")
@click.option("--export-html", type=FilePath, help="Also write a web page (.html), a single file with scene and viewer.")
@click.option("--mesh", type=FilePath, help="Also write the surfaces as triangles, for other programs: .glb or .ply.")
@click.option("--batch", is_flag=True, help="INPUT and OUTPUT are folders: convert every panorama in INPUT.")
@click.option("--recursive", is_flag=True, help="With --batch: include subfolders.")
@click.option("--overwrite", is_flag=True, help="With --batch: convert again even if the scene is newer than its picture.")
@click.option("--shard", "share", metavar="I/N", help="With --batch: convert only share I of N, from 1/N to N/N. For farms.")
@click.option("--claim", is_flag=True, help="With --batch: take only what no other run is at; start as many as you like.")
@cluster_option("With --batch: let the workers of a Ray cluster convert")
@click.option("--quiet", "-q", is_flag=True, help="Show only errors.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as one line of JSON per panorama.")
@in_words
def convert(
    input: Path, output: Path, depth_map: Path | None, save_depth: Path | None,
    quiet: bool, as_json: bool, **settings: Any,
) -> None:
    """Convert the panorama INPUT into the scene OUTPUT.

    The extension of OUTPUT chooses the format. An INPUT of - reads standard input.
    """
    beside: dict[str, Path | None] = {name: settings.pop(name) for name in ("export_html", "mesh")}
    batch: bool = settings.pop("batch")
    of_batch = {name: settings.pop(name) for name in ("recursive", "overwrite", "share", "claim", "cluster")}
    if batch and (depth_map or save_depth or any(beside.values())):
        raise InputError("--depth-map, --save-depth, --export-html and --mesh apply to a single panorama: convert it without "
                         "--batch.")
    if not batch and any(of_batch.values()):
        raise InputError("--recursive, --overwrite, --shard, --claim and --cluster need --batch.")
    if not batch and input.is_dir():
        raise InputError(f"{input} is a folder. Name a picture in it, or convert all of them with --batch.")

    from spag4d.commands.console import Console
    from spag4d.commands.questions import offer_model
    from spag4d.contradictions import check_combination
    from spag4d.core import SPAG4D
    from spag4d.io.standard_input import kept

    converter = SPAG4D(**given(settings))
    check_combination(converter.settings, given_depth=depth_map is not None)
    with Console(quiet=quiet, as_json=as_json) as console:
        if not (batch or quiet or as_json or depth_map) and input.is_file():
            offer_model(converter, console)
        if batch:
            _convert_folder(converter, input, output, console, **of_batch)
        else:
            with kept(input) as source:
                console.result(converter.convert(
                    source, output, depth_map=depth_map, save_depth=save_depth, **beside, progress=console.progress))


def _convert_folder(
    converter: "SPAG4D", source: Path, target: Path, console: "Console", *, recursive: bool, overwrite: bool,
    share: str | None, claim: bool, cluster: str | None,
) -> None:
    from spag4d.batch import Item

    def titled(number: int, count: int, item: Item) -> None:
        console.title = f"{number}/{count} {item.source.name}: "

    outcomes = converter.convert_folder(
        source, target, recursive=recursive, overwrite=overwrite, share=share, claim=claim, cluster=cluster, on_item=titled,
        progress=console.progress)
    count, failures = 0, []
    with closing(outcomes):
        for outcome in outcomes:
            console.outcome(outcome)
            count += 1
            failures += [outcome] if outcome.error is not None else []
    if failures:
        lines = "\n".join(f"  {failure.item.source}: {failure.error}" for failure in failures)
        raise Spag4dError(f"{len(failures)} of {count} panoramas failed:\n{lines}")
