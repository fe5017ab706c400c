"""A memory for sampling maps: they cost more than the sampling itself and serve every frame and channel."""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from threading import Lock

import numpy as np

Arrays = tuple[np.ndarray, ...]


class MapCache:
    """Keeps the most recently used tuples of arrays within a number of bytes; arrays come out read-only."""

    def __init__(self, capacity_bytes: int) -> None:
        """An entry that alone exceeds ``capacity_bytes`` is returned but not kept."""
        self.capacity_bytes = capacity_bytes
        self._entries: OrderedDict[Hashable, Arrays] = OrderedDict()
        self._lock = Lock()

    def get(self, key: Hashable, make: Callable[[], Arrays]) -> Arrays:
        """Return the arrays under ``key``, made by ``make`` if missing; safe to call from several threads."""
        with self._lock:
            if key in self._entries:
                self._entries.move_to_end(key)
                return self._entries[key]
        arrays = make()
        for array in arrays:
            array.flags.writeable = False
        with self._lock:
            self._entries[key] = arrays
            while self.size_bytes > self.capacity_bytes:
                self._entries.popitem(last=False)
        return arrays

    @property
    def size_bytes(self) -> int:
        """Bytes held now."""
        return sum(array.nbytes for arrays in self._entries.values() for array in arrays)
