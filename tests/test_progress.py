import pytest

from spag4d.errors import Cancelled
from spag4d.progress import Event, Notice, Progress, Step


def test_steps_of_parts_are_steps_of_the_whole() -> None:
    heard: list[Event] = []
    whole = Progress(heard.append)
    whole.part(0, 3).report("a", 1, 2)
    whole.part(2, 3).report("a", 2, 2)
    whole.part(1, 2).part(1, 2).report("b", 1, 5)
    whole.part(1, 2).warn("careful")
    assert heard == [Step("a", 1, 6), Step("a", 6, 6), Step("b", 16, 20), Notice("careful")]


def test_a_part_is_stopped_with_the_whole() -> None:
    with pytest.raises(Cancelled, match="a "):
        Progress(is_cancelled=lambda: True).part(0, 2).report("a", 0, 1)
