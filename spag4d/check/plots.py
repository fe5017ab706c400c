"""Plots as SVG that takes its colours from the page around it."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from spag4d.check.walking_range import FARTHEST_M, WalkingRange

_WIDTH, _HEIGHT, _LEFT, _BOTTOM, _TOP, _RIGHT = 460, 270, 46, 38, 34, 14
"""Units of the drawing, and its margins, which hold the numbers and names of the axes."""
_RADIUS = 150
"""Of the rose, in the same units."""
_SPOKES = 96
"""Directions of its outline, 3.75° apart: round to the eye."""
_SHOWN_TIMES_LIMIT = 5
"""How far the plot goes beyond the limit; what is worse is cut off, so that the limit stays readable."""

ToDrawing = Callable[[float | int, float | int], tuple[float, float]]


@dataclass(frozen=True)
class Curve:
    """A named line of points (x, y): metres, and a share 0–1."""

    name: str
    points: Sequence[tuple[float, float]]


def curves_svg(title: str, curves: Sequence[Curve], limit: float) -> str:
    """Return all curves in one plot, the lowest and the highest named, and a dashed line at the limit."""
    top = _SHOWN_TIMES_LIMIT * limit

    def place(x: float | int, y: float | int) -> tuple[float, float]:
        across = _LEFT + x / FARTHEST_M * (_WIDTH - _LEFT - _RIGHT)
        return across, _HEIGHT - _BOTTOM - min(y / top, 1.0) * (_HEIGHT - _BOTTOM - _TOP)

    drawn = [_grid(place, top), _line([place(0, limit), place(FARTHEST_M, limit)], "var(--b)", 'stroke-dasharray="5 4"')]
    long = [curve for curve in curves if len(curve.points) > 1]
    for curve in long:
        drawn.append(_line([place(*point) for point in _below(curve.points, top)], "var(--a)", 'opacity=".45"'))
    if long:
        worst = max(long, key=lambda curve: _crossing(curve.points, limit))
        drawn.append(_line([place(*point) for point in _below(worst.points, top)], "var(--a)", 'stroke-width="3"'))
        drawn.append(_text(_LEFT + 8, _TOP + 14, f"thick: {worst.name}, the worst", "start"))
    drawn.append(_text(_LEFT, 16, title, "start"))
    drawn.append(_text(_WIDTH - _RIGHT - 4, place(0, limit)[1] - 5, "limit", "end"))
    return _svg(_WIDTH, _HEIGHT, title, drawn)


def rose_svg(walking_range: WalkingRange) -> str:
    """Return the range in all horizontal directions, seen from above: forward is up, right is right."""
    middle = _RADIUS + 24
    angles = np.linspace(0, 2 * np.pi, _SPOKES, endpoint=False)
    ranges = [walking_range.towards(np.array([math.sin(angle), 0.0, math.cos(angle)])) for angle in angles]
    scale = _RADIUS / FARTHEST_M
    shape = " ".join(f"{middle + scale * far * math.sin(angle):.1f},{middle - scale * far * math.cos(angle):.1f}"
                     for angle, far in zip(angles, ranges, strict=True))
    drawn = []
    for metres in (0.5, 1.0, 1.5, 2.0):
        drawn.append(f'<circle cx="{middle}" cy="{middle}" r="{scale * metres:.1f}" fill="none" stroke="var(--line)"/>')
    drawn.append(f'<polygon points="{shape}" fill="var(--fill)" stroke="var(--a)" stroke-width="2"/>')
    drawn.append(f'<circle cx="{middle}" cy="{middle}" r="3.5" fill="var(--fg)"/>')
    drawn += [_text(middle + scale * metres * 0.71 + 3, middle - scale * metres * 0.71 - 3, f"{metres:g} m", "start")
              for metres in (0.5, 1.0, 1.5)]
    drawn += [_text(middle, 16, "forward", "middle"), _text(middle, 2 * middle - 7, "back", "middle")]
    for word, across, turn in (("right", 2 * middle - 12, 90), ("left", 12, -90)):
        drawn.append(f'<text transform="rotate({turn} {across} {middle})" x="{across}" y="{middle + 4}" '
                     f'text-anchor="middle">{word}</text>')
    return _svg(2 * middle, 2 * middle, "The walking range seen from above", drawn)


def height_svg(walking_range: WalkingRange) -> str:
    """Return the range up and down as a bar, in the scale of the rose."""
    middle, width = _RADIUS + 24, 70
    up, down = (walking_range.towards(np.array([0.0, sign, 0.0])) for sign in (-1.0, 1.0))
    scale = _RADIUS / FARTHEST_M
    heights = [middle + scale * metres for metres in np.arange(-2, 2.1, 0.5)]
    drawn = [_line([(width / 2 - 14, height), (width / 2 + 14, height)], "var(--line)") for height in heights]
    drawn.append(f'<rect x="{width / 2 - 10}" y="{middle - scale * up:.1f}" width="20" height="{scale * (up + down):.1f}" '
                 'fill="var(--fill)" stroke="var(--a)" stroke-width="2"/>')
    drawn.append(f'<circle cx="{width / 2}" cy="{middle}" r="3.5" fill="var(--fg)"/>')
    drawn += [_text(width / 2, 16, "up", "middle"), _text(width / 2, 2 * middle - 7, "down", "middle")]
    return _svg(width, 2 * middle, "The walking range up and down", drawn)


def _grid(place: ToDrawing, top: float) -> str:
    drawn = []
    for share in np.linspace(0, top, 6):
        (left, down), (right, _) = place(0, share), place(FARTHEST_M, share)
        drawn.append(_line([(left, down), (right, down)], "var(--line)"))
        drawn.append(_text(left - 6, down + 4, f"{100 * share:g} %", "end"))
    for metres in (0, 0.5, 1, 1.5, 2):
        across, down = place(metres, 0)
        drawn.append(_text(across, down + 18, f"{metres:g} m", "middle"))
    return "".join(drawn)


def _below(points: Sequence[tuple[float, float]], top: float) -> list[tuple[float, float]]:
    """Return the points up to where the curve leaves the plot."""
    kept = [points[0]]
    for (x0, y0), (x1, y1) in zip(points[:-1], points[1:], strict=True):
        if y1 > top:
            kept.append((x0 + (x1 - x0) * (top - y0) / (y1 - y0), top))
            break
        kept.append((x1, y1))
    return kept


def _crossing(points: Sequence[tuple[float, float]], limit: float) -> float:
    """Return a key that grows the sooner a curve exceeds the limit."""
    beyond = [x - y / 1000 for x, y in points if y > limit]
    return -min(beyond) if beyond else -1000 + max(y for _, y in points)


def _line(points: Sequence[tuple[float, float]], color: str, more: str = "") -> str:
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    return f'<polyline points="{path}" fill="none" stroke="{color}" {more}/>'


def _text(x: float | int, y: float | int, text: str, anchor: str) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{text}</text>'


def _svg(width: float | int, height: float | int, title: str, drawn: Sequence[str]) -> str:
    return f'<svg viewBox="0 0 {width:g} {height:g}" role="img" aria-label="{title}">{"".join(drawn)}</svg>'
