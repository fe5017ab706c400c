"""Families of interchangeable parts: name → ``"module:attribute"``, or a record that has it, imported on first use.

A family's ``__init__.py`` holds one `Registry` of strings and imports nothing heavy, so that command line and web page can
list the choices without loading torch.
"""

import difflib
import importlib
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Protocol, TypeVar, runtime_checkable

from spag4d.errors import InputError


def nearest(name: str, known: Iterable[str]) -> str:
    """Return ``", did you mean 'x'?"`` for the known name most like ``name``, or an empty string."""
    matches = difflib.get_close_matches(name, list(known), n=1, cutoff=0.5)
    return f", did you mean '{matches[0]}'?" if matches else ""


@runtime_checkable
class Record(Protocol):
    """Facts about a part that do not need importing it; ``place`` is its ``"module:attribute"``."""

    @property
    def place(self) -> str:
        """Where the part lives."""
        ...


Part = TypeVar("Part", bound=str | Record)


class Registry(Mapping[str, Part]):
    """Names of the parts of one family, in the order in which menus show them."""

    def __init__(self, family: str, parts: Mapping[str, Part]) -> None:
        """``family`` is the noun for messages ("depth model"); ``parts`` maps names to ``"module:attribute"`` or records."""
        self.family = family
        self._parts = dict(parts)

    def __getitem__(self, name: str) -> Part:
        """Return where the part lives, or its record; raises `InputError` that lists the choices for an unknown name."""
        if name not in self._parts:
            choices = ", ".join(self._parts)
            hint = nearest(name, self._parts)
            raise InputError(f"unknown {self.family} '{name}'{hint} Choices: {choices}." if hint else
                             f"unknown {self.family} '{name}'. Choices: {choices}.")
        return self._parts[name]

    def __contains__(self, name: object) -> bool:
        """Return whether a part has that name."""
        return name in self._parts

    def __iter__(self) -> Iterator[str]:
        """Iterate over the names."""
        return iter(self._parts)

    def __len__(self) -> int:
        """Return how many parts there are."""
        return len(self._parts)

    def load(self, name: str) -> Any:
        """Import the part ``name`` and return it."""
        part = self[name]
        return load(part if isinstance(part, str) else part.place)


def load(place: str) -> Any:
    """Import what ``"module:attribute"`` names."""
    module, _, attribute = place.partition(":")
    return getattr(importlib.import_module(module), attribute)
