"""Where networks run, and what happens when memory runs out: the only place that asks torch about devices."""

import ctypes
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version

from spag4d.errors import InputError, ResourceError


def resolve_device(name: str) -> str:
    """Turn "auto" into the best device that is there; raises `InputError` for a named device that is not."""
    if name == "cpu" or name == "auto" and _is_built_for_processors():
        return "cpu"
    import torch

    available = ["cpu"]
    if torch.backends.mps.is_available():
        available.insert(0, "mps")
    if torch.cuda.is_available():
        available[:0] = ["cuda", *(f"cuda:{index}" for index in range(torch.cuda.device_count()))]
    if name == "auto":
        return available[0]
    if name not in available:
        raise InputError(f"device '{name}' is not there. This machine and its PyTorch offer: {', '.join(available)}.")
    return name


def _is_built_for_processors() -> bool:
    """Return whether the PyTorch that is installed has code for no GPU; its version says so, and importing it takes seconds."""
    return sys.platform != "darwin" and version("torch").endswith("+cpu")


def all_gpus() -> list[str]:
    """Return the name of every CUDA device."""
    import torch

    return [f"cuda:{index}" for index in range(torch.cuda.device_count())]


@contextmanager
def half_precision(device: str) -> Iterator[None]:
    """Let matrix products run in bfloat16 where that is fast and close enough: on CUDA. Elsewhere nothing changes."""
    if not device.startswith("cuda"):
        yield
        return
    import torch

    with torch.autocast("cuda", torch.bfloat16):
        yield


def cpu_gains_from_bfloat16() -> bool:
    """Return whether this processor multiplies matrices of bfloat16 in hardware; old versions of PyTorch do not report it."""
    import torch

    found = getattr(torch.cpu, "get_capabilities", dict)()
    return any(found.get(name, False) for name in ("avx512_bf16", "amx_bf16"))


@contextmanager
def explained_memory_errors() -> Iterator[None]:
    """Turn any library's out-of-memory error into a `ResourceError` that names the setting to lower."""
    try:
        yield
    except Exception as error:
        if not is_out_of_memory(error):
            raise
        raise ResourceError("memory ran out. Raise --stride or use a smaller panorama; --device cpu avoids the GPU.") from error


def is_out_of_memory(error: Exception) -> bool:
    """Return whether this error, of any library, means that memory ran out."""
    text = str(error).lower()
    named = any(words in text for words in ("out of memory", "insufficient memory", "can't allocate memory"))
    return named or isinstance(error, MemoryError)


def return_free_memory() -> None:
    """Return to the system what was freed, where the C library keeps it: glibc holds 100 MB of threads that have ended."""
    if sys.platform == "linux":
        trim = getattr(ctypes.CDLL(None), "malloc_trim", None)  # not in every C library
        if trim is not None:
            trim(0)
