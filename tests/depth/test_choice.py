"""Which depth model is taken, and which is refused."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from spag4d import SPAG4D, InputError, WeightsError
from spag4d.data import Panorama
from spag4d.depth import DEPTH_MODELS, best_available, best_published, check_available
from spag4d.models.weights import WEIGHTS
from spag4d.progress import Event, Notice, Progress
from spag4d.settings import Settings
from spag4d.stages import with_choices_made

PUBLISHED = [name for name in DEPTH_MODELS if name in WEIGHTS]


def remove(home: Path, names: list[str], patch: pytest.MonkeyPatch, folder: Path) -> None:
    """Make a home in which the named models are missing."""
    (folder / "models").mkdir()
    for name in PUBLISHED:
        if name not in names:
            (folder / "models" / name).symlink_to(home / "models" / name)
    patch.setenv("SPAG4D_HOME", str(folder))


def test_all_weights_but_those_of_sharp_are_a_depth_models() -> None:
    assert set(WEIGHTS) - {"sharp"} == set(PUBLISHED)


def test_no_two_models_have_one_rank_and_metres_can_always_be_had() -> None:
    ranks = [model.rank for model in DEPTH_MODELS.values() if model.rank is not None]
    assert len(set(ranks)) == len(ranks)
    assert any(model.lends_metres for name, model in DEPTH_MODELS.items() if name not in WEIGHTS)


def test_without_weights_it_is_the_builtin_one_and_a_better_one_has_a_name() -> None:
    for for_sale, better in ((False, "panda"), (True, "da3")):
        assert best_available(commercial_ok=for_sale) == "builtin"
        assert best_published(commercial_ok=for_sale) == better


@pytest.mark.parametrize(("settings", "given", "words"), [
    ({}, False, ["made with the small built-in depth model, and without SHARP"]),
    ({"commercial_ok": True}, False, ["made with the small built-in depth model"]),
    ({"depth_model": "builtin"}, False, ["made without SHARP, which refines the Gaussians"]),
    ({}, True, ["made without SHARP, which refines the Gaussians"]),
    ({"depth_model": "builtin", "sharp_refine": False}, False, []),
])
def test_what_is_missing_is_said_in_one_line(settings: dict[str, Any], given: bool, words: list[str]) -> None:
    seen: list[Event] = []
    chosen = with_choices_made(Settings.of(**settings), Progress(seen.append), given_depth=given)
    assert [event.message for event in seen if isinstance(event, Notice)] == words
    assert chosen.sharp_refine is False and (given or chosen.depth_model == "builtin")
    with_choices_made(chosen, Progress(seen.append), given_depth=given)
    assert len(seen) == len(words), "what is decided is not said again"


@pytest.mark.parametrize(("missing", "best"), [
    ([], "panda"), (["panda"], "dap"), (["panda", "dap"], "da3"), (["panda", "dap", "da3"], "da360"),
    (["panda", "dap", "da3", "da360"], "panda-small"),
])
def test_the_best_of_what_is_installed_is_taken_in_silence(
    missing: list[str], best: str, small_models: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    remove(small_models, missing, monkeypatch, tmp_path)
    assert best_available() == best


@pytest.mark.usefixtures("small_models")
def test_for_sale_only_what_its_licence_allows() -> None:
    assert best_available(commercial_ok=True) == "da3"
    for name in ("da3", "builtin"):
        check_available(name, commercial_ok=True)
    for name in set(PUBLISHED) - {"da3"}:
        check_available(name)
        with pytest.raises(InputError, match=rf"licence of {name} .*da3.* builtin"):
            check_available(name, commercial_ok=True)
        with pytest.raises(InputError, match="commercial-ok"):
            SPAG4D(depth_model=name, commercial_ok=True)


@pytest.mark.parametrize("name", PUBLISHED)
def test_a_model_that_is_not_installed_is_refused_before_any_work(name: str) -> None:
    with pytest.raises(WeightsError, match=f"download-models --model {name}(?s:.)*"):
        SPAG4D(depth_model=name)
    black = Panorama(np.zeros((16, 32, 3), np.float32))
    with pytest.raises(WeightsError, match=name):
        SPAG4D().to_gaussians(black, depth_model=name)


def test_settings_of_one_model_reach_that_model() -> None:
    settings = SPAG4D(da3_projection="icosahedral", dap_normalization="none").settings
    assert settings.of_model("da3") == {"projection": "icosahedral"}
    assert settings.of_model("dap") == {"normalization": "none"}
    assert settings.of_model("panda") == settings.of_model("builtin") == settings.of_model("da360") == {}
