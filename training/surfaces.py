"""What surface points look like by themselves: the material patterns, evaluated for all pixels that show them."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from training import noise
from training.material_table import MaterialTable
from training.materials import Material
from training.patterns import PATTERNS
from training.texture import Part, Surface


@dataclass(frozen=True)
class Shade:
    """Linear albedo (n, 3), gloss (n) and emission (n, 3)."""

    albedo: torch.Tensor
    gloss: torch.Tensor
    emission: torch.Tensor


def shade(materials: list[Material], table: MaterialTable, s: Surface) -> Shade:
    """Evaluate the materials ``s.material`` (n) of ``materials``, whose numbers are ``table``, at the surface points."""
    look = table.pick(s.material)
    swap = look["turn"] > 0.5
    shift, grain_m, stain_m = look["shift"], look["grain_m"], look["stain_m"]
    u, v = torch.where(swap, s.v, s.u) + shift[0], torch.where(swap, s.u, s.v) + shift[1]
    fine = noise.sample(u / (grain_m * look["stretch"]), v / grain_m, s.pixel / grain_m)
    coarse = noise.sample_fbm(u / stain_m + 0.31, v / stain_m + 0.77, s.pixel / stain_m)
    color, glow = look["a"].clone(), look["emission"].clone()
    for pattern in sorted({m.pattern for m in materials} & PATTERNS.keys()):
        pick = (look["pattern"] == pattern).nonzero().squeeze(1)
        if not len(pick):
            continue
        drawn, lit = PATTERNS[pattern](Part(u[pick], v[pick], s.pick(pick), look.pick(pick), fine[pick]))
        color[:, pick] = drawn
        if lit is not None:
            glow[pick] = lit * glow[pick]
    detail = fine @ fine.new_tensor([0.6, 0.0, 0.4, 0.0])
    color = color * (1.0 + look["grain"] * detail + look["stain"] * coarse).clamp(0.15, 2.0)
    albedo = color.clamp(0.005, 0.97).T
    return Shade(albedo, look["gloss"], albedo * glow[:, None])
