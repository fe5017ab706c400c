import numpy as np
import pytest

from spag4d.geometry.map_cache import MapCache


def test_arrays_are_made_once_and_are_read_only() -> None:
    cache, calls = MapCache(1000), []

    def make() -> tuple[np.ndarray, ...]:
        calls.append(1)
        return (np.zeros(10), np.ones(3))

    first, second = cache.get("a", make), cache.get("a", make)
    assert first is second and len(calls) == 1
    with pytest.raises(ValueError, match="read-only"):
        first[0][0] = 1


def test_the_least_recently_used_entry_leaves() -> None:
    cache = MapCache(200)
    for key in ("a", "b", "a", "c"):
        cache.get(key, lambda: (np.zeros(10),))
    assert cache.size_bytes == 160

    def forbidden() -> tuple[np.ndarray, ...]:
        raise AssertionError("made again")

    cache.get("a", forbidden)
    cache.get("c", forbidden)
    with pytest.raises(AssertionError, match="made again"):
        cache.get("b", forbidden)


def test_what_is_too_large_is_handed_out_but_not_kept() -> None:
    cache = MapCache(100)
    assert cache.get("large", lambda: (np.zeros(1000),))[0].size == 1000
    assert cache.size_bytes == 0
