"""Files from the model hub, in parts that survive an interruption, and what went wrong in words.

The hub's own library finds files, their size and their sha256, and reads them in parts; so mirrors (HF_ENDPOINT), tokens,
proxies and offline mode work as its users know them. Its download function is not used: after a killed process it starts anew,
and where hf_xet is installed it hides its progress. Ranges over HTTP go on anywhere.
"""

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from spag4d.errors import ResourceError, WeightsError, reason
from spag4d.models.weights import readable

_PART_BYTES = 8 << 20
"""Asked for at a time; as much is lost when a connection breaks."""
_SPARE_BYTES = 200_000_000
"""Left free on the disk: a system without any stops working."""


def endpoint() -> str | None:
    """Return the mirror of the hub that the user names."""
    return os.environ.get("HF_ENDPOINT")


def append_missing(
    source: str, size: int, part: Path, name: str, otherwise: str, on_bytes: Callable[[int], None]
) -> None:
    """Append to the file ``part`` what it lacks of a file of the hub, ``repository@commit/path``.

    ``on_bytes`` receives the number of bytes that are there; ``otherwise`` is what to do where ``name`` does not come.
    Raises `ResourceError` before the disk is full, and `WeightsError`.
    """
    from huggingface_hub import HfFileSystem

    _check_space(part, size)
    with network_in_words(name, otherwise):
        hub = HfFileSystem(endpoint=endpoint(), skip_instance_cache=True)
        file: Any = hub.open(source, block_size=_PART_BYTES, cache_type="none")
    with file, part.open("ab") as target:
        done = target.tell()
        file.seek(done)
        while done < size:
            on_bytes(done)
            with network_in_words(name, otherwise):
                piece = file.read(min(_PART_BYTES, size - done))
            if not piece:
                raise WeightsError(f"{name} ended after {done:,} of {size:,} bytes. Start again; it will continue from there.")
            target.write(piece)
            target.flush()
            done += len(piece)
    on_bytes(done)


def _check_space(part: Path, size: int) -> None:
    there = part.stat().st_size if part.is_file() else 0
    needed, free = size - there + _SPARE_BYTES, shutil.disk_usage(part.parent).free
    if free < needed:
        raise ResourceError(f"the disk of {part.parent} has {readable(free)} free, {readable(needed)} are needed. Free some "
                            "space, or set SPAG4D_HOME to a folder on another disk.")


@contextmanager
def network_in_words(name: str, otherwise: str) -> Iterator[None]:
    """Explain a failure of the network or the hub and what to do about it; every error in the block is theirs."""
    try:
        yield
    except Exception as error:
        raise WeightsError(f"{name} could not be fetched: {_hint(error)}{reason(error)}. {otherwise}") from error


def _hint(error: Exception) -> str:
    status = getattr(getattr(error, "response", None), "status_code", None)
    kind = type(error).__name__
    if "Offline" in kind:
        return "the hub is switched off by HF_HUB_OFFLINE; unset it. "
    if status in (401, 403) or "Gated" in kind:
        return "the hub refuses access; the model may have become private, or need a login (HF_TOKEN). "
    if status == 404 or isinstance(error, FileNotFoundError) or "NotFound" in kind:
        return "it is no longer on the hub, or the address HF_ENDPOINT is wrong. "
    if status is not None:
        return f"the hub answered {status}; try again later. "
    return "the network or the hub does not answer; check the connection and start again, it will continue where it stopped. "
