"""Is the walking range true? Against the place where generated scenes stop looking like their true views.

    python -m benchmarks.walking_range [--first 8] [--scenes 2] [--cache FOLDER] [--json FILE]

The true range in a direction is where the likeness of a tile (see `walking_truth`) has fallen by `FALL` below what that tile's
is from the capture point: of the third worst tile of any view ahead or aside, as the walking range judges views. Fine texture
that the scene does not hold, as unlike everywhere, is no fault of the walk; and as likeness also goes up and down by chance,
the fall is that of the rising curve nearest to it. Depths are the true one, the built-in model's, and (scaled) the
latter times the factor that brings its median to the truth's: a wrong scale is a wrong length of step, and no fault of the
picture. Prints both ranges (true/told) for four directions on the level and one aslant, then for each depth and for all:
Spearman's rank correlation; what the told range is of the true one (10th, 50th and 90th percentile); and in which share of the
directions it is at most 1.5 times the true one. Scenes 0 to 7 are those that the limits were fitted to. Ranges beyond the
farthest true view count as that. Ten seconds of a core to render a scene, and forty to judge it.
"""

import argparse
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from scipy.optimize import isotonic_regression
from scipy.stats import spearmanr

from benchmarks.novel_view import scale_to_truth
from benchmarks.walking_truth import Picture, Truth, drawn, likeness, truth
from spag4d import SPAG4D, Gaussians, Panorama
from spag4d.check.tiles import worst_tile
from spag4d.check.uncertainty import Uncertainty, doubt_line, uncertainty_of
from spag4d.check.walking import crossing_m, walking_range
from spag4d.check.walking_range import DIRECTIONS, NAMES

FALL = 0.3
"""So much less likeness, and things in a tile are visibly broken or elsewhere: 98 % of all tiles begin above 0.75."""
TRUE, SCALED, BUILTIN = "true", "scaled", "builtin"
_LEAST_M = 0.02

Row = dict[str, float | str]


def converted(scene: Truth, depth: str) -> tuple[Gaussians, Uncertainty | None]:
    """Return the scene as it is converted with one of the depths, and how wrong its depth may be."""
    panorama = Panorama(scene.captured.astype(np.float32) / 255, scene.name)
    converter = SPAG4D(depth_model="builtin", sharp_refine=False)
    if depth == TRUE:
        return converter.to_gaussians(panorama, depth_map=scene.distance), None
    scale = scale_to_truth(converter, panorama, scene.distance) if depth == SCALED else 1.0
    doubt = converter.estimate_depth(panorama).doubt
    uncertainty = uncertainty_of(BUILTIN, "" if doubt is None else doubt_line(doubt))
    return converter.to_gaussians(panorama, global_scale=scale), uncertainty


def true_range_m(gaussians: Gaussians, views: list[tuple[float, Picture]], name: str, at_origin: np.ndarray) -> float:
    """Return where the likeness in a direction has fallen, at most the distance of the farthest true view.

    ``at_origin`` is the likeness of each tile from the capture point.
    """
    direction = DIRECTIONS[NAMES.index(name)]
    distances_m = [distance_m for distance_m, _ in views]
    falls = [fall(at_origin - likeness(drawn(gaussians, direction * distance_m), view), name) for distance_m, view in views]
    rising = isotonic_regression([0.0, *falls]).x
    return max(_LEAST_M, min(crossing_m(distances_m, rising[1:].tolist(), FALL), distances_m[-1]))


def fall(by_tile: np.ndarray, name: str) -> float:
    """Return the fall, at least 0, of the tile that decides for somebody who walks in a direction."""
    return max(0.0, float(by_tile[worst_tile(by_tile, NAMES.index(name))]))


def rows_of(scene: Truth, depths: Sequence[str]) -> list[Row]:
    """Return the true and the told range of a scene in each direction with each depth."""
    found: list[Row] = []
    for depth in depths:
        gaussians, uncertainty = converted(scene, depth)
        told = walking_range(gaussians, uncertainty).by_name
        at_origin = likeness(drawn(gaussians, np.zeros(3)), scene.at_origin)
        for name, views in scene.views.items():
            if views:
                found.append({"scene": scene.name, "depth": depth, "direction": name,
                              "true_m": true_range_m(gaussians, views, name, at_origin),
                              "told_m": max(_LEAST_M, min(told[name], views[-1][0]))})
    return found


def summary(rows: list[Row]) -> dict[str, float]:
    """Return how well the told ranges of some rows agree with the true ones."""
    true, told = (np.array([row[key] for row in rows], float) for key in ("true_m", "told_m"))
    ratio = told / true
    low, middle, high = np.quantile(ratio, (0.1, 0.5, 0.9))
    agreement = spearmanr(true, told).statistic  # pyright: ignore[reportAttributeAccessIssue]
    return {"directions": len(rows), "rank correlation": float(agreement), "p10": float(low), "p50": float(middle),
            "p90": float(high), "within 1.5": float((ratio <= 1.5).mean()), "median true m": float(np.median(true)),
            "median told m": float(np.median(told))}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--first", type=int, default=8, help="number of the first scene")
    parser.add_argument("--scenes", type=int, default=2)
    parser.add_argument("--cache", type=Path, help="folder that keeps the true views")
    parser.add_argument("--depths", nargs="+", choices=(TRUE, SCALED, BUILTIN), default=(TRUE, SCALED, BUILTIN))
    parser.add_argument("--json", type=Path, help="file for all rows")
    options = parser.parse_args()
    torch.set_num_threads(2)
    rows: list[Row] = []
    for number in range(options.first, options.first + options.scenes):
        found = rows_of(truth(number, options.cache), options.depths)
        if not found:
            print(f"{number}: nobody can take a step there", flush=True)
            continue
        for depth in options.depths:
            cells = [f"{row['direction']} {row['true_m']:.2f}/{row['told_m']:.2f}" for row in found if row["depth"] == depth]
            print(f"{found[0]['scene']:12}{depth:9}" + "  ".join(cells), flush=True)
        rows += found
    for depths in (*((depth,) for depth in options.depths), tuple(options.depths)):
        title, figures = " and ".join(depths), summary([row for row in rows if row["depth"] in depths])
        print(f"{title:26}" + "  ".join(f"{name} {value:.3g}" for name, value in figures.items()))
    if options.json:
        options.json.write_text(json.dumps(rows))


if __name__ == "__main__":
    main()
