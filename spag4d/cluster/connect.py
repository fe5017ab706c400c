"""Connecting to a Ray cluster: one that is there, or one on this machine alone."""

import logging
import os
import re
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from typing import Any

from spag4d.errors import InputError, reason

AUTO, LOCAL = "auto", "local"
CHOICES = "auto, local or ray://host:port"
_ADDRESS = re.compile(r"ray://[^/:]+:\d+")
_STORE_BYTES = 512 << 20
"""Ray's object store on this machine alone, where work and results travel as paths; Ray would take 30 % of the memory."""


def check_cluster(cluster: str) -> None:
    """Raise `InputError` for what names no cluster, and where Ray is not installed."""
    if cluster not in (AUTO, LOCAL) and not _ADDRESS.fullmatch(cluster):
        raise InputError(f"a cluster is {CHOICES}, got '{cluster}'.")
    needed = ("ray", "grpc") if cluster.startswith("ray://") else ("ray",)
    if any(find_spec(name) is None for name in needed):
        raise InputError("a cluster needs Ray, which is not installed: pip install 'spag4d[cluster]'.")


@contextmanager
def connected(cluster: str) -> Iterator[None]:
    """Be connected while the block lasts, on a connection that this process has already or on one of its own.

    Raises what `check_cluster` does, and `InputError` where there is no such cluster.
    """
    check_cluster(cluster)
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # Ray would report to its makers
    import ray

    if ray.is_initialized():
        yield
        return
    _connect(ray, cluster)
    _hush()
    try:
        yield
    finally:
        ray.shutdown()


def _connect(ray: Any, cluster: str) -> None:
    own = {"include_dashboard": False, "object_store_memory": _STORE_BYTES} if cluster == LOCAL else {}
    in_main = threading.current_thread() is threading.main_thread()
    handler = signal.getsignal(signal.SIGTERM)
    try:
        ray.init(address=cluster, log_to_driver=False, logging_level=logging.ERROR, **own)
    except (ConnectionError, RuntimeError, ValueError) as error:
        if cluster == AUTO:
            raise InputError("no Ray cluster runs on this machine, and RAY_ADDRESS names none. Start one with "
                             "`ray start --head`, or use --cluster local.") from error
        raise InputError(f"the Ray cluster {cluster} cannot be used: {reason(error)}.") from error
    finally:
        if in_main:
            signal.signal(signal.SIGTERM, handler)  # Ray puts its own in its place


def _hush() -> None:
    """Keep Ray from printing what it thinks of lost workers on standard output, which is for results."""
    from ray._private import worker

    if hasattr(worker, "print_to_stdstream"):  # of Ray's own parts, which may change
        worker.print_to_stdstream = lambda *message, **how: None
