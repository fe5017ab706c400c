"""How much a packed file may unpack to: a file's size bounds the cost of reading it."""

from pathlib import Path

from spag4d.errors import InputError

_RATIO = 32
"""Packed scenes are 1.1 to 8 times smaller than their numbers, made-up ones of equal Gaussians about 20 times."""
_FREE_BYTES = 16 << 20
"""Any file may unpack to this much: a few identical Gaussians do no harm."""


def most_unpacked(file_size: int) -> int:
    """Return how many bytes a file of so many may unpack to."""
    return max(_RATIO * file_size, _FREE_BYTES)


def check_unpacked(file_size: int, promised: int, path: Path) -> None:
    """Raise `InputError` where a file promises to unpack to more bytes than its own could honestly hold."""
    if promised > most_unpacked(file_size):
        raise InputError(f"{path} is damaged or malicious: its {file_size:,} bytes promise to unpack to {promised:,}, which is "
                         f"more than {_RATIO} times as much. Copy or download it again.")
