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

    An interrupted download continues where it stopped.
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
