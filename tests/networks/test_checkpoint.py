import os
import pickle
from pathlib import Path

import pytest
import torch

from benchmarks.synthetic_checkpoints import checkpoint, write_checkpoint
from spag4d.errors import WeightsError
from spag4d.networks.checkpoint import official, read_checkpoint
from spag4d.networks.da3 import load_da3
from spag4d.networks.panda import load_panda


class Malice:
    """What a pickle from a stranger may do."""

    def __reduce__(self) -> tuple:
        return os.mkdir, ("executed",)


@pytest.mark.parametrize("content", [b"", b"not a checkpoint", b"PK\x03\x04 a broken archive", b"<!DOCTYPE html>"], ids=repr)
@pytest.mark.parametrize("name", ["weights.pth", "weights.safetensors"])
def test_what_is_no_checkpoint_is_said_in_words(content: bytes, name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(WeightsError, match=f"{name}.*download-models"):
        read_checkpoint(path)


@pytest.mark.parametrize("name", ["panda", "da3"])
def test_a_file_that_ends_too_early_is_said_in_words(name: str, tmp_path: Path) -> None:
    path = write_checkpoint(name, tmp_path)
    path.write_bytes(path.read_bytes()[:-5000])
    with pytest.raises(WeightsError, match="damaged"):
        read_checkpoint(path)


def test_a_missing_file_is_said_in_words(tmp_path: Path) -> None:
    for name in ("none.pth", "none.safetensors"):
        with pytest.raises(WeightsError, match="No such file"):
            read_checkpoint(tmp_path / name)


def test_code_in_a_pickle_is_not_executed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    torch.save({"weight": Malice()}, "malice.pth")
    (tmp_path / "plain.pth").write_bytes(pickle.dumps({"weight": Malice()}))
    for name in ("malice.pth", "plain.pth"):
        with pytest.raises(WeightsError, match="not a checkpoint"):
            read_checkpoint(tmp_path / name)
    assert not (tmp_path / "executed").exists()


def test_something_else_than_named_tensors_is_refused(tmp_path: Path) -> None:
    torch.save([torch.zeros(1)], tmp_path / "list.pth")
    with pytest.raises(WeightsError, match="not weights but a list"):
        read_checkpoint(tmp_path / "list.pth")


def test_prefixes_go_and_unused_names_are_dropped_whole() -> None:
    held = {"module.core.a.b": torch.zeros(1), "module.epoch": 3, "module.core.epochs": torch.ones(1)}
    state = official(held, prefix=r"(module\.)?(core\.)?", dropped=["epoch"])
    assert list(state) == ["a.b", "epochs"]


def test_half_precision_files_become_single() -> None:
    state = official({"a": torch.ones(2, dtype=torch.float16), "b": torch.ones(2, dtype=torch.bfloat16)}, prefix="")
    assert {value.dtype for value in state.values()} == {torch.float32}


@pytest.mark.parametrize("name", ["panda", "da3"])
def test_the_tensors_of_the_file_are_used_themselves(name: str, tmp_path: Path) -> None:
    network = {"panda": load_panda, "da3": load_da3}[name](write_checkpoint(name, tmp_path))
    assert not network.training
    for parameter in network.parameters():
        assert not parameter.requires_grad and not parameter.is_meta and parameter.dtype == torch.float32


def test_a_transformer_of_another_depth_is_refused() -> None:
    from spag4d.networks.panda import panda_from

    shallow = {key: value for key, value in checkpoint("panda").items() if ".blocks.11." not in key}
    with pytest.raises(WeightsError, match="11 blocks of 64 channels; expected 12 or 24"):
        panda_from(shallow, "a file")
