import json
import math
from pathlib import Path

import pytest
import torch

from spag4d.networks.builtin import load_builtin
from training.export import export
from training.train import Log, Trainer, rate


def batch() -> tuple[torch.Tensor, torch.Tensor]:
    torch.manual_seed(0)
    target = torch.rand(1, 256, 512)
    target[:, :60] = math.inf
    return torch.rand(1, 3, 256, 512), target


def test_the_rate_rises_stays_and_falls() -> None:
    assert rate(0, 0.0, 0.25) < 0.03
    assert rate(500, 0.5, 0.25) == 1.0
    assert rate(500, 0.875, 0.25) == pytest.approx(0.5)
    assert rate(500, 1.0, 0.25) == 0.0


@pytest.mark.parametrize("coarse", [True, False])
def test_steps_lower_the_loss(coarse: bool) -> None:
    trainer = Trainer(lr=5e-3)
    trainer.coarse = coarse
    rgb, target = batch()
    losses = [trainer.step(rgb, target, share=1.0)["loss"] for _ in range(4)]
    assert losses[-1] < 0.9 * losses[0]


def test_a_context_that_is_kept_does_not_change() -> None:
    trainer = Trainer(lr=1e-2)
    before = {name: value.clone() for name, value in trainer.network.state_dict().items()}
    trainer.keep_context()
    trainer.step(*batch(), share=1.0)
    changed = {name for name, value in trainer.network.state_dict().items() if not torch.equal(value, before[name])}
    assert changed and all(name.startswith("detail.") for name in changed)


def test_a_saved_trainer_goes_on_where_it_was(tmp_path: Path) -> None:
    first, second = Trainer(lr=1e-3, seed=1), Trainer(lr=1e-3, seed=2)
    rgb, target = batch()
    first.step(rgb, target, share=1.0)
    first.save(tmp_path / "last.pt")
    second.load(tmp_path / "last.pt")
    losses = [trainer.step(rgb, target, share=1.0)["loss"] for trainer in (first, second)]
    assert losses[0] == pytest.approx(losses[1], rel=1e-5)
    assert first.step_count == second.step_count == 2


def test_exported_weights_load_and_can_be_trained_further(tmp_path: Path) -> None:
    trainer = Trainer(lr=1e-3)
    trainer.save(tmp_path / "last.pt")
    sha256 = export([tmp_path / "last.pt"], tmp_path / "out.safetensors")
    network = load_builtin(tmp_path / "out.safetensors", sha256)
    again = Trainer(lr=1e-3, seed=9)
    again.load(tmp_path / "out.safetensors")
    for name, value in trainer.average.weights.items():
        torch.testing.assert_close(network.state_dict()[name], value, rtol=1e-3, atol=1e-5)
        torch.testing.assert_close(again.network.state_dict()[name], value, rtol=1e-3, atol=1e-5)


def test_the_log_holds_means(tmp_path: Path) -> None:
    log = Log(tmp_path / "log.jsonl", every=2)
    for step, loss in enumerate((1.0, 3.0, 5.0)):
        log.add(step, 0.5, {"loss": loss})
    assert [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()] == [
        {"step": 1, "minutes": 0.5, "loss": 2.0}
    ]
