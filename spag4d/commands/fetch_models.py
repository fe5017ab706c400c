"""What ``spag4d download-models`` does: list, fetch, verify; one model that fails does not stop the others."""

from collections.abc import Callable, Collection, Sequence

from spag4d.commands.console import Console
from spag4d.commands.verify_models import verify
from spag4d.errors import Spag4dError
from spag4d.models.download import download
from spag4d.models.weights import WEIGHTS, has_consent, home_folder, is_installed, readable, record_consent

_COLUMNS = "{:<17} {:<10} {:>8}  {:<8} {}"


def installed() -> list[str]:
    """Return the names of the models whose weights are installed."""
    return [name for name in WEIGHTS if is_installed(name)]


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
    """Fetch the weights ``names`` and return the failed ones.

    ``consented``, or a yes to ``ask``, agrees to a licence that needs consent.
    """

    def fetch(name: str) -> None:
        there = is_installed(name)
        if not has_consent(name) and (name in consented or (ask is not None and ask(_question(name)))):
            record_consent(name)
        path = download(name, progress=console.progress)
        console.say(f"{name}: {'already installed' if there else 'installed'}, {path}")

    return _each(names, console, fetch)


def verify_all(names: Sequence[str], console: Console) -> list[Spag4dError]:
    """Verify the weights ``names``, report the findings, and return the failed ones."""
    if not names:
        console.say("No model is installed; `spag4d download-models --list` shows what is available.")

    def check(name: str) -> None:
        for line in verify(name, progress=console.progress):
            console.say(f"{name}: {line}")

    return _each(names, console, check)


def _each(names: Sequence[str], console: Console, action: Callable[[str], None]) -> list[Spag4dError]:
    failures = []
    for name in names:
        try:
            action(name)
        except Spag4dError as error:
            if error.exit_code == 130:
                raise
            console.error(error)
            failures.append(error)
    return failures


def _question(name: str) -> str:
    weights = WEIGHTS[name]
    return f"{weights.title} is under the {weights.licence} ({weights.consent}): {weights.good_for}. Do you agree to it?"
