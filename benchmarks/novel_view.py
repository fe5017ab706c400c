"""Do scenes hold up when the viewer moves? Views from beside the capture point against those of the generated world itself.

    python -m benchmarks.novel_view [--scenes 20] [--height 512] [--set stride=1] [--cache FOLDER] [--json FILE]

Prints one row for each depth and offset, means over the scenes:

    sphere, edges, new   PSNR in dB weighted by solid angle: everywhere, within 3 px of a depth edge of the true view, and where
                         the true view shows what the capture point did not see (scenes with 50 pixels of it or more)
    open, clear          share of the pixels on surfaces whose alpha is below one half, and the mean of 1 - alpha
    sky                  share of the pixels on surfaces where mostly the dome shows
    new px               share of the sphere that is newly seen
    Gaussians, seconds   of the conversion

The depths are the true one, the built-in model's, and the latter times one factor per scene that brings its median to the
truth's: a wrong scale moves the viewer by the wrong way, which is no fault of the Gaussians. Views are drawn over black.
"""

import argparse
import json
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.novel_truth import OFFSETS_M, SCENES, View, Walk, edge_band, newly_seen, open_walk, see
from spag4d import SPAG4D, Gaussians, Panorama, Settings
from spag4d.geometry.equirect import solid_angle_weights
from spag4d.render.view import Rendering, render_panorama
from spag4d.splat.dome import dome_radius_m
from training.figures import weighted_median

TRUE, BUILTIN, SCALED = "true", "builtin", "builtin, scaled"
DEPTHS = (TRUE, BUILTIN, SCALED)
COLUMNS = ("sphere", "edges", "new", "open", "clear", "sky", "new px", "Gaussians", "seconds")
_FEWEST_PIXELS = 50

Row = dict[str, float]


def judge(view: View, captured: np.ndarray, shown: Rendering, settings: Settings) -> Row:
    """Compare a picture with the true view from the same place; NaN where there is nothing to compare."""
    height = view.distance.shape[0]
    area = np.broadcast_to(solid_angle_weights(height)[:, None], view.distance.shape)
    new = newly_seen(view, captured)
    error = ((shown.rgb - view.rgb) ** 2).mean(-1)
    surface = np.isfinite(view.distance)
    return {
        "sphere": decibels(error, area, np.ones_like(new)),
        "edges": decibels(error, area, edge_band(view.distance)),
        "new": decibels(error, area, new),
        "open": mean(shown.alpha < 0.5, area, surface),
        "clear": mean(1 - shown.alpha, area, surface),
        "sky": mean(dome_share(view.distance, shown, settings) > 0.5, area, _drawn(view.distance, settings)),
        "new px": mean(new, area, np.ones_like(new)),
    }


def decibels(error: np.ndarray, area: np.ndarray, where: np.ndarray) -> float:
    """Return the PSNR of squared errors in a part of the sphere, NaN where it is nearly empty."""
    if where.sum() < _FEWEST_PIXELS:
        return float("nan")
    return float(-10 * np.log10(max(mean(error, area, where), 1e-10)))


def mean(values: np.ndarray, area: np.ndarray, where: np.ndarray) -> float:
    """Return the mean by solid angle over a part of the sphere, NaN where it is empty."""
    return float(np.average(values[where], weights=area[where])) if where.any() else float("nan")


def dome_share(distance: np.ndarray, shown: Rendering, settings: Settings) -> np.ndarray:
    """Estimate how much of what shows is the dome: the drawn distance is a mean of the surface's and the dome's."""
    true, drawn = np.where(np.isfinite(distance), distance, 0), np.where(np.isfinite(shown.distance), shown.distance, 0)
    return np.clip((drawn - true) / np.maximum(dome_radius_m(settings.depth_max) - true, 1), 0, 1)


def _drawn(distance: np.ndarray, settings: Settings) -> np.ndarray:
    """Return which pixels show a surface that a scene of these settings does not count among the sky."""
    farthest = settings.sky_threshold or np.inf
    return np.isfinite(distance) & (distance < min(farthest, settings.depth_max))


def conversions(
    captured: View, settings: Settings, name: str, depths: Sequence[str]
) -> Iterator[tuple[str, Gaussians, float]]:
    """Convert the picture of the capture point with each of the depths, and tell how many seconds it took."""
    panorama = Panorama(captured.rgb, name)
    converter = SPAG4D(**settings.model_dump())
    for depth in depths:
        scale = scale_to_truth(converter, panorama, captured.distance) if depth == SCALED else 1.0
        given = captured.distance if depth == TRUE else None
        started = time.perf_counter()
        gaussians = converter.to_gaussians(panorama, depth_map=given, global_scale=settings.global_scale * scale)
        yield depth, gaussians, time.perf_counter() - started


