import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import torch

from spag4d import device
from spag4d.device import cpu_gains_from_bfloat16, explained_memory_errors, resolve_device, return_free_memory
from spag4d.errors import InputError, ResourceError


def machine(monkeypatch: pytest.MonkeyPatch, *, cuda: int = 0, mps: bool = False) -> None:
    monkeypatch.setattr(device, "version", lambda package: "2.13.0")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: cuda > 0)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: cuda)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: mps)


@pytest.mark.parametrize(("cuda", "mps", "best"), [(0, False, "cpu"), (2, False, "cuda"), (0, True, "mps"), (1, True, "cuda")])
def test_auto_takes_the_best_that_is_there(monkeypatch: pytest.MonkeyPatch, cuda: int, mps: bool, best: str) -> None:
    machine(monkeypatch, cuda=cuda, mps=mps)
    assert resolve_device("auto") == best
    assert resolve_device("cpu") == "cpu"


@pytest.mark.parametrize(("build", "platform", "best"), [
    ("2.13+cpu", "linux", "cpu"), ("2.13+cpu", "win32", "cpu"), ("2.13.0", "linux", "cuda"), ("2.13+cu126", "win32", "cuda"),
])
def test_a_pytorch_for_processors_is_not_asked(monkeypatch: pytest.MonkeyPatch, build: str, platform: str, best: str) -> None:
    machine(monkeypatch, cuda=1)
    monkeypatch.setattr(device, "version", lambda package: build)
    monkeypatch.setattr(device.sys, "platform", platform)
    assert resolve_device("auto") == best


def test_a_named_device_must_be_there(monkeypatch: pytest.MonkeyPatch) -> None:
    machine(monkeypatch, cuda=2)
    assert resolve_device("cuda:1") == "cuda:1"
    with pytest.raises(InputError, match="'cuda:2' is not there.*cuda, cuda:0, cuda:1, cpu"):
        resolve_device("cuda:2")
    with pytest.raises(InputError, match="'mps'"):
        resolve_device("mps")


@pytest.mark.parametrize("error", [
    MemoryError(), torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB"),
    RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 1 bytes"),
])
def test_running_out_of_memory_is_explained(error: Exception) -> None:
    with pytest.raises(ResourceError, match="--stride"), explained_memory_errors():
        raise error


def test_other_errors_pass_through() -> None:
    with pytest.raises(RuntimeError, match="shapes differ"), explained_memory_errors():
        raise RuntimeError("shapes differ")


def test_a_processor_that_multiplies_bfloat16_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    for found, gains in (({"avx512_bf16": True}, True), ({"amx_bf16": True}, True), ({"avx2": True}, False), ({}, False)):
        monkeypatch.setattr("torch.cpu.get_capabilities", lambda found=found: found, raising=False)
        assert cpu_gains_from_bfloat16() is gains
    monkeypatch.delattr("torch.cpu.get_capabilities")
    assert not cpu_gains_from_bfloat16()


@pytest.mark.skipif(sys.platform != "linux", reason="other systems' libraries return memory themselves")
def test_memory_that_threads_have_freed_goes_back_to_the_system() -> None:
    with ThreadPoolExecutor(4) as pool:  # blocks so small that they lie in the threads' own heaps
        blocks = list(pool.map(lambda _: [np.ones(8000, np.uint8) for _ in range(4000)], range(4)))
    before = resident_mb()
    kept = [some[::50] for some in blocks]  # a few in between, or the heaps would go at once
    del blocks
    return_free_memory()
    assert len(kept) == 4
    assert before - resident_mb() > 50


def resident_mb() -> float:
    status = Path("/proc/self/status").read_text()
    return int(status.split("VmRSS:")[1].split()[0]) / 1024
