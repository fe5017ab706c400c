"""Ray's workers for the scheduler: a station for each GPU, or for each two cores, of every node."""

import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ray
from ray.exceptions import RayError, RayTaskError
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from spag4d.cluster.hand import Hand, Job
from spag4d.cluster.schedule import News
from spag4d.cluster.station import Call, Greeting, Station
from spag4d.errors import InputError, ResourceError, reason
from spag4d.progress import Progress, Step
from spag4d.registry import load

CORES = 2
"""Cores of a worker on a processor: conversions gain little from more, and each takes memory of its own."""
_STAFF_EVERY_S = 2.0
"""How often the nodes are counted, which may come and go."""
_ASK_EVERY_S = 1.0
"""How often a busy worker is asked what it is doing."""
_PATIENCE_S = 3.0
"""Time for workers to stop by themselves, which clears away their half-written files."""
_ALONE_S = 300.0
"""How long to wait for a worker where there is none: starting a machine in a cloud takes minutes."""
_MOST_DEATHS = 3
"""A node on which so many workers died before they could greet is left out."""
_ACTOR: Any = ray.remote(concurrency_groups={"beside": 1})(Station)  # pyright: ignore[reportCallIssue]


@dataclass(frozen=True)
class Object:
    """What stations keep loaded: ``place(**settings)``; ``facts`` have to come out there as they do here."""

    place: str
    settings: dict[str, Any]
    facts: Call


