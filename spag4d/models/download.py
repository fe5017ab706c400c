"""Fetching published checkpoints: from the hub into the folder of models, whole and checked, or not at all.

What talks to the hub is `spag4d.models.hub`.
"""

import errno
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from spag4d.errors import InputError, ResourceError, WeightsError
from spag4d.models.hub import append_missing, endpoint, network_in_words
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
    weights = WEIGHTS[name]
    source = f"{weights.repository}@{remote.commit}/{weights.file}"
    stage = f"Fetching {name} ({readable(remote.size)})"
    append_missing(source, remote.size, part, name, by_hand(name), lambda done: progress.report(stage, done, remote.size))
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
    with network_in_words(name, by_hand(name)):
        api = HfApi(endpoint=endpoint(), library_name="spag4d")
        commit = api.model_info(weights.repository, revision=read_record(name).get("commit", weights.revision)).sha
        found = api.get_paths_info(weights.repository, weights.file, revision=commit)
        if not found:
            raise FileNotFoundError(f"{weights.repository} has no {weights.file} any more")
    file: Any = found[0]
    return Remote(str(commit), file.size, file.lfs.sha256 if file.lfs else None)
