"""Three choices that set the rest: how good, what for, how large. An answer is a few settings; the others keep defaults."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Answer:
    """One answer: its words, what it means, and the ``settings`` that it stands for; without any it is the default."""

    label: str
    help: str
    settings: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Choice:
    """A question with its answers. No two questions set the same setting, so that every combination of answers is one."""

    label: str
    answers: Sequence[Answer]

    @property
    def names(self) -> list[str]:
        """The settings that its answers set."""
        return sorted({name for answer in self.answers for name in answer.settings})


CHOICES = (
    Choice("Quality", (
        Answer("Quick", "A quarter of the detail: for a first try.", {"stride": 4}),
        Answer("Good", "As fine as a screen shows it."),
        Answer("Best", "Every pixel counts: four times as large.", {"stride": 1}),
    )),
    Choice("What for", (
        Answer("To look at", "Small for the web, exact for other programs."),
        Answer("Headset", "Very small, with more filled in behind things.",
               {"format": "spz,ply", "walk_range": 1.5}),
        Answer("To edit", "One exact file, without the layer behind gaps.",
               {"format": "ply", "backing": False}),
    )),
    Choice("Size", (
        Answer("Full", "As many Gaussians as the quality asks for."),
        Answer("Medium", "At most a million: for laptops and headsets.", {"max_splats": 1_000_000}),
        Answer("Small", "At most 300,000: for phones.", {"max_splats": 300_000}),
    )),
)


def choices_for_page() -> list[dict[str, Any]]:
    """Return the choices as JSON, each with the names of the settings that are its own."""
    return [{
        "label": choice.label, "names": choice.names,
        "answers": [{"label": one.label, "help": one.help, "settings": dict(one.settings)} for one in choice.answers],
    } for choice in CHOICES]
