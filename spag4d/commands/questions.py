"""Questions on the terminal: whether to agree to a licence, and before a first conversion whether to fetch a better model."""

import click

from spag4d.commands.console import Console
from spag4d.core import SPAG4D
from spag4d.first_run import ask_once


def ask(question: str) -> bool:
    """Ask a question on stderr and return whether the answer is yes."""
    return click.confirm(question, err=True)


def offer_model(converter: SPAG4D, console: Console) -> None:
    """Offer a better depth model where none is installed and the question was not asked before."""

    def fetch(name: str) -> None:
        from spag4d.commands.fetch_models import fetch_all

        fetch_all([name], console)  # the console names a failure, and the built-in model takes over

    ask_once(converter.settings, ask, fetch)
