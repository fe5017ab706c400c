import re
from pathlib import Path

import pytest

from spag4d import errors
from spag4d.errors import either, reason

KINDS = [kind for kind in vars(errors).values() if isinstance(kind, type) and kind.__module__ == errors.__name__]


def test_choices_and_reasons_are_parts_of_a_sentence() -> None:
    assert either(["a"]) == "a" and either(["a", "b"]) == "a or b" and either(iter("abc")) == "a, b or c"
    assert reason(OSError("set it by an\n environment variable.")) == "set it by an environment variable"
    assert reason(KeyError()) == "KeyError"
    assert len(reason(ValueError("x" * 5000))) < 310


def test_no_sentence_ends_in_two_full_stops() -> None:
    """What another error says may have its own: within a sentence it is quoted by its `reason`."""
    sources = Path(errors.__file__).parent.rglob("*.py")
    assert not [source.name for source in sources if re.search(r"\{error\}[.,;)]", source.read_text("utf-8"))]


@pytest.mark.parametrize(("said", "shown"), [
    ("no stop", "no stop."), ("one.", "one."), ("two..", "two."), ("did you mean 'stride'?", "did you mean 'stride'?"),
    ("it ended (with 9.)", "it ended (with 9.)"), ("", "")])
def test_a_message_ends_in_one_full_stop(said: str, shown: str) -> None:
    assert str(errors.InputError(said)) == shown


@pytest.mark.parametrize("kind", KINDS)
def test_the_table_in_the_docstring_is_the_truth(kind: type[errors.Spag4dError]) -> None:
    drawn = str(errors.__doc__).replace("├──", "").replace("└──", "").replace("│", "Spag4dError")
    rows = [line.split()[:3] for line in drawn.splitlines()]
    assert [kind.__name__, str(kind.exit_code), str(kind.http_status)] in rows


def test_all_errors_have_one_root() -> None:
    assert all(issubclass(kind, errors.Spag4dError) for kind in KINDS)
    assert len({kind.exit_code for kind in KINDS}) == len(KINDS)
