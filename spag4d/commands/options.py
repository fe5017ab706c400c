"""Options that several commands share: an option for every setting, paths, numbers with a separator between them."""

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from spag4d.formats import FORMATS
from spag4d.settings import Declared, declared

FilePath = click.Path(path_type=Path)

EXTENSIONS = f"Extensions of OUTPUT: {', '.join(f'.{name}' for name in FORMATS)}."


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


def cluster_option(text: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Give a command the option ``--cluster``, with help that begins with ``text``."""
    return click.option("--cluster", metavar="auto|local|ray://HOST:PORT", help=(
        f"{text}: auto is the one that runs on this machine or that RAY_ADDRESS names, local this machine alone."))


def given(options: dict[str, Any]) -> dict[str, Any]:
    """Return the options that were given on the command line, without defaults."""
    context = click.get_current_context()
    return {name: value for name, value in options.items() if context.get_parameter_source(name) is not ParameterSource.DEFAULT}


class Numbers(click.ParamType):
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


PLACE = Numbers("X,Y,Z", ",", 3, float)
"""Metres: right, down, forward."""
