"""A stage has a name, and a name has a share of the progress bar."""

import re
from pathlib import Path

import pytest

from spag4d.conversion import FRAMES, STAGES, Run
from spag4d.progress import SILENT
from spag4d.settings import Settings
from spag4d.web.estimate import Estimate

PACKAGE = Path(__file__).parents[1] / "spag4d"


def test_every_stage_that_the_code_names_has_a_share_and_the_other_way_round() -> None:
    code = "\n".join(path.read_text(encoding="utf-8") for path in PACKAGE.rglob("*.py"))
    named = set(re.findall(r"run\.stage\(\"([^\"]+)\"\)", code))
    placed = {name for name, stage in STAGES.items() if stage.place}
    assert named | placed == set(STAGES) and not named & placed
    calls = len(re.findall(r"\.stage\(", code)) - len(re.findall(r"run\.stage\(name\)", code))
    assert calls == len(re.findall(r"run\.stage\(\"", code)), "names are written out"
    assert all(stage.seconds > 0 for stage in STAGES.values())


def test_a_stage_without_a_share_is_not_begun() -> None:
    run = Run(Settings(), SILENT)
    with pytest.raises(AssertionError, match="Dreaming"), run.stage("Dreaming"):
        pass
    with run.stage("Caps"):
        pass
    assert list(run.stage_times) == ["Caps"]


@pytest.mark.parametrize("rare", ["Caps", "Steadying", "Writing page", "Detail"])
def test_a_rare_stage_moves_the_bar_by_its_share(rare: str) -> None:
    estimate = Estimate(Settings().model_dump(), {})
    reached = [estimate.step(stage, done, 1)[0] for stage in STAGES if stage in (rare, "Depth", "Writing") for done in (0, 1)]
    assert reached == sorted(reached) and FRAMES not in STAGES
    at = [stage for stage in STAGES if stage in (rare, "Depth", "Writing")].index(rare)
    whole = sum(stage.seconds for stage in STAGES.values())
    assert 0 <= reached[2 * at + 1] - reached[2 * at] < 2 * STAGES[rare].seconds / whole * 4
