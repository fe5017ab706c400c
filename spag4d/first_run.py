"""The one question to a new user: whether to download a better depth model than the small built-in one."""

import os
import sys
from collections.abc import Callable
from pathlib import Path

from spag4d.depth import BUILTIN, best_available, best_published
from spag4d.models.weights import WEIGHTS, home_folder, readable
from spag4d.settings import AUTO, Settings

_ASKED = "asked-for-a-model.txt"
_SALE = {"yes": "results may be sold", "no": "results may not be sold", "unclear": "it is unclear whether results may be sold"}


def offered(*, commercial_ok: bool = False) -> str | None:
    """Return the name of the model to offer, or None if a better one is installed or the question was asked before."""
    if best_available(commercial_ok=commercial_ok) != BUILTIN or _record().exists():
        return None
    return best_published(commercial_ok=commercial_ok)


def sentence(name: str) -> str:
    """Return a sentence that describes the model ``name``, its size and its licence."""
    weights = WEIGHTS[name]
    return ("You can download a depth model that makes far better scenes than the small built-in one: "
            f"{weights.title}, {readable(weights.size)}, licence: {weights.licence}; {_SALE[weights.commercial]}.")


def remember_asked() -> bool:
    """Remember that the question was asked, and return whether that could be recorded."""
    try:
        home_folder().mkdir(parents=True, exist_ok=True)
        _record().write_text("You were asked whether to download a better depth model. Delete this file to be asked again.\n",
                             encoding="utf-8")
    except OSError:
        return False
    return True


def ask_once(settings: Settings, ask: Callable[[str], bool], fetch: Callable[[str], object]) -> None:
    """Ask whether to download a better model, unless one was chosen or it was asked before; on a yes, ``fetch`` it."""
    name = offered(commercial_ok=settings.commercial_ok)
    if settings.depth_model != AUTO or name is None or not someone_is_there() or not remember_asked():
        return
    if ask(f"{sentence(name)} Download it now?"):
        fetch(name)


def someone_is_there() -> bool:
    """Return whether a person sits at a terminal: questions appear on stderr and are answered on stdin."""
    return sys.stdin.isatty() and sys.stderr.isatty() and not os.environ.get("CI")


def _record() -> Path:
    return home_folder() / _ASKED
