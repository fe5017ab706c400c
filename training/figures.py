"""How good an estimate of distance and sky is, in figures; needs nothing but numpy and the truth of a sample."""

from __future__ import annotations

import numpy as np

from spag4d.networks.builtin_weights import MAX_DISTANCE_M
from training.generator import Sample
from training.losses import solid_angle

COLUMNS = ("scenes", "abs_rel", "delta_1", "abs_rel_unscaled", "scale_error", "sky_iou", "sky_closed")


def judge(distance: np.ndarray, found_sky: np.ndarray, sample: Sample) -> dict[str, float]:
    """Compare with the truth: see `depth_errors`, and the solid angles of sky found in both and in either.

    In a closed room, where there is no sky, ``sky_closed`` is the share of the sphere that was taken for it.
    """
    truth, sky, valid = sample.distance.numpy(), sample.sky.numpy(), sample.valid.numpy()
    area = solid_angle(truth.shape[0]).numpy() * np.ones_like(truth)
    surface = valid & ~sky & (truth <= MAX_DISTANCE_M)
    found = {
        "sky_both": float(area[found_sky & sky & valid].sum()),
        "sky_either": float(area[(found_sky | sky) & valid].sum()),
    }
    if not sky.any():
        found["sky_closed"] = float(area[found_sky & valid].sum() / area.sum())
    return found | depth_errors(distance[surface], truth[surface], area[surface])


def depth_errors(distance: np.ndarray, truth: np.ndarray, weight: np.ndarray) -> dict[str, float]:
    """Errors of 1-d arrays of distances, as weighted means.

    ``abs_rel`` is |d - t| / t and ``delta_1`` the share of pixels within a factor of 1.25, both after the median ratio has
    been taken out; ``abs_rel_unscaled`` is abs_rel as it stands and ``scale_error`` how far the median ratio is from 1.
    """
    scale = weighted_median(truth / distance, weight)
    scaled = scale * distance
    within = np.maximum(scaled / truth, truth / scaled) < 1.25
    return {
        "abs_rel": float(np.average(np.abs(scaled - truth) / truth, weights=weight)),
        "delta_1": float(np.average(within, weights=weight)),
        "abs_rel_unscaled": float(np.average(np.abs(distance - truth) / truth, weights=weight)),
        "scale_error": float(abs(np.log(scale))),
    }


def weighted_median(values: np.ndarray, weight: np.ndarray) -> float:
    """The value below which half of the weight lies."""
    order = np.argsort(values)
    total = np.cumsum(weight[order])
    return float(values[order][np.searchsorted(total, total[-1] / 2)])


def summarize(results: list[dict[str, float]]) -> dict[str, float]:
    """Means over scenes, the sky over all of them, and what was taken for sky over those without any."""
    means = {name: float(np.mean([result[name] for result in results])) for name in COLUMNS[1:5]}
    either = sum(result["sky_either"] for result in results)
    both = sum(result["sky_both"] for result in results)
    closed = [result["sky_closed"] for result in results if "sky_closed" in result]
    means["sky_iou"] = both / either if either else float("nan")
    means["sky_closed"] = float(np.mean(closed)) if closed else float("nan")
    return {"scenes": len(results)} | means
