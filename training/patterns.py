"""The patterns of materials, each a function from the points that show it to their colours; ``PATTERNS`` lists them."""

from __future__ import annotations

from collections.abc import Callable

import torch

from training import lettering, noise
from training.materials import ART, BOOKS, BORDER, CELLS, CHECKER, FACADE, MARBLE, MOSAIC, ROAD, SPOTS, STRIPES, TEXT
from training.texture import Part

Drawn = tuple[torch.Tensor, torch.Tensor | None]
"""Colours (3, n) and, where only a share of the surface glows, that share (n)."""


def _line(distance: torch.Tensor, width: torch.Tensor | float, pixel: torch.Tensor) -> torch.Tensor:
    """Coverage of a line of half width ``width`` at ``distance`` from it, softened over a pixel."""
    soft = pixel.clamp_min(1e-4)
    cover = ((width - distance) / soft + 0.5).clamp(0.0, 1.0)
    return cover * (2 * width / soft).clamp(max=1.0) if isinstance(width, torch.Tensor) else cover


def _cells(q: Part) -> Drawn:
    """Bricks, tiles or planks with joints, each a little brighter or darker than the next."""
    row, column, x, y = q.cells()
    edge = torch.minimum(torch.minimum(x, q.wide - x), torch.minimum(y, q.high - y))
    joint = _line(edge, q.look["gap"] / 2, q.s.pixel)
    fade = (q.high / (2 * q.s.pixel)).clamp(max=1.0)
    bright = 1.0 + fade * q.look["vary"] * (q.salted(row, column) * 2 - 1)
    return torch.lerp(q.a * bright, q.b, joint), None


def _mosaic(q: Part) -> Drawn:
    """Small stones of the two colours, laid in bands, in blocks or at random as the salt says, with dark joints."""
    row, column, x, y = q.cells()
    group, style = 3 + q.look["salt"] % 5, q.look["salt"] % 3
    bands = ((column % group < 1) | (row % group < 1)).float()
    blocks = ((column / group).floor() + (row / group).floor()) % 2
    chosen = torch.where(style < 1, bands, torch.where(style < 2, blocks, (q.salted(row, column, 4) < 0.3).float()))
    fine = (q.wide / (2 * q.s.pixel)).clamp(max=1.0)
    share = 0.4 + (chosen - 0.4) * torch.where(style < 2, (group * fine).clamp(max=1.0), fine)
    bright = 1.0 + fine * q.look["vary"] * (q.salted(row, column) * 2 - 1)
    edge = torch.minimum(torch.minimum(x, q.wide - x), torch.minimum(y, q.high - y))
    return torch.lerp(q.a, q.b, share) * bright * (1.0 - 0.5 * _line(edge, q.look["gap"] / 2, q.s.pixel)), None


def _checker(q: Part) -> Drawn:
    """Cells of the two colours by turns."""
    row, column, _, _ = q.cells()
    odd = (row + column) % 2
    fade = (q.wide / (2 * q.s.pixel)).clamp(max=1.0)
    return torch.lerp(q.a, q.b, 0.5 + (odd - 0.5) * fade), None


def _stripes(q: Part) -> Drawn:
    """Stripes of the two colours along v."""
    phase = (q.u / q.wide) % 1.0
    fade = (q.wide / (2 * q.s.pixel)).clamp(max=1.0)
    return torch.lerp(q.a, q.b, 0.5 + ((phase < 0.5).float() - 0.5) * fade), None


def _marble(q: Part) -> Drawn:
    """Veined slabs with fine joints."""
    vein = (q.noise[:, noise.RIDGE] * 0.5 + 0.2).clamp(0.0, 1.0) ** 2
    row, column, x, y = q.cells()
    edge = torch.minimum(torch.minimum(x, q.wide - x), torch.minimum(y, q.high - y))
    color = torch.lerp(q.a, q.b, 0.6 * vein)
    return torch.lerp(color, q.b * 0.7, _line(edge, q.look["gap"] / 2, q.s.pixel)), None


def _spots(q: Part) -> Drawn:
    """Clouds of the second colour: leaves, grass, soil."""
    mix = (0.5 + 0.45 * q.noise[:, noise.BLOB] + 0.25 * q.noise[:, noise.FINE]).clamp(0.0, 1.0)
    return torch.lerp(q.a, q.b, mix), None


