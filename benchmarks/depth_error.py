"""How wrong is estimated depth, by distance and beside depth edges? The figures of `spag4d.check.uncertainty`.

    python -m benchmarks.depth_error [--model builtin] [--first 0] [--scenes 8] [--cache FOLDER]

Scenes of `walking_truth`, which no training has seen. Distance and edges are those of the estimate, because a finished scene
has no others. What one factor for the whole scene would mend is taken out: that is a question of scale, not of shape. The error
is how much parallax is wrong, |1 - estimated / true|, at most 2; where the truth is sky and the estimate is not, that is 200 m
away. Prints which share of the surfaces lies where, and the error's mean, median, and what 80 % and 90 % do not exceed.
"""

import argparse
import json
from pathlib import Path

import numpy as np

from benchmarks.walking_truth import Truth, truth
from spag4d import SPAG4D, Panorama
from spag4d.check.front import NOWHERE_M, jumps
from spag4d.check.uncertainty import EDGE_RAD, FARTHER_THAN_M
from spag4d.geometry.around import grown
from spag4d.geometry.equirect import solid_angle_weights
from training.figures import weighted_median

_SHARES = (0.5, 0.8, 0.9)
_STEP = 2
"""Every second row and column: as dense as the front of a scene of this size."""


def errors(converter: SPAG4D, scene: Truth) -> np.ndarray:
    """Return rows of estimated distance, whether an edge is near, error and solid angle, for each pixel on a surface."""
    found = converter.estimate_depth(Panorama(scene.captured.astype(np.float32) / 255, scene.name))
    distance, sky = found.distance[::_STEP, ::_STEP], found.sky[::_STEP, ::_STEP]
    true = np.minimum(scene.distance[::_STEP, ::_STEP], NOWHERE_M)
    front = np.where(sky, NOWHERE_M, distance)
    near_edge = grown(jumps(front, 1) | jumps(front, 0), round(EDGE_RAD * len(front) / np.pi))
    area = np.broadcast_to(solid_angle_weights(len(front))[:, None], front.shape)[~sky]
    return np.stack([distance[~sky], near_edge[~sky], parallax_errors(distance[~sky], true[~sky], area), area], -1)


def parallax_errors(distance: np.ndarray, true: np.ndarray, area: np.ndarray) -> np.ndarray:
    """Return which part of the parallax of each pixel (n,) of a scene is wrong, once its scale is right."""
    ratio = distance / true
    return np.minimum(np.abs(1 - ratio * np.exp(-weighted_median(np.log(ratio), area))), 2)


def figures(found: np.ndarray) -> dict[str, float]:
    """Return the mean and the percentiles of the errors in some rows, by solid angle."""
    order = np.argsort(found[:, 2])
    reached = np.cumsum(found[order, 3])
    at = [float(found[order, 2][np.searchsorted(reached, share * reached[-1])]) for share in _SHARES]
    return {"mean": float(np.average(found[:, 2], weights=found[:, 3]))} | {
        f"p{round(100 * share)}": value for share, value in zip(_SHARES, at, strict=True)}


def main() -> None:
    """Measure and print a table and one JSON line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="builtin")
    parser.add_argument("--first", type=int, default=0, help="number of the first scene")
    parser.add_argument("--scenes", type=int, default=8)
    parser.add_argument("--cache", type=Path, help="folder that keeps the true views")
    options = parser.parse_args()
    converter = SPAG4D(depth_model=options.model)
    numbers = range(options.first, options.first + options.scenes)
    found = np.concatenate([errors(converter, truth(number, options.cache)) for number in numbers])
    ends = [*FARTHER_THAN_M[1:], np.inf]
    print(f"{'from':>7}{'to':>9}{'':>10}{'share':>9}{'mean':>9}{'p50':>9}{'p80':>9}{'p90':>9}")
    rows = []
    for begin, end in zip(FARTHER_THAN_M, ends, strict=True):
        for near_edge in (False, True):
            chosen = found[(found[:, 0] >= begin) & (found[:, 0] < end) & (found[:, 1] == near_edge)]
            if not len(chosen):
                continue
            row = {"from_m": begin, "near_edge": near_edge, "share": chosen[:, 3].sum() / found[:, 3].sum(), **figures(chosen)}
            rows.append(row)
            print(f"{begin:5.1f} m{end:7.1f} m{'edge' if near_edge else 'surface':>10}{row['share']:9.1%}"
                  + "".join(f"{row[name]:9.3f}" for name in ("mean", "p50", "p80", "p90")))
    print(json.dumps({"model": options.model, "first": options.first, "scenes": options.scenes, "rows": rows}))


if __name__ == "__main__":
    main()
