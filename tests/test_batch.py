from collections.abc import Callable
from pathlib import Path

import pytest

from spag4d import batch
from spag4d.batch import Item, Outcome, convert_items
from spag4d.cluster import claims as module
from spag4d.cluster.claims import Claims, claim_path
from spag4d.conversion import ConversionResult
from spag4d.progress import SILENT, Event, Progress
from spag4d.settings import Settings


class Converted:
    """Writes what a conversion would, and counts it."""

    def __init__(self, during: Callable[[Path], None] = lambda target: None) -> None:
        self.names: list[str] = []
        self.during = during

    def __call__(self, source: Path, target: Path, *, progress: Progress) -> ConversionResult:
        self.names.append(source.name)
        self.during(target)
        target.write_bytes(source.read_bytes())
        return ConversionResult((target,), 1, 1, 0.0, {}, None, "", "", None, "", {}, "cpu", ())


@pytest.fixture
def items(tmp_path: Path) -> list[Item]:
    for name in "abcd":
        (tmp_path / f"{name}.jpg").write_text(name)
    return [Item(tmp_path / f"{name}.jpg", tmp_path / "out" / f"{name}.ply") for name in "abcd"]


def run(convert: Converted, items: list[Item], progress: Progress = SILENT) -> list[Outcome]:
    return list(convert_items(convert, items, Settings(), claims=Claims(), progress=lambda number, item: progress))


def test_runs_that_claim_do_everything_once(items: list[Item]) -> None:
    second = Converted()

    def other_run(target: Path) -> None:
        if target.name == "b.ply":  # a second run begins and ends while this one is at b, and does not wait for it
            for item in items[2:]:
                batch.convert_item(second, item, Settings(), claims=Claims())
            assert batch.convert_item(second, items[1], Settings(), claims=Claims()) is None

    first = Converted(other_run)
    outcomes = run(first, items)
    assert first.names == ["a.jpg", "b.jpg"] and second.names == ["c.jpg", "d.jpg"]
    assert [bool(outcome.result) for outcome in outcomes] == [True, True, False, False]
    assert sorted(path.name for path in items[0].target.parent.iterdir()) == ["a.ply", "b.ply", "c.ply", "d.ply"]


def test_a_run_waits_for_others_and_does_what_they_leave(items: list[Item], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batch.time, "sleep", lambda seconds: None)
    monkeypatch.setattr(module, "STALE_S", 0.0)
    items[1].target.parent.mkdir()
    claim_path(items[1].target).write_text("a run that died over writing this")
    events: list[Event] = []
    convert = Converted()
    outcomes = run(convert, items, Progress(on_event=events.append))
    assert convert.names == ["a.jpg", "c.jpg", "d.jpg", "b.jpg"] and len(outcomes) == 4


def test_while_a_run_waits_it_says_so_and_can_be_stopped(items: list[Item], monkeypatch: pytest.MonkeyPatch) -> None:
    events: list[Event] = []

    def one_look(seconds: float) -> None:
        assert [getattr(event, "stage", "") for event in events] == [batch.WAITING]
        raise KeyboardInterrupt

    monkeypatch.setattr(batch.time, "sleep", one_look)
    with Claims().claimed(items[0].target.parent.parent / "nothing"), pytest.raises(KeyboardInterrupt):
        items[1].target.parent.mkdir()
        for item in items[1:]:
            claim_path(item.target).write_text("held")
        run(Converted(), items, Progress(on_event=events.append))


def test_an_item_that_fails_is_an_outcome_and_its_claim_ends(items: list[Item]) -> None:
    def fail(target: Path) -> None:
        if target.name == "b.ply":
            raise ValueError("bad picture")

    outcomes = run(Converted(fail), items)
    assert [str(outcome.error) for outcome in outcomes if outcome.error] == ["bad picture"]
    assert not list(items[0].target.parent.glob(".*"))