def _facade(q: Part) -> Drawn:
    """Bays of ``cell`` with a window each; ``bond`` and ``gap`` are the shares of the bay's width and height that it takes."""
    row, column = (q.v / q.high).floor(), (q.u / q.wide).floor()
    x, y = q.u / q.wide - column - 0.5, q.v / q.high - row - 0.5
    px, py = q.s.pixel / q.wide, q.s.pixel / q.high
    wide, tall = q.look["bond"] / 2, q.look["gap"] / 2
    inside = _cover(wide - x.abs(), px) * _cover(tall - y.abs(), py)
    frame = _cover(wide + 0.03 - x.abs(), px) * _cover(tall + 0.03 - y.abs(), py)
    bars = torch.maximum(_cover(0.012 - x.abs(), px), _cover(0.012 - (y + 0.1).abs(), py))
    rim = 1.0 - _cover(wide - 0.025 - x.abs(), px) * _cover(tall - 0.025 - y.abs(), py)
    kind = q.salted(row, column)
    lit = (q.salted(row, column, 5) < 0.35).float() * inside
    pane = q.b * (0.5 + q.salted(row, column, 3)) + 0.15 * (0.5 - y / q.look["gap"])
    blind = (kind < 0.3).float() * (y < (q.salted(row, column, 2) - 0.5) * q.look["gap"]).float()
    pane = torch.lerp(pane, q.a.mean(0) * 0.3 + 0.4 * torch.ones_like(q.a), blind)
    trim = torch.where(q.look["salt"] % 2 < 1, q.a * 0.45, (q.a * 1.4).clamp(max=0.9))
    pane = torch.lerp(pane, trim, torch.maximum(bars, rim))
    wall = torch.lerp(q.a, trim, frame)
    ledge = _cover(0.02 - (y - 0.5).abs(), py) * (q.look["salt"] % 3 < 1)
    wall = torch.lerp(wall, trim, ledge)
    color = torch.lerp(wall, pane, inside)
    warm = torch.tensor([[4.0], [2.6], [1.3]], device=color.device)
    return torch.where((lit > 0.5) & (q.look["emission"] > 0), color * 0.2 + 0.3 * warm, color), 1.0 * lit


def _cover(inside: torch.Tensor, pixel: torch.Tensor) -> torch.Tensor:
    """Coverage of a pixel that lies ``inside`` of a border (negative: outside), softened over the pixel."""
    return (inside / pixel.clamp_min(1e-4) + 0.5).clamp(0.0, 1.0)


def _art(q: Part) -> Drawn:
    """A picture, poster or screen: coloured blocks and clouds over the whole face, in a frame."""
    x, y = (q.s.u / q.s.half_u + 1) / 2, (q.s.v / q.s.half_v + 1) / 2
    salt = q.look["salt"] % 97
    bands = (3 + salt % 4).clamp(max=6)
    bend = 0.15 * q.noise[:, noise.FBM]
    i, j = ((x + bend) * bands).floor(), ((y + bend) * (bands + 1)).floor()
    hues = torch.stack([noise.hash01(i + salt, j, k) for k in (1, 2, 3)])
    color = torch.lerp(q.a, torch.lerp(hues.mean(0, keepdim=True), hues, 0.5) ** 1.5, 0.55)
    rim = torch.minimum(q.s.half_u - q.s.u.abs(), q.s.half_v - q.s.v.abs())
    return torch.where(rim < 0.03, q.b, color), None


def _road(q: Part) -> Drawn:
    """Asphalt with lane lines along y: an edge line on both sides, dashes of 3 m in the middle."""
    x = q.s.u.abs()
    edge = _line((x - q.s.half_u + 0.3).abs(), 0.07, q.s.pixel)
    dash = _line(x, 0.08, q.s.pixel) * ((q.v / 6.0) % 1.0 < 0.5)
    paint = torch.maximum(edge, dash) * (0.75 + 0.1 * q.noise[:, noise.FBM]).clamp(0, 1)
    return torch.lerp(q.a, q.b, paint), None


def _border(q: Part) -> Drawn:
    """A rug: rings of ``cell`` along its edges, spots within."""
    rim = torch.minimum(q.s.half_u - q.s.u.abs(), q.s.half_v - q.s.v.abs())
    ring = (rim / q.wide).floor()
    odd = ring % 2
    inner = (q.noise[:, noise.BLOB] > 0.3).float() * 0.6
    return torch.lerp(q.a, q.b, torch.where(ring < 3, odd, inner)), None


def _books(q: Part) -> Drawn:
    """Spines of random widths and colours, standing on shelves ``cell`` apart."""
    row, column, x, y = q.cells()
    tint = torch.stack([q.salted(row, column, k) for k in (1, 2, 3)])
    tall = q.high * (0.55 + 0.3 * q.salted(row, column, 4))
    book = (y > q.high - tall) & (y < q.high - 0.02) & (q.salted(row, column, 6) < 0.85)
    color = torch.lerp(q.a, 0.05 + 0.6 * tint**2, 0.8)
    side = 0.75 + 0.25 * (x / q.wide * 6.0).sin()
    shelf = (y >= q.high - 0.02).float()
    return torch.where(book, color * side, q.b * (0.35 + 0.65 * shelf)), None


def _text(q: Part) -> Drawn:
    """A sign that reads "SPAG-4D" from left to right in the direction of u, its letters upright against v."""
    letters = lettering.letters(str(q.u.device))
    rows, columns = letters.shape
    x, y = (q.s.u / q.s.half_u + 1) / 2, (q.s.v / q.s.half_v + 1) / 2
    column = ((x * 1.06 - 0.02) * columns).floor().to(torch.int64)
    row = (y * rows).floor().clamp(0, rows - 1).to(torch.int64)
    ink = letters[row, column.clamp(0, columns - 1)] * ((column >= 0) & (column < columns))
    return torch.lerp(q.a, q.b, ink), None


PATTERNS: dict[int, Callable[[Part], Drawn]] = {
    CELLS: _cells, CHECKER: _checker, STRIPES: _stripes, MARBLE: _marble, SPOTS: _spots, FACADE: _facade, ART: _art,
    ROAD: _road, BORDER: _border, BOOKS: _books, TEXT: _text, MOSAIC: _mosaic,
}  # fmt: skip