class RayWorkers:
    """Workers on all nodes of the cluster that this process is connected to; new nodes get some, lost ones are forgotten."""

    def __init__(
        self, what: Object, job: Callable[[Any, Hand], Job], *, shared: Path, on_gpus: bool, must_see: bool = False,
        progress: Progress,
    ) -> None:
        """Let stations hold ``what``; a ``job`` does an item by a hand. ``shared`` is a file that workers with our paths see.

        ``on_gpus`` takes GPUs alone where the cluster has any: other devices round otherwise. Those that ``must_see`` the
        shared file and do not are left out.
        """
        self._what, self._job, self._on_gpus, self._must_see, self._progress = what, job, on_gpus, must_see, progress
        self._probe = shared, shared.read_text(encoding="utf-8")
        self._facts = load(what.facts.name)(**what.facts.arguments)
        self._hands: dict[str, Hand] = {}
        self._idle: dict[str, None] = {}
        self._awaited: dict[Any, tuple[Callable[[Hand, Any], None], Hand]] = {}
        self._news: list[News] = []
        self._deaths: Counter[str] = Counter()
        self._left_out: dict[str, str] = {}
        self._numbers: Counter[str] = Counter()
        self._staffed_s, self._seen_s = -_STAFF_EVERY_S, time.monotonic()

    @property
    def states(self) -> Mapping[str, str]:
        """What each worker is doing."""
        return {name: hand.step.stage for name, hand in self._hands.items() if hand.has_greeted}

    def idle(self) -> Sequence[str]:
        """Return the workers without an item."""
        return tuple(self._idle)

    def begin(self, worker: str, item: Any) -> None:
        """Let an idle worker begin an item."""
        del self._idle[worker]
        hand = self._hands[worker]
        hand.job = self._job(item, hand)
        self._go_on(hand, None)

    def wait(self, timeout_s: float) -> Sequence[News]:
        """Wait for news; raises `InputError` where no node can work, and `ResourceError` where none comes for long."""
        self._staff()
        self._ask()
        if self._awaited and not self._news:
            refs = list(self._awaited)
            first, _ = ray.wait(refs, timeout=timeout_s)
            for ref in ray.wait(refs, num_returns=len(refs), timeout=0)[0] if first else []:
                self._hear(ref)
        elif not self._news:
            time.sleep(timeout_s)
        news, self._news = self._news, []
        return news

    def _hear(self, ref: Any) -> None:
        hear, hand = self._awaited.pop(ref, (None, None))
        if hear is None or hand is None:  # of a worker that was lost a moment ago
            return
        try:
            hear(hand, ray.get(ref))
        except RayTaskError as error:
            self._end(hand, error=ResourceError(f"{hand.name}: {reason(error.cause or error)}"))
        except RayError as error:
            self._lose(hand, error)

    def _await(self, ref: Any, hear: Callable[[Hand, Any], None], hand: Hand) -> None:
        self._awaited[ref] = hear, hand

    def _go_on(self, hand: Hand, value: Any) -> None:
        """Send a value into a worker's job, and wait for what it asks for next."""
        assert hand.job is not None
        try:
            self._await(hand.job.send(value), self._go_on, hand)
        except StopIteration as ended:
            self._end(hand, value=ended.value)
        except Exception as error:
            self._end(hand, error=error)

    def _end(self, hand: Hand, *, value: Any = None, error: Exception | None = None) -> None:
        self._news.append(News(hand.name, value, error))
        hand.rest()
        self._idle[hand.name] = None

    def _lose(self, hand: Hand, error: Exception) -> None:
        for ref in [ref for ref, (_, other) in self._awaited.items() if other is hand]:
            del self._awaited[ref]
        del self._hands[hand.name]
        self._idle.pop(hand.name, None)
        if hand.job is not None:
            hand.rest()
            self._news.append(News(hand.name, is_lost=True))
        if not hand.has_greeted:
            self._deaths[hand.node] += 1
            if self._deaths[hand.node] >= _MOST_DEATHS:
                self._leave_out(hand, reason(error))

    def _leave_out(self, hand: Hand, why: str) -> None:
        if hand.node not in self._left_out:
            self._left_out[hand.node] = f"{hand.name.rpartition('/')[0]}: {why}"
            self._progress.warn(f"a node of the cluster is left out, {self._left_out[hand.node]}")

    def _staff(self) -> None:
        """Give every node its workers, as nodes come and go."""
        now = time.monotonic()
        if now - self._staffed_s < _STAFF_EVERY_S:
            return
        self._staffed_s = now
        nodes = [node for node in ray.nodes() if node["Alive"] and node["NodeID"] not in self._left_out]
        on_gpus = self._on_gpus and any(node["Resources"].get("GPU") for node in nodes)
        staff = Counter(hand.node for hand in self._hands.values())
        for node in nodes:
            count, needs = places(node["Resources"], on_gpus=on_gpus)
            for _ in range(count - staff[node["NodeID"]]):
                self._hire(node, needs)
        if self._hands:
            self._seen_s = now
        elif self._left_out:
            raise InputError(f"no node of the cluster can do this: {'; '.join(self._left_out.values())}.")
        elif now - self._seen_s > _ALONE_S:
            raise ResourceError("the cluster has had no node that could work for five minutes. Start some.")

    def _hire(self, node: Mapping[str, Any], needs: dict[str, int]) -> None:
        host = node["NodeManagerHostname"]
        self._numbers[host] += 1
        there = NodeAffinitySchedulingStrategy(node["NodeID"], soft=False)
        actor = _ACTOR.options(scheduling_strategy=there, **needs).remote()
        hand = self._hands[f"{host}/{self._numbers[host]}"] = Hand(f"{host}/{self._numbers[host]}", node["NodeID"], actor)
        what = self._what
        self._await(actor.greet.remote(what.place, what.settings, what.facts, *self._probe), self._greeted, hand)

    def _greeted(self, hand: Hand, greeting: Greeting) -> None:
        why = None if greeting.error is None else reason(greeting.error)
        if why is None and greeting.facts != self._facts:
            why = f"there it would be made with {greeting.facts}, and here with {self._facts}"
        if why is None and self._must_see and not greeting.sees:
            why = f"it does not see the folder {self._probe[0].parent}"
        if why is not None:
            self._leave_out(hand, why)
            ray.kill(hand.actor)
            del self._hands[hand.name]
            return
        hand.has_greeted, hand.sees_paths = True, greeting.sees
        self._idle[hand.name] = None

    def _ask(self) -> None:
        """Ask the busy workers from time to time what they are doing."""
        now = time.monotonic()
        for hand in self._hands.values():
            if hand.job is not None and now - hand.asked_s >= _ASK_EVERY_S:
                hand.asked_s = float("inf")  # until it has answered
                self._await(hand.actor.state.remote(), _told, hand)

    def close(self) -> None:
        """Ask the workers to stop, and end them."""
        busy = [ref for ref, (hear, _) in self._awaited.items() if hear == self._go_on]
        for hand in self._hands.values():
            hand.actor.stop.remote()
        if busy:
            ray.wait(busy, num_returns=len(busy), timeout=_PATIENCE_S)
        for hand in self._hands.values():
            hand.rest()
            ray.kill(hand.actor)


def _told(hand: Hand, step: Step) -> None:
    hand.step, hand.asked_s = step, time.monotonic()


def places(resources: Mapping[str, float], *, on_gpus: bool) -> tuple[int, dict[str, int]]:
    """Return how many workers a node takes, and what each needs."""
    cores = int(resources.get("CPU", 0))
    if on_gpus:
        gpus = int(resources.get("GPU", 0))
        return gpus, {"num_gpus": 1, "num_cpus": cores // max(gpus, 1)}
    return (max(1, cores // CORES) if cores else 0), {"num_cpus": min(cores, CORES)}
