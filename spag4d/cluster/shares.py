"""Which part of the work a run does, as farms say it on their command lines."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

from spag4d.errors import InputError

Item = TypeVar("Item")


@dataclass(frozen=True)
class Share:
    """Share ``number``, from 1, of ``count`` equal ones: every ``count``-th item, so that slow stretches are spread."""

    number: int
    count: int

    @staticmethod
    def of(text: str) -> "Share":
        """Return the share that a text such as "2/8" names; raises `InputError`."""
        found = re.fullmatch(r"(\d+)/(\d+)", text.strip())
        if found is None or not 1 <= int(found[1]) <= int(found[2]):
            raise InputError(f"a share is written as number/count, from 1/8 to 8/8, got '{text}'.")
        return Share(int(found[1]), int(found[2]))

    def part(self, items: Sequence[Item]) -> Sequence[Item]:
        """Return the items of this share, which may be none where there are few."""
        return items[self.number - 1 :: self.count]


def numbers_of(count: int, *, share: str | None = None, range_: str | None = None) -> list[int]:
    """Return which of ``count`` frames, numbered from 0, a ``share`` or a range such as "101-200", counted from 1, names.

    Raises `InputError` for what is neither, and for a range beyond the last frame.
    """
    numbers: Sequence[int] = range(count)
    if range_ is not None:
        found = re.fullmatch(r"(\d+)-(\d+)", range_.strip())
        if found is None or not 1 <= int(found[1]) <= int(found[2]) <= count:
            raise InputError(f"a range of this clip is written as first-last, within 1-{count}, got '{range_}'.")
        numbers = numbers[int(found[1]) - 1 : int(found[2])]
    return list(numbers if share is None else Share.of(share).part(numbers))
