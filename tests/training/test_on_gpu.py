import json
import time
from pathlib import Path

import pytest
import torch

from spag4d.networks.builtin import load_builtin
from training.dataset import Pool
from training.export import export
from training.generator import Sample
from training.on_gpu import Report, check, main, wait_for
from training.train import Trainer


def room() -> Sample:
    shape = (256, 512)
    nowhere = torch.zeros(shape, dtype=torch.bool)
    return Sample(torch.rand(*shape, 3), torch.full(shape, 2.0), nowhere, ~nowhere, "indoor")


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a CUDA device")
def test_without_a_gpu_it_ends_in_words(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match="sees no CUDA device.*--device cpu"):
        main([str(tmp_path)])


def test_the_device_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    check("cpu")
    assert json.loads(capsys.readouterr().out)["device"] == "cpu"


def test_a_report_holds_weights_that_join_and_figures(tmp_path: Path) -> None:
    trainer = Trainer(lr=1e-3)
    Report(tmp_path, trainer, [room()], time.monotonic())()
    line = json.loads((tmp_path / "figures.jsonl").read_text())
    assert line["scenes"] == 1 and line["steps"] == 0 and 0 < line["abs_rel_unscaled"] < 10
    assert line["sky_iou"] is None or 0 <= line["sky_iou"] <= 1
    parts = [tmp_path / "context.safetensors", tmp_path / "detail.safetensors"]
    assert max(part.stat().st_size for part in parts) < 16e6
    network = load_builtin(tmp_path / "whole.safetensors", export(parts, tmp_path / "whole.safetensors"))
    for name, value in trainer.average.weights.items():
        torch.testing.assert_close(network.state_dict()[name], value, rtol=1e-3, atol=1e-5)


def test_a_pool_that_does_not_fill_ends_in_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("training.on_gpu._FIRST_WAIT_S", 0.0)
    with pytest.raises(SystemExit, match="only 0 samples"):
        wait_for(Pool(tmp_path), 2)
