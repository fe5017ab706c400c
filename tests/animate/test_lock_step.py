"""Calls that meet at every step: in order of the calls, one at a time, and none waits for one that failed."""

import threading
import time

import pytest

from spag4d.animate.lock_step import LockStep


def test_all_meet_at_every_step_and_one_runs_at_a_time() -> None:
    heard: list[list[int]] = []
    running = threading.Semaphore(1)

    def sums(brought: list[int]) -> list[int]:
        heard.append(list(brought))
        return [sum(brought) + number for number in range(len(brought))]

    steps = LockStep(3, sums)

    def call(number: int) -> int:
        value = number
        for _ in range(3):
            assert running.acquire(blocking=False)
            time.sleep(0.001)
            running.release()
            value = steps.meet(number, value)
        return value

    assert steps.run([lambda number=number: call(number) for number in range(3)]) == [39, 40, 41]
    assert heard == [[0, 1, 2], [3, 4, 5], [12, 13, 14]]


@pytest.mark.parametrize("where", ["call", "together"])
def test_a_failure_ends_all(where: str) -> None:
    def together(brought: list[int]) -> list[int]:
        if where == "together":
            raise ValueError("as it must")
        return brought

    steps, went_on = LockStep(3, together), []

    def call(number: int) -> None:
        if number == 1 and where == "call":
            raise ValueError("as it must")
        steps.meet(number, number)
        went_on.append(number)

    with pytest.raises(ValueError, match="as it must"):
        steps.run([lambda number=number: call(number) for number in range(3)])
    assert went_on == []
