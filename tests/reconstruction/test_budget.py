import numpy as np
import pytest

from spag4d.data import Gaussians, Layers
from spag4d.errors import InputError
from spag4d.reconstruction.budget import Budget

ONE = Gaussians(np.zeros((1, 3), np.float32), np.ones((1, 3), np.float32), np.eye(1, 4, dtype=np.float32),
                np.ones(1, np.float32), np.zeros((1, 3), np.float32))


def spend(most: int, shares: list[float], truly_kept: list[float]) -> tuple[list[int], list[int]]:
    """Return how many Gaussians are kept of each panorama, and of how many each was made at last."""
    budget, made = Budget(most, dict(enumerate(shares))), [0] * len(shares)

    def make(number: int, count: int) -> Layers:
        made[number] = count
        return Layers(ONE.select(np.zeros(int(truly_kept[number] * count), np.int64)))

    return [len(budget.spent(number, lambda count, number=number: make(number, count))) for number in range(len(shares))], made


def test_panoramas_are_made_equally_fine_and_fill_the_budget() -> None:
    kept, made = spend(100_000, [0.5, 0.25, 0.25], [0.5, 0.25, 0.25])
    assert made == [100_000] * 3 and kept == [50_000, 25_000, 25_000]


def test_what_one_takes_more_the_others_take_less() -> None:
    kept, made = spend(100_000, [0.5, 0.25, 0.25], [0.53, 0.25, 0.25])
    assert kept[0] == 53_000 and made[1] == made[2] == 94_000 and sum(kept) <= 100_000


def test_the_scene_never_holds_more() -> None:
    kept, _ = spend(100_000, [0.3, 0.3, 0.3], [0.5, 0.2, 0.6])
    assert 90_000 < sum(kept) <= 100_000


def test_too_small_a_budget_is_said_in_words() -> None:
    with pytest.raises(InputError, match="--max-splats 2000 is too little"):
        spend(2000, [0.8, 0.8, 0.8], [0.8, 0.8, 0.8])