def scale_to_truth(converter: SPAG4D, panorama: Panorama, truth: np.ndarray) -> float:
    """Return the factor that brings the median of the model's distances to the truth's, by solid angle."""
    estimated = converter.estimate_depth(panorama)
    both = np.isfinite(truth) & ~estimated.sky
    area = np.broadcast_to(solid_angle_weights(truth.shape[0])[:, None], both.shape)
    return weighted_median(truth[both] / estimated.distance[both], area[both])


def measure(walk: Walk, options: argparse.Namespace, settings: Settings) -> list[Row | dict[str, str]]:
    """Return a row for each depth and offset of one scene."""
    views = [see(walk, offset_m, options.height, options.cache) for offset_m in options.offsets]
    captured = see(walk, 0.0, options.height, options.cache)
    rows = []
    for depth, gaussians, seconds in conversions(captured, settings, walk.name, options.depths):
        for offset_m, view in zip(options.offsets, views, strict=True):
            shown = render_panorama(gaussians, options.height, view.position_m, compensated=not options.classic)
            figures = judge(view, captured.distance, shown, settings)
            figures |= {"Gaussians": len(gaussians), "seconds": seconds}
            rows.append({"scene": walk.name, "depth": depth, "offset_m": offset_m} | figures)
    return rows


def averaged(rows: list[dict]) -> list[dict]:
    """Return the means over the scenes, for each depth and offset; scenes without a figure do not count in it."""
    found = []
    for depth, offset_m in dict.fromkeys((row["depth"], row["offset_m"]) for row in rows):
        chosen = [row for row in rows if (row["depth"], row["offset_m"]) == (depth, offset_m)]
        means = {}
        for name in COLUMNS:
            values = [row[name] for row in chosen if not np.isnan(row[name])]
            means[name] = float(np.mean(values)) if values else float("nan")
        found.append({"depth": depth, "offset_m": offset_m, "scenes": len(chosen)} | means)
    return found


def print_table(rows: list[dict]) -> None:
    """Print rows of `averaged`."""
    print(f"{'depth':16}{'offset':>7}" + "".join(f"{name:>11}" for name in COLUMNS))
    for row in rows:
        cells = [f"{row[name]:11.2f}".replace("nan", "  -") for name in COLUMNS[:3]]
        cells += [f"{100 * row[name]:10.3f}%" for name in COLUMNS[3:7]]
        print(f"{row['depth']:16}{row['offset_m']:5.1f} m" + "".join(cells) + f"{row['Gaussians']:11.0f}{row['seconds']:11.2f}")


def as_json(found: Any) -> str:
    """Return figures as JSON, which has no NaN."""
    return json.dumps(json.loads(json.dumps(found), parse_constant=lambda _: None))


def parse() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scenes", type=int, default=len(SCENES), help="so many of the 20, spread over their kinds")
    parser.add_argument("--height", type=int, default=512, help="rows of the panoramas and of the views")
    parser.add_argument("--offsets", type=float, nargs="+", default=OFFSETS_M, help="metres along each scene's way")
    parser.add_argument("--depths", nargs="+", choices=DEPTHS, default=DEPTHS)
    parser.add_argument("--set", action="append", default=[], metavar="NAME=VALUE", help="a setting of the conversion")
    parser.add_argument("--classic", action="store_true", help="draw as the first rasteriser, not as web viewers")
    parser.add_argument("--cache", type=Path, help="folder that keeps the true views")
    parser.add_argument("--json", type=Path, help="file for the rows of every scene")
    return parser.parse_args()


def settings_of(pairs: list[str]) -> Settings:
    """Return settings from NAME=VALUE; the depth is the built-in model's, and nothing that has to be installed is used."""
    given = dict(pair.split("=", 1) for pair in pairs)
    return Settings.of(**{"depth_model": "builtin", "sharp_refine": False} | given)


def spread(count: int) -> list[tuple[int, str]]:
    """Return so many scenes at even distances in the list, which has kind after kind."""
    return [SCENES[int(i)] for i in np.linspace(0, len(SCENES) - 1, min(count, len(SCENES)))]


def main() -> None:
    """Measure and print."""
    options = parse()
    settings = settings_of(options.set)
    rows = []
    for seed, kind in spread(options.scenes):
        rows += measure(open_walk(seed, kind), options, settings)
        print(rows[-1]["scene"], end=" ", flush=True)
        if options.json:
            options.json.write_text(as_json(rows))
    print()
    table = averaged(rows)
    print_table(table)
    print(as_json({"height": options.height, "set": options.set, "classic": options.classic, "rows": table}))


if __name__ == "__main__":
    main()
