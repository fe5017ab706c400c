"""The materials that the hand-composed scenes share."""

from __future__ import annotations

from training import materials as m

PLANKS = m.Material(
    m.CELLS, (0.33, 0.17, 0.075), (0.06, 0.03, 0.015), (1.4, 0.14), 0.37, 0.004, 0.22, 0.22, 0.9, 0.05, 6.0, 7.0, turn=1
)  # fmt: skip
PAVING = m.Material(m.CELLS, (0.42, 0.37, 0.3), (0.16, 0.14, 0.11), (0.62, 0.42), 0.43, 0.014, 0.22, 0.2, 1.7, 0.16, 9.0)
CLINKER = m.Material(m.CELLS, (0.45, 0.24, 0.16), (0.5, 0.45, 0.38), (0.27, 0.085), 0.5, 0.012, 0.3, 0.2, 1.5, 0.2)
WHITE = m.Material(a=(0.78, 0.76, 0.72), grain=0.02, stain=0.04)
IRON = m.Material(a=(0.02, 0.022, 0.024), grain=0.1, gloss=0.3)
OAK = m.Material(a=(0.3, 0.16, 0.07), grain=0.2, grain_m=0.9, stretch=6.0, gloss=0.1)
BARK = m.Material(m.SPOTS, (0.17, 0.12, 0.085), (0.07, 0.05, 0.035), grain=0.5, grain_m=0.8, stretch=0.3)
LEAVES = m.Material(m.SPOTS, (0.12, 0.2, 0.035), (0.035, 0.075, 0.012), grain=0.5, grain_m=1.3, stain=0.25, stain_m=4.0)
