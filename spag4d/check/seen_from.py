"""From where the panoramas of a scene saw it, and how a file says so: what several have seen into is no tear."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from jaxtyping import Float64

_PREFIX = "seen from"
_MOST = 30
"""Places in a line, so that it stays below the 1000 characters that readers take; of more, some evenly chosen are stated."""

Places = Float64[np.ndarray, "k 3"]
ORIGIN_ALONE: Places = np.empty((0, 3))
"""Of a scene of one panorama, whose place is the origin."""


def seen_from_line(places: Places) -> str:
    """Return the panoramas' places in the file's axes, in metres, as a line of text."""
    chosen = places[np.linspace(0, len(places) - 1, min(len(places), _MOST)).round().astype(int)]
    return f"{_PREFIX} " + " ".join(",".join(f"{value:.3f}" for value in place) for place in chosen)


def seen_from_in(comments: Sequence[str]) -> Places:
    """Return the places that a scene's comments state; none for a scene of one panorama, or a damaged line."""
    for line in comments:
        if line.startswith(_PREFIX):
            try:
                places = np.array([[float(value) for value in place.split(",")] for place in line.split()[2:]])
            except ValueError:
                continue
            if places.ndim == 2 and places.shape[1] == 3 and np.isfinite(places).all():
                return places
    return ORIGIN_ALONE


def seen_from_card(card: Mapping[str, Any]) -> Places:
    """Return the places that a scene card states."""
    viewpoints = card.get("viewpoints", ())
    return np.array([viewpoint["position_m"] for viewpoint in viewpoints], np.float64) if viewpoints else ORIGIN_ALONE
