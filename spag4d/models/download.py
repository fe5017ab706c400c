"""Fetching published checkpoints: from the hub into the folder of models, whole and checked, or not at all.

The hub's own library finds the file, its size and its sha256, and reads it in parts; so mirrors (HF_ENDPOINT), tokens, proxies
and offline mode work as its users know them. Its download function is not used: after a killed process it starts anew, and
where hf_xet is installed it hides its progress. Ranges over HTTP go on anywhere.
"""

import errno
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from spag4d.errors import InputError, ResourceError, WeightsError, reason
from spag4d.models.weights import (
    WEIGHTS,
    by_hand,
    check_file,
    has_consent,
    is_installed,
    models_folder,
    read_record,
    readable,
    sha256_of,
    unwritable,
    weights_file,
    weights_path,
    write_record,
)
from spag4d.progress import SILENT, Progress

_PART_BYTES = 8 << 20
"""Asked for at a time; as much is lost when a connection breaks."""
_SPARE_BYTES = 200_000_000
"""Left free on the disk: a system without any stops working."""


@dataclass(frozen=True)
class Remote:
    """A file on the hub: the commit it belongs to, its size in bytes, and its sha256 if the hub states one."""

    commit: str
    size: int
    sha256: str | None


def download(name: str, *, progress: Progress = SILENT) -> Path:
    """Download the weights ``name`` unless they are installed and complete, and return their file.

    Goes on where an earlier try ended, also one of a killed process; a file that was installed stays until a checked one
    replaces it. Raises `WeightsError` for any failure of the network or the hub, `ResourceError` for a full disk, `InputError`
    where the licence was not agreed to, and `Cancelled`.
    """
    if not has_consent(name):
        raise InputError(f"{name} has a licence that you must agree to first: {WEIGHTS[name].licence}, "
                         f"{WEIGHTS[name].consent}. To agree, pass --accept-{name}-license.")
    folder = models_folder(name)
    with _disk_in_words(name):
        folder.mkdir(parents=True, exist_ok=True)
        with _alone(folder / ".lock", progress):
            return _whole(name, progress) or _fetched(name, progress)


def _whole(name: str, progress: Progress) -> Path | None:
    """Return the installed file unless it is missing or the wrong one."""
    if not is_installed(name):
        return None
    read_record(name)
    try:
        return weights_path(name)
    except WeightsError as error:
        progress.warn(str(error))
        return None


@contextmanager
def _disk_in_words(name: str) -> Iterator[None]:
    folder = models_folder(name)
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise ResourceError(f"the disk is full: {name} is not complete yet. Free some space for {folder} and start again; "
                                "what has arrived is kept.") from error
        raise unwritable(folder, error) from error


@contextmanager
def _alone(path: Path, progress: Progress) -> Iterator[None]:
    """Hold a lock between processes; the second one reports that it waits."""
    from filelock import FileLock, Timeout

    lock = FileLock(path)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        progress.warn("another process is downloading the same weights; waiting for it")
        while not lock.is_locked:
            progress.report("Waiting", 0, 1)
            with suppress(Timeout):
                lock.acquire(timeout=0.5)
    try:
        yield
    finally:
        lock.release()


def _fetched(name: str, progress: Progress) -> Path:
    remote = _remote(name)
    part = models_folder(name) / f"{WEIGHTS[name].file}.{(remote.sha256 or remote.commit)[:16]}.part"
    if part.is_file() and part.stat().st_size > remote.size:
        part.unlink()
    _check_space(part, remote.size)
    _transfer(name, remote, part, progress)
    stage = f"Checking {name}"
    sha256 = sha256_of(part, lambda done: progress.report(stage, done, remote.size))
    try:
        if remote.sha256 not in (None, sha256):
            raise WeightsError(f"{name} arrived damaged: its sha256 is {sha256}, but the hub says {remote.sha256}. "
                               "Start again.")
        check_file(name, part, sha256)
    except WeightsError:
        part.unlink()
        raise
    part.replace(weights_file(name))
    write_record(name, commit=remote.commit, sha256=sha256)
    return weights_file(name)


def _remote(name: str) -> Remote:
    """Ask the hub about the file, at the commit that is pinned or was fetched before."""
    from huggingface_hub import HfApi

    weights = WEIGHTS[name]
    with _network_in_words(name):
        api = HfApi(endpoint=_endpoint(), library_name="spag4d")
        commit = api.model_info(weights.repository, revision=read_record(name).get("commit", weights.revision)).sha
        found = api.get_paths_info(weights.repository, weights.file, revision=commit)
        if not found:
            raise FileNotFoundError(f"{weights.repository} has no {weights.file} any more")
    file: Any = found[0]
    return Remote(str(commit), file.size, file.lfs.sha256 if file.lfs else None)


def _endpoint() -> str | None:
    return os.environ.get("HF_ENDPOINT")


def _check_space(part: Path, size: int) -> None:
    there = part.stat().st_size if part.is_file() else 0
    needed, free = size - there + _SPARE_BYTES, shutil.disk_usage(part.parent).free
    if free < needed:
        raise ResourceError(f"the disk of {part.parent} has {readable(free)} free, {readable(needed)} are needed. Free some "
                            "space, or set SPAG4D_HOME to a folder on another disk.")


def _transfer(name: str, remote: Remote, part: Path, progress: Progress) -> None:
    """Append the missing bytes to the file ``part``."""
    from huggingface_hub import HfFileSystem

    weights, stage = WEIGHTS[name], f"Fetching {name} ({readable(remote.size)})"
    with _network_in_words(name):
        hub = HfFileSystem(endpoint=_endpoint(), skip_instance_cache=True)
        path = f"{weights.repository}@{remote.commit}/{weights.file}"
        source: Any = hub.open(path, block_size=_PART_BYTES, cache_type="none")
    with source, part.open("ab") as target:
        done = target.tell()
        source.seek(done)
        while done < remote.size:
            progress.report(stage, done, remote.size)
            with _network_in_words(name):
                piece = source.read(min(_PART_BYTES, remote.size - done))
            if not piece:
                raise WeightsError(f"{name} ended after {done:,} of {remote.size:,} bytes. "
                                   "Start again; it will continue from there.")
            target.write(piece)
            target.flush()
            done += len(piece)
    progress.report(stage, done, remote.size)


@contextmanager
def _network_in_words(name: str) -> Iterator[None]:
    """Explain a failure of the network or the hub and what to do about it; every error in the block is theirs."""
    try:
        yield
    except Exception as error:
        raise WeightsError(f"{name} could not be fetched: {_hint(error)}{reason(error)}. {by_hand(name)}") from error


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
