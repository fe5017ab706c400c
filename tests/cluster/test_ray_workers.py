"""Batches on a real Ray cluster of several nodes."""

from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from spag4d import SPAG4D, batch_on_cluster, on_cluster
from spag4d.batch import Outcome
from spag4d.batch_on_cluster import PANORAMAS
from spag4d.cluster import hand
from spag4d.errors import Cancelled, InputError, ResourceError
from spag4d.progress import Event, Notice, Progress, Step
from tests.box_room import BoxRoom
from tests.cluster import simple_work

pytestmark = [pytest.mark.usefixtures("ray_cluster"), pytest.mark.filterwarnings("ignore")]

Folders = tuple[Path, Path]


@pytest.fixture
def folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Folders:
    """Return a folder of twelve files that simple workers copy, and one for what they make."""
    monkeypatch.setattr(on_cluster, "CONVERTER", "tests.cluster.simple_work:Work")
    monkeypatch.setattr(on_cluster, "FACTS", "tests.cluster.simple_work:facts")
    source = tmp_path / "photos"
    source.mkdir()
    for number in range(12):
        (source / f"{number:02d}.png").write_text(f"picture {number}")
    return source, tmp_path / "scenes"


def convert(folders: Folders, **options: Any) -> dict[str, Outcome]:
    outcomes = list(SPAG4D(device="cpu").convert_folder(*folders, cluster="auto", **options))
    assert len({outcome.item for outcome in outcomes}) == len(outcomes), "each of them once"
    return {outcome.item.source.name: outcome for outcome in outcomes}


def worked_on(folders: Folders) -> Counter[str]:
    return Counter(line.split()[0] for line in (folders[1] / "log").read_text().splitlines())


def made(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.name != "log"}


def test_all_workers_do_all_items_once_and_what_fails_three_times_is_listed(folders: Folders) -> None:
    for name, text in (("00", "first"), ("03", "bad"), ("08", "die")):
        (folders[0] / f"{name}.png").write_text(text)
    folders[1].mkdir()
    (folders[1] / "06.ply").write_text("made before")
    events: list[Event] = []
    outcomes = convert(folders, progress=Progress(on_event=events.append))
    assert len(outcomes) == 12
    errors = {name: type(outcome.error) for name, outcome in outcomes.items() if outcome.error}
    assert errors == {"03.png": InputError, "08.png": ResourceError}
    assert worked_on(folders) == {f"{number:02d}.png": 3 if number in (3, 8) else 1 for number in range(12) if number != 6}
    assert outcomes["06.png"].result is None and (folders[1] / "06.ply").read_text() == "made before"
    assert outcomes["04.png"].result is not None and outcomes["04.png"].result.output_paths == (folders[1] / "04.ply",)
    standings = [outcome.standing for outcome in outcomes.values()]
    assert [one["done"] for one in standings] == list(range(1, 13)) and standings[-1]["failed"] == 2
    assert {one["count"] for one in standings} == {12}
    workers = {one["worker"] for one in standings}
    assert len(workers) >= 2 and workers & standings[0]["workers"].keys()
    steps = [event for event in events if isinstance(event, Step)]
    assert {step.stage for step in steps} == {PANORAMAS} and steps[-1].total == 12
    warnings = {event.message for event in events if isinstance(event, Notice)}
    assert "04.png: a warning" in warnings


def test_files_travel_in_pieces_where_a_worker_does_not_see_them(folders: Folders, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hand, "PIECE", 4)
    monkeypatch.setattr(hand.Hand, "sees_paths", property(lambda self: False, lambda self, seen: None), raising=False)
    outcomes = convert(folders)
    assert all(outcome.result for outcome in outcomes.values())
    there = made(folders[1])
    assert there == {f"{number:02d}.ply": f"picture {number}".encode() for number in range(12)}


def test_a_batch_can_be_stopped_and_leaves_nothing_half_done(folders: Folders) -> None:
    (folders[0] / "05.png").write_text("slow")
    with pytest.raises(Cancelled):
        stop = Progress(is_cancelled=lambda: (folders[1] / "04.ply").exists())
        list(SPAG4D(device="cpu").convert_folder(*folders, cluster="auto", progress=stop))
    assert not list(folders[1].glob(".*"))


def test_nodes_that_would_make_something_else_are_left_out(folders: Folders, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(simple_work, "facts", lambda settings: "other work")
    events: list[Event] = []
    with pytest.raises(InputError, match="no node.*it would be made with simple work, and here with other work"):
        convert(folders, progress=Progress(on_event=events.append))
    assert any(isinstance(event, Notice) and "left out" in event.message for event in events)


def test_a_gpu_of_one_machine_means_nothing_on_a_cluster(folders: Folders) -> None:
    with pytest.raises(InputError, match="cuda:1"):
        list(batch_on_cluster.convert_items_on_cluster(
            "auto", [], folders[1], SPAG4D().settings.changed(device="cuda:1"), overwrite=False, progress=Progress()))


def test_a_node_that_is_killed_costs_nothing(
    ray_cluster: Any, box_room: BoxRoom, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, quick_depth: None
) -> None:
    """The last test here, as a node is gone after it. Real conversions: the files are those of one machine."""
    monkeypatch.setattr(on_cluster, "CONVERTER", "tests.cluster.quick_work:quick")
    source = tmp_path / "photos"
    source.mkdir()
    picture = Image.fromarray(np.round(box_room.panorama(32).rgb * 255).astype(np.uint8))
    for number in range(6):
        picture.rotate(number).save(source / f"{number:02d}.png")
    converter = SPAG4D(device="cpu", stride=8, format="splat")
    list(converter.convert_folder(source, tmp_path / "here"))
    names, killed = [], False
    for outcome in converter.convert_folder(source, tmp_path / "there", cluster="auto"):
        assert outcome.error is None, outcome.error
        names.append(outcome.item.source.name)
        if len(names) == 2 and not killed:
            killed = True
            ray_cluster.remove_node(next(iter(ray_cluster.worker_nodes)), allow_graceful=False)
    assert sorted(names) == [f"{number:02d}.png" for number in range(6)]
    here, there = made(tmp_path / "here"), made(tmp_path / "there")
    assert {name: data for name, data in there.items() if name.endswith(".splat")} == {
        name: data for name, data in here.items() if name.endswith(".splat")}
    assert there.keys() - here.keys() <= {name for name in there if name.startswith(".")}


