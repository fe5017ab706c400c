"""Every error that a user can cause or meet.

::

    Spag4dError                exit  HTTP
    │                             1   500   some panoramas of a batch failed
    ├── InputError                2   422   unreadable file, not a panorama, bad setting
    ├── WeightsError              3   503   missing, incomplete, wrong checksum, offline
    ├── ResourceError             4   507   out of memory or disk space; names the setting to lower
    └── Cancelled               130   499   the user asked to stop

A message says what is wrong, the value received and what to do next. Any other exception is a bug and keeps its traceback.
"""

import re
from collections.abc import Iterable


def either(names: Iterable[str]) -> str:
    """Return choices as a sentence names them: "a, b or c"."""
    *others, last = names
    return f"{', '.join(others)} or {last}" if others else last


def reason(error: BaseException) -> str:
    """Return an error's message as part of a sentence: on one line of bearable length, without a full stop, never empty."""
    text = " ".join(str(error).split()).rstrip(".") or type(error).__name__
    return text if len(text) <= _LONGEST_REASON else f"{text[:_LONGEST_REASON]}…"


class Spag4dError(Exception):
    """Root of all errors that are shown to the user as one line."""

    exit_code = 1
    http_status = 500

    def __str__(self) -> str:
        """Return the message with its full stop, and without control sequences that a quoted file may have brought along."""
        return printable(as_sentence(super().__str__()))


def as_sentence(text: str) -> str:
    """Return a text that ends in exactly one full stop, unless it ends in another sign; nothing stays nothing."""
    words = text.rstrip(". ")
    return f"{words}." if words and words[-1] not in "?!)…" else words


def printable(text: str) -> str:
    """Return a text in which control characters, except line ends and tabs, are written as escapes."""
    return _CONTROL.sub(lambda found: found[0].encode("unicode_escape").decode(), text)


_LONGEST_REASON = 300
"""Characters: some libraries quote all of what they cannot read."""
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


class InputError(Spag4dError):
    """The file, array or setting that was given cannot be used."""

    exit_code = 2
    http_status = 422


class WeightsError(Spag4dError):
    """A network's weights are missing, incomplete or not the expected ones."""

    exit_code = 3
    http_status = 503


class ResourceError(Spag4dError):
    """Memory or disk space ran out."""

    exit_code = 4
    http_status = 507


class Cancelled(Spag4dError):
    """The work was stopped on request."""

    exit_code = 130
    http_status = 499
