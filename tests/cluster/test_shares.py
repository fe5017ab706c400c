import pytest

from spag4d.cluster.shares import Share
from spag4d.errors import InputError


def test_shares_are_the_whole_and_have_nothing_in_common() -> None:
    items = list(range(11))
    parts = [Share.of(f"{number}/4").part(items) for number in range(1, 5)]
    assert sorted(item for part in parts for item in part) == items
    assert max(map(len, parts)) - min(map(len, parts)) == 1
    assert list(Share.of("12/12").part(items)) == []


@pytest.mark.parametrize("text", ["0/4", "5/4", "1", "a/b", "1/0", "-1/2"])
def test_what_is_not_a_share_is_refused_with_what_it_should_be(text: str) -> None:
    with pytest.raises(InputError, match="from 1/8 to 8/8"):
        Share.of(text)
