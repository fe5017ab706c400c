"""The panorama itself, moving: pictures of a loop, as sharp as the photo, which they are outside of the fields."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32, UInt8

from spag4d.animate.copies import FADE, glitter, phases_of
from spag4d.animate.fields import Field, in_directions
from spag4d.data import DepthMap
from spag4d.depth.resize import resize_distance
from spag4d.geometry.equirect import directions
from spag4d.progress import Progress

_CUTOFF = 0.05
"""Below which a fade counts as gone, as in files."""


@dataclass(frozen=True)
class _Part:
    """The pixels of a field: their numbers, rays, rates, and what goes on there."""

    pixels: np.ndarray
    rays: Float32[np.ndarray, "n 3"]
    rates: Float32[np.ndarray, "n 3"]
    field: Field
    places: Float32[np.ndarray, "n 3"]


def film(
    rgb: Float32[np.ndarray, "h w 3"], depth: DepthMap, fields: Sequence[Field], loop_s: float, fps: float, progress: Progress
) -> Iterator[UInt8[np.ndarray, "h w 3"]]:
    """Yield the pictures of one loop; the first one is the photo."""
    rays = directions(rgb.shape[0]).reshape(-1, 3)
    distance = resize_distance(depth.distance, rgb.shape[:2]).reshape(-1, 1)
    parts = []
    for field in fields:
        rates = in_directions(field.velocities, rays)
        pixels = np.flatnonzero(rates.any(1))
        parts.append(_Part(pixels, rays[pixels], rates[pixels], field, rays[pixels] * distance[pixels]))
    count = max(2, round(loop_s * fps))
    for number in range(count):
        progress.report("Drawing", number, count)
        yield (picture_at(rgb, parts, loop_s, loop_s * number / count) * 255 + 0.5).astype(np.uint8)
    progress.report("Drawing", count, count)


def picture_at(
    rgb: Float32[np.ndarray, "h w 3"], parts: Sequence[_Part], loop_s: float, time_s: float
) -> Float32[np.ndarray, "h w 3"]:
    """Return the picture at a time."""
    picture = rgb.reshape(-1, 3).copy()
    for part in parts:
        picture[part.pixels] = (_swaying if part.field.sways else _flowing)(rgb, part, loop_s, time_s)
    return np.clip(picture, 0, 1).reshape(rgb.shape)


def _moved(rgb: np.ndarray, part: _Part, after: np.ndarray | float) -> np.ndarray:
    return in_directions(rgb, part.rays - part.rates * np.float32(after))


def _flowing(rgb: np.ndarray, part: _Part, loop_s: float, time_s: float) -> np.ndarray:
    life_s = loop_s / part.field.cycles
    age_s = time_s % life_s
    weight = np.exp(-0.5 * ((age_s - life_s / 2) / (FADE * life_s)) ** 2)
    colors = _lit(part, _moved(rgb, part, age_s if age_s < life_s / 2 else age_s - life_s), 0.0)
    if weight < _CUTOFF:
        return colors
    return colors + np.float32(weight) * (_lit(part, _moved(rgb, part, age_s - life_s / 2), np.pi / 2) - colors)


def _lit(part: _Part, colors: np.ndarray, phase: float) -> np.ndarray:
    return colors * glitter(part.places, phase)[:, None] if part.field.ripples else colors


def _swaying(rgb: np.ndarray, part: _Part, loop_s: float, time_s: float) -> np.ndarray:
    turns = part.field.cycles * time_s / loop_s - phases_of(part.places) / 8
    aside = 4 * np.abs(np.mod(turns, 1) - 0.5) - 1
    return in_directions(rgb, part.rays - part.rates * aside[:, None].astype(np.float32))
