"""``spag4d download-models``: fetch, list and verify published models."""

import sys

import click

from spag4d.commands.endings import in_words
from spag4d.errors import InputError
from spag4d.models.weights import WEIGHTS


@click.command("download-models")
@click.option("--model", "models", multiple=True, type=click.Choice([*WEIGHTS, "all"]), help="Model to download; repeatable.")
@click.option("--list", "show_list", is_flag=True, help="List the models, with size and licence, and which are installed.")
@click.option("--verify", is_flag=True, help="Check the installed models, or the ones named: hash, size, every parameter, and "
              "the scale of a known room.")
@click.option("--accept-sharp-license", is_flag=True, help="Agree to the licence of sharp, which allows research only.")
@click.option("--quiet", "-q", is_flag=True, help="Show only errors.")
@in_words
def download_models(models: tuple[str, ...], show_list: bool, verify: bool, accept_sharp_license: bool, quiet: bool) -> None:
    """Download published depth models into the folder SPAG4D_HOME (default: the system's cache folder).

<<<<<<< HEAD
    An interrupted download continues where it stopped.
=======

def listing() -> str:
    """Return the table of all published models."""
    lines = [_COLUMNS.format("model", "installed", "size", "for sale", "good for; licence")]
    lines += [
        _COLUMNS.format(name, "yes" if is_installed(name) else "no", readable(weights.size), weights.commercial,
                        f"{weights.good_for}; {weights.licence}")
        for name, weights in WEIGHTS.items()]
    return "\n".join([*lines, "", f"Models are kept in {home_folder()}. `for sale`: whether results may be sold."])


def fetch_all(
    names: Sequence[str], console: Console, *, consented: Collection[str] = (), ask: Callable[[str], bool] | None = None
) -> list[Spag4dError]:
    """Fetch the weights ``names`` and return what failed.

    ``consented``, or a yes to ``ask``, agrees to a licence that needs consent.
>>>>>>> 267d77c (Docstrings of io, models, clips, photos, formats, commands and the top of the package in plain English; the help of serve names its address again)
    """
    from spag4d.commands import fetch_models
    from spag4d.commands.console import Console
    from spag4d.commands.questions import ask

    if show_list:
        click.echo(fetch_models.listing())
        return
    names = list(WEIGHTS) if "all" in models else list(dict.fromkeys(models))
    if not names and not verify:
        raise InputError("name a model with --model, or list them with --list.")
    with Console(quiet=quiet) as console:
        if verify:
            failures = fetch_models.verify_all(names or fetch_models.installed(), console)
        else:
            consented = {"sharp"} if accept_sharp_license else set()
            failures = fetch_models.fetch_all(names, console, consented=consented, ask=ask if sys.stdin.isatty() else None)
    if failures:
        raise SystemExit(failures[0].exit_code)
