import json
import threading
from contextlib import ExitStack
from pathlib import Path

import pytest

from spag4d.cluster import claims as module
from spag4d.cluster.claims import STALE_S, Claims, claim_path
from spag4d.errors import ResourceError


class Clock:
    def __init__(self) -> None:
        self.now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


def leave_behind(target: Path, attempt: int = 1) -> None:
    """Leave the claim of a run that died."""
    claim_path(target).write_text(json.dumps({"host": "gone", "attempt": attempt}))


def is_claimed(claims: Claims, target: Path) -> bool:
    with claims.claimed(target) as is_mine:
        return is_mine


def test_one_of_many_gets_an_item_and_the_next_one_after_it(tmp_path: Path) -> None:
    got, barrier = [], threading.Barrier(8)

    def run() -> None:
        barrier.wait()
        with Claims().claimed(tmp_path / "a.ply") as is_mine:
            got.append(is_mine)
            barrier.wait()

    threads = [threading.Thread(target=run) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(got) == [False] * 7 + [True]
    assert list(tmp_path.iterdir()) == []
    assert is_claimed(Claims(), tmp_path / "a.ply")


def test_a_claim_says_who_holds_it(tmp_path: Path) -> None:
    with Claims().claimed(tmp_path / "a.ply"):
        assert {"host", "pid", "began", "attempt"} <= json.loads(claim_path(tmp_path / "a.ply").read_text()).keys()


def test_what_nobody_touches_any_more_is_taken_over_by_one(tmp_path: Path) -> None:
    clock, target = Clock(), tmp_path / "a.ply"
    leave_behind(target)
    others = [Claims(clock=clock) for _ in range(3)]
    assert not any(is_claimed(other, target) for other in others), "it has only just been seen"
    clock.now_s = STALE_S - 1
    assert not is_claimed(others[0], target)
    clock.now_s = STALE_S
    with ExitStack() as held:
        assert [held.enter_context(other.claimed(target)) for other in others] == [True, False, False]
    assert list(tmp_path.iterdir()) == []


def test_a_claim_that_is_touched_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "BEAT_S", 0.005)
    clock, target, touched = Clock(), tmp_path / "a.ply", threading.Event()
    monkeypatch.setattr(module.os, "utime", lambda path: (Path(path).open("r+").close(), touched.set()))
    other = Claims(clock=clock)
    with Claims().claimed(target):
        assert not is_claimed(other, target)
        assert touched.wait(5)


def test_a_run_that_comes_late_leaves_the_quicker_ones_claim(tmp_path: Path) -> None:
    target = tmp_path / "a.ply"
    leave_behind(target)
    with pytest.raises(FileExistsError):
        module._take_away(claim_path(target), "what it had read before the quicker one came")
    assert json.loads(claim_path(target).read_text())["host"] == "gone"


def test_what_kills_one_run_after_the_other_is_left_alone(tmp_path: Path) -> None:
    clock, target = Clock(), tmp_path / "a.ply"
    leave_behind(target, attempt=2)
    claims = Claims(clock=clock)
    is_claimed(claims, target)
    clock.now_s += STALE_S
    with claims.claimed(target):
        assert json.loads(claim_path(target).read_text())["attempt"] == 3
    leave_behind(target, attempt=3)
    is_claimed(claims, target)
    clock.now_s += STALE_S
    with pytest.raises(ResourceError, match=r"3 runs died over this.*\.a\.ply\.claim"):
        is_claimed(claims, target)


def test_a_run_that_was_taken_for_dead_leaves_its_successors_claim(tmp_path: Path) -> None:
    target = tmp_path / "a.ply"
    with Claims().claimed(target):
        leave_behind(target)
    assert claim_path(target).exists()
