"""Worker processes on the machines of a Ray cluster, in place of those of the server's own machine."""

import queue
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any

import ray
from ray.exceptions import RayError
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from spag4d import __version__
from spag4d.cluster.connect import connected
from spag4d.cluster.ray_workers import places
from spag4d.errors import InputError, reason
from spag4d.on_cluster import shared_file
from spag4d.web.runner import Crew, ProcessWorker, Worker

_LISTEN_S = 1.0
"""How long an actor waits for its process to say something before it answers that it said nothing."""


class Relay:
    """An actor with a worker process of its own: hands on what goes in and what comes out."""

    def __init__(self) -> None:
        """Start the process."""
        self._process = ProcessWorker()
        self._said: queue.SimpleQueue[dict[str, Any] | None] = queue.SimpleQueue()
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        for message in self._process.messages():
            self._said.put(message)
        self._said.put(None)

    @ray.method(concurrency_group="in")
    def send(self, message: dict[str, Any]) -> None:
        """Send a message to the process."""
        self._process.send(**message)

    @ray.method(concurrency_group="out")
    def said(self) -> list[dict[str, Any] | None]:
        """Return what the process has said since, after a moment's wait; None where it has ended."""
        found = []
        with suppress(queue.Empty):
            found.append(self._said.get(timeout=_LISTEN_S))
            while True:
                found.append(self._said.get_nowait())
        return found

    def exit_code(self) -> int:
        """Return how the process ended."""
        return self._process.exit_code()


_ACTOR: Any = ray.remote(concurrency_groups={"in": 1, "out": 1})(Relay)  # pyright: ignore[reportCallIssue]


class RemoteWorker(Worker):
    """A worker process elsewhere; its machine ``is_lost`` where it no longer answers."""

    def __init__(self, needs: dict[str, int]) -> None:
        """Start it where Ray finds what it ``needs``."""
        super().__init__()
        self._actor = _ACTOR.options(scheduling_strategy="SPREAD", **needs).remote()
        self._has_ended = False

    def is_alive(self) -> bool:
        """Return whether it takes jobs, as far as is known."""
        return not self._has_ended

    def send(self, **message: Any) -> None:
        """Send a message to the process."""
        self._actor.send.remote(message)

    def messages(self) -> Iterator[dict[str, Any]]:
        """Yield what the process says, until it ends or its machine is lost."""
        while not self._has_ended:
            try:
                for message in ray.get(self._actor.said.remote()):
                    if message is None:
                        self._has_ended = True
                        return
                    yield message
            except RayError:
                self._has_ended = self.is_lost = True

    def exit_code(self) -> int:
        """Return how the process ended."""
        return ray.get(self._actor.exit_code.remote())

    def kill(self) -> None:
        """End the actor, and with it the process."""
        self._has_ended = True
        ray.kill(self._actor)


@contextmanager
def crew_of(cluster: str, folder: Path) -> Iterator[Crew]:
    """Be connected to a cluster, and yield its workers for the jobs in a folder, which all machines have to see.

    Raises `InputError` where there is no such cluster, or one of its machines cannot do the jobs.
    """
    with ExitStack() as stack:
        stack.enter_context(connected(cluster))
        _check_machines(stack.enter_context(shared_file(folder.absolute())))
        found = [node["Resources"] for node in ray.nodes() if node["Alive"]]
        on_gpus = any(resources.get("GPU") for resources in found)
        taken = [places(resources, on_gpus=on_gpus) for resources in found]
        count = sum(number for number, _ in taken)
        if not count:
            raise InputError(f"the cluster {cluster} has no free cores: start machines with `ray start`.")
        needs = min((needs for number, needs in taken if number), key=lambda needs: needs["num_cpus"])
        yield Crew(partial(RemoteWorker, needs), count)


def _check_machines(shared: Path) -> None:
    """Raise `InputError` for machines that do not see the jobs' folder, or have another version."""
    look: Any = ray.remote(num_cpus=0)(_looked)
    nodes = [node for node in ray.nodes() if node["Alive"]]
    asked = [look.options(scheduling_strategy=NodeAffinitySchedulingStrategy(node["NodeID"], soft=False)).remote(shared)
             for node in nodes]
    try:
        answers = ray.get(asked)
    except RayError as error:
        raise InputError(f"not every machine of the cluster has SPAG-4D: {reason(error)}.") from error
    for node, (token, version) in zip(nodes, answers, strict=True):
        host = node["NodeManagerHostname"]
        if version != __version__:
            raise InputError(f"{host} has SPAG-4D {version}, and this machine {__version__}. Install the same everywhere.")
        if token != shared.read_text(encoding="utf-8"):
            raise InputError(f"{host} does not see {shared.parent}, where the jobs are. Set SPAG4D_HOME to a folder that all "
                             "machines share.")


def _looked(shared: Path) -> tuple[str, str]:
    return shared.read_text(encoding="utf-8") if shared.is_file() else "", __version__
