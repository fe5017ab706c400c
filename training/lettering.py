"""The letters of the signs that stand in procedural worlds: 5 x 7 dots."""

from __future__ import annotations

from functools import lru_cache

import torch


@lru_cache(maxsize=2)
def letters(device: str) -> torch.Tensor:
    """Ink (9, 42) of "SPAG-4D": 1 on the strokes, a blank column after each letter, a blank row above and below."""
    rows = {
        "S": "01110 10001 10000 01110 00001 10001 01110", "P": "11110 10001 10001 11110 10000 10000 10000",
        "A": "01110 10001 10001 11111 10001 10001 10001", "G": "01110 10001 10000 10111 10001 10001 01110",
        "4": "00010 00110 01010 10010 11111 00010 00010", "D": "11110 10001 10001 10001 10001 10001 11110",
        "-": "00000 00000 00000 11111 00000 00000 00000",
    }  # fmt: skip
    glyphs = [[[int(c) for c in line] + [0] for line in rows[letter].split()] for letter in "SPAG-4D"]
    blank = torch.zeros(1, 6 * len(glyphs))
    text = torch.cat([torch.tensor(g, dtype=torch.float32) for g in glyphs], dim=1)
    return torch.cat([blank, text, blank]).to(device)
