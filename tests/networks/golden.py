"""Cases of the published networks' answers."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
import torch

from spag4d.networks.vit import normalised

Case = Mapping[str, np.ndarray]


def cases(path: Path) -> Iterator[Case]:
    """Iterate over the cases of a file, whichever and however many they are."""
    with np.load(path) as held:
        arrays = {name: held[name] for name in held.files}
    for number in sorted({int(found[1]) for found in map(re.compile(r"case(\d+)_").match, arrays) if found}):
        prefix = f"case{number}_"
        yield {name.removeprefix(prefix): array for name, array in arrays.items() if name.startswith(prefix)}


def network_input(case: Case) -> torch.Tensor:
    """Return what the network was fed with, (1, 3, h, w)."""
    given = case.get("net_input")
    if given is not None and given.size:
        return torch.from_numpy(given.astype(np.float32)).reshape(1, *given.shape[-3:])
    picture = torch.from_numpy(case["image_u8"].astype(np.float32) / 255).permute(2, 0, 1)[None]
    return normalised(picture) if case.get("imagenet_norm", True) else picture


def features(case: Case, name: str) -> list[np.ndarray]:
    """Return the four levels of an intermediate result, or none."""
    return [case[f"{name}{level}"] for level in range(4) if f"{name}{level}" in case]
