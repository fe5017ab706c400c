"""Colours of surface points: every material pattern, evaluated for all pixels that show it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import torch

from training import noise
from training.materials import ART, BOOKS, BORDER, CELLS, CHECKER, FACADE, MARBLE, ROAD, SPOTS, STRIPES, TEXT, Material


@dataclass(frozen=True)
class Surface:
    """Texture coordinates (n) in metres from the middle of the face, its half sizes, the pixel width there, in metres."""

    u: torch.Tensor
    v: torch.Tensor
    half_u: torch.Tensor
    half_v: torch.Tensor
    pixel: torch.Tensor
    material: torch.Tensor


@dataclass(frozen=True)
class Shade:
    """Linear albedo (n, 3), gloss (n) and emission (n, 3)."""

    albedo: torch.Tensor
    gloss: torch.Tensor
    emission: torch.Tensor


def table(materials: list[Material], device: str) -> torch.Tensor:
    """The materials as (columns, materials) float32."""
    rows = [
        [
            m.pattern, *m.a, *m.b, *m.cell, m.bond, m.gap, m.vary, m.grain, m.grain_m, m.stain, m.stain_m, m.stretch,
            m.gloss, m.emission, *m.shift, m.salt, m.turn,
        ]
        for m in materials
    ]  # fmt: skip
    return torch.tensor(rows, dtype=torch.float32).T.contiguous().to(device)


@dataclass(frozen=True)
class _Part:
    u: torch.Tensor
    v: torch.Tensor
    s: Surface
    p: torch.Tensor
    noise: torch.Tensor

    @property
    def a(self) -> torch.Tensor:
        return self.p[1:4]

    @property
    def b(self) -> torch.Tensor:
        return self.p[4:7]

    def cells(self) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
        """Integer cell (row, column) and position inside it in metres."""
        row = (self.v / self.p[8]).floor()
        x = self.u + row * self.p[9] * self.p[7]
        column = (x / self.p[7]).floor()
        return row, column, x - column * self.p[7], self.v - row * self.p[8]

    def salted(self, row: torch.Tensor, column: torch.Tensor, salt: int = 0) -> torch.Tensor:
        return noise.hash01(column + self.p[21], row, salt)


def shade(materials: list[Material], columns: torch.Tensor, s: Surface) -> Shade:
    """Evaluate the materials ``s.material`` (n) of ``materials`` at the surface points."""
    p = columns.index_select(1, s.material)
    swap = p[22] > 0.5
    u, v = torch.where(swap, s.v, s.u) + p[19], torch.where(swap, s.u, s.v) + p[20]
    fine = noise.sample(u / (p[13] * p[16]), v / p[13], s.pixel / p[13])
    coarse = noise.sample_fbm(u / p[15] + 0.31, v / p[15] + 0.77, s.pixel / p[15])
    color = p[1:4].clone()
    glow = p[18].clone()
    for pattern, draw in _DRAW.items():
        if not any(m.pattern == pattern for m in materials):
            continue
        pick = (p[0] == pattern).nonzero().squeeze(1)
        if not len(pick):
            continue
        sub = Surface(s.u[pick], s.v[pick], s.half_u[pick], s.half_v[pick], s.pixel[pick], s.material[pick])
        drawn, lit = draw(_Part(u[pick], v[pick], sub, p[:, pick], fine[pick]))
        color[:, pick] = drawn
        if lit is not None:
            glow[pick] = lit * glow[pick]
    detail = fine @ fine.new_tensor([0.6, 0.0, 0.4, 0.0])
    color = color * (1.0 + p[12] * detail + p[14] * coarse).clamp(0.15, 2.0)
    albedo = color.clamp(0.005, 0.97).T
    return Shade(albedo, p[17], albedo * glow[:, None])


Drawn = tuple[torch.Tensor, torch.Tensor | None]


def _line(distance: torch.Tensor, width: torch.Tensor | float, pixel: torch.Tensor) -> torch.Tensor:
    """Coverage of a line of half width ``width`` at ``distance`` from it, softened over a pixel."""
    soft = pixel.clamp_min(1e-4)
    cover = ((width - distance) / soft + 0.5).clamp(0.0, 1.0)
    return cover * (2 * width / soft).clamp(max=1.0) if isinstance(width, torch.Tensor) else cover


def _cells(q: _Part) -> Drawn:
    row, column, x, y = q.cells()
    edge = torch.minimum(torch.minimum(x, q.p[7] - x), torch.minimum(y, q.p[8] - y))
    joint = _line(edge, q.p[10] / 2, q.s.pixel)
    fade = (q.p[8] / (2 * q.s.pixel)).clamp(max=1.0)
    bright = 1.0 + fade * q.p[11] * (q.salted(row, column) * 2 - 1)
    return torch.lerp(q.a * bright, q.b, joint), None


def _checker(q: _Part) -> Drawn:
    row, column, _, _ = q.cells()
    odd = (row + column) % 2
    fade = (q.p[7] / (2 * q.s.pixel)).clamp(max=1.0)
    return torch.lerp(q.a, q.b, 0.5 + (odd - 0.5) * fade), None


def _stripes(q: _Part) -> Drawn:
    phase = (q.u / q.p[7]) % 1.0
    fade = (q.p[7] / (2 * q.s.pixel)).clamp(max=1.0)
    return torch.lerp(q.a, q.b, 0.5 + ((phase < 0.5).float() - 0.5) * fade), None


def _marble(q: _Part) -> Drawn:
    vein = (q.noise[:, noise.RIDGE] * 0.5 + 0.2).clamp(0.0, 1.0) ** 2
    row, column, x, y = q.cells()
    edge = torch.minimum(torch.minimum(x, q.p[7] - x), torch.minimum(y, q.p[8] - y))
    color = torch.lerp(q.a, q.b, 0.6 * vein)
    return torch.lerp(color, q.b * 0.7, _line(edge, q.p[10] / 2, q.s.pixel)), None


def _spots(q: _Part) -> Drawn:
    mix = (0.5 + 0.45 * q.noise[:, noise.BLOB] + 0.25 * q.noise[:, noise.FINE]).clamp(0.0, 1.0)
    return torch.lerp(q.a, q.b, mix), None


def _facade(q: _Part) -> Drawn:
    """``bond`` and ``gap`` are the shares of width and height of the bay that the window takes; ``vary`` the blinds."""
    row, column = (q.v / q.p[8]).floor(), (q.u / q.p[7]).floor()
    x, y = q.u / q.p[7] - column - 0.5, q.v / q.p[8] - row - 0.5
    px, py = q.s.pixel / q.p[7], q.s.pixel / q.p[8]
    wide, tall = q.p[9] / 2, q.p[10] / 2
    inside = _cover(wide - x.abs(), px) * _cover(tall - y.abs(), py)
    frame = _cover(wide + 0.03 - x.abs(), px) * _cover(tall + 0.03 - y.abs(), py)
    bars = torch.maximum(_cover(0.012 - x.abs(), px), _cover(0.012 - (y + 0.1).abs(), py))
    rim = 1.0 - _cover(wide - 0.025 - x.abs(), px) * _cover(tall - 0.025 - y.abs(), py)
    kind = q.salted(row, column)
    lit = (q.salted(row, column, 5) < 0.35).float() * inside
    pane = q.b * (0.5 + q.salted(row, column, 3)) + 0.15 * (0.5 - y / q.p[10])
    blind = (kind < 0.3).float() * (y < (q.salted(row, column, 2) - 0.5) * q.p[10]).float()
    pane = torch.lerp(pane, q.a.mean(0) * 0.3 + 0.4 * torch.ones_like(q.a), blind)
    trim = torch.where(q.p[21] % 2 < 1, q.a * 0.45, (q.a * 1.4).clamp(max=0.9))
    pane = torch.lerp(pane, trim, torch.maximum(bars, rim))
    wall = torch.lerp(q.a, trim, frame)
    ledge = _cover(0.02 - (y - 0.5).abs(), py) * (q.p[21] % 3 < 1)
    wall = torch.lerp(wall, trim, ledge)
    color = torch.lerp(wall, pane, inside)
    warm = torch.tensor([[4.0], [2.6], [1.3]], device=color.device)
    return torch.where((lit > 0.5) & (q.p[18] > 0), color * 0.2 + 0.3 * warm, color), 1.0 * lit


def _cover(inside: torch.Tensor, pixel: torch.Tensor) -> torch.Tensor:
    return (inside / pixel.clamp_min(1e-4) + 0.5).clamp(0.0, 1.0)


def _art(q: _Part) -> Drawn:
    """A picture, poster or screen: coloured blocks and clouds over the whole face, in a frame."""
    x, y = (q.s.u / q.s.half_u + 1) / 2, (q.s.v / q.s.half_v + 1) / 2
    salt = q.p[21] % 97
    bands = (3 + salt % 4).clamp(max=6)
    bend = 0.15 * q.noise[:, noise.FBM]
    i, j = ((x + bend) * bands).floor(), ((y + bend) * (bands + 1)).floor()
    hues = torch.stack([noise.hash01(i + salt, j, k) for k in (1, 2, 3)])
    color = torch.lerp(q.a, torch.lerp(hues.mean(0, keepdim=True), hues, 0.5) ** 1.5, 0.55)
    rim = torch.minimum(q.s.half_u - q.s.u.abs(), q.s.half_v - q.s.v.abs())
    return torch.where(rim < 0.03, q.b, color), None


def _road(q: _Part) -> Drawn:
    """Asphalt with lane lines along y: an edge line on both sides, dashes of 3 m in the middle."""
    x = q.s.u.abs()
    edge = _line((x - q.s.half_u + 0.3).abs(), 0.07, q.s.pixel)
    dash = _line(x, 0.08, q.s.pixel) * ((q.v / 6.0) % 1.0 < 0.5)
    paint = torch.maximum(edge, dash) * (0.75 + 0.1 * q.noise[:, noise.FBM]).clamp(0, 1)
    return torch.lerp(q.a, q.b, paint), None


def _border(q: _Part) -> Drawn:
    rim = torch.minimum(q.s.half_u - q.s.u.abs(), q.s.half_v - q.s.v.abs())
    ring = (rim / q.p[7]).floor()
    odd = ring % 2
    inner = (q.noise[:, noise.BLOB] > 0.3).float() * 0.6
    return torch.lerp(q.a, q.b, torch.where(ring < 3, odd, inner)), None


def _books(q: _Part) -> Drawn:
    """Spines of random widths and colours, standing on shelves ``cell`` apart."""
    row, column, x, y = q.cells()
    tint = torch.stack([q.salted(row, column, k) for k in (1, 2, 3)])
    tall = q.p[8] * (0.55 + 0.3 * q.salted(row, column, 4))
    book = (y > q.p[8] - tall) & (y < q.p[8] - 0.02) & (q.salted(row, column, 6) < 0.85)
    color = torch.lerp(q.a, 0.05 + 0.6 * tint**2, 0.8)
    side = 0.75 + 0.25 * (x / q.p[7] * 6.0).sin()
    shelf = (y >= q.p[8] - 0.02).float()
    return torch.where(book, color * side, q.b * (0.35 + 0.65 * shelf)), None


@lru_cache(maxsize=2)
def _letters(device: str) -> torch.Tensor:
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


def _text(q: _Part) -> Drawn:
    """A sign that reads "SPAG-4D" from left to right in the direction of u, its letters upright against v."""
    letters = _letters(str(q.u.device))
    rows, columns = letters.shape
    x, y = (q.s.u / q.s.half_u + 1) / 2, (q.s.v / q.s.half_v + 1) / 2
    column = ((x * 1.06 - 0.02) * columns).floor().to(torch.int64)
    row = (y * rows).floor().clamp(0, rows - 1).to(torch.int64)
    ink = letters[row, column.clamp(0, columns - 1)] * ((column >= 0) & (column < columns))
    return torch.lerp(q.a, q.b, ink), None


_DRAW = {
    CELLS: _cells, CHECKER: _checker, STRIPES: _stripes, MARBLE: _marble, SPOTS: _spots, FACADE: _facade, ART: _art,
    ROAD: _road, BORDER: _border, BOOKS: _books, TEXT: _text,
}  # fmt: skip
