"""A stage is one function and one line: it is called in its place, timed, and has a share of the bar."""

from pathlib import Path

import numpy as np
import pytest

from spag4d import SPAG4D
from spag4d.conversion import STAGES, Stage
from spag4d.progress import Event, Progress, Step
from spag4d.web.estimate import Estimate


@pytest.fixture()
def haze(monkeypatch: pytest.MonkeyPatch) -> None:
    stages = list(STAGES.items())
    stages.insert(list(STAGES).index("Poles"), ("Haze", Stage(3.0, place="tests.guests.haze:haze")))  # the one line
    for name in list(STAGES):
        monkeypatch.delitem(STAGES, name)
    for name, stage in stages:
        monkeypatch.setitem(STAGES, name, stage)


@pytest.mark.usefixtures("haze")
def test_a_guest_is_called_in_its_place(tmp_path: Path) -> None:
    heard: list[Event] = []
    depth = np.linspace(1, 40, 64 * 128, dtype=np.float32).reshape(64, 128)
    result = SPAG4D(stride=4, sky_threshold=0, use_guided_filter=False, fill_nadir=False).convert(
        np.full((64, 128, 3), 0.4, np.float32), tmp_path / "a.ply", depth_map=depth, progress=Progress(heard.append))
    assert result.depth_range is not None and result.depth_range[1] == pytest.approx(5)
    stages = list(dict.fromkeys(event.stage for event in heard if isinstance(event, Step)))
    assert stages.index("Edges") < stages.index("Haze") < stages.index("Gaussians") and "Haze" in result.stage_times


@pytest.mark.usefixtures("haze")
def test_the_bar_gives_a_guest_its_share() -> None:
    estimate = Estimate({}, {})
    before, during = estimate.step("Haze", 0, 1)[0], estimate.step("Haze", 1, 1)[0]
    assert 0 < during - before < 0.2
