"""What ``spag4d info`` reports about a scene file: its numbers, without rendering the scene."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float32

from spag4d.check.facts import invalid_values
from spag4d.formats.scene import opened_scene
from spag4d.progress import SILENT, Progress

_QUANTILES = (0.0, 0.01, 0.5, 0.99, 1.0)
"""Least, most, the middle, and what all but a hundredth keep within."""

Corner = tuple[float, float, float]
Spread = tuple[float, float, float, float, float]


@dataclass(frozen=True)
class Info:
    """A scene file in numbers.

    The box holds all means (m), the inner one all but the outermost 1 % along each axis; ``distances_m`` (from the origin),
    ``scales_m`` and ``opacities`` are the smallest, 1 %, the median, 99 % and the largest. ``invalid`` counts the Gaussians by
    fault, ``layers`` by layer; it is None where the file does not name these.
    """

    path: str
    format: str
    encoding: str
    count: int
    file_size: int
    bytes_per_gaussian: float
    box_m: tuple[Corner, Corner]
    inner_box_m: tuple[Corner, Corner]
    distances_m: Spread
    scales_m: Spread
    opacities: Spread
    invalid: dict[str, int]
    layers: dict[str, int] | None
    comments: list[str]

    def to_json(self) -> str:
        """Return one line of JSON."""
        return json.dumps(asdict(self))

    def to_text(self) -> str:
        """Return lines for people."""
        box = " × ".join(f"{high - low:.2f}" for low, high in zip(*self.box_m, strict=True))
        inner = " ".join(f"{axis} {low:.2f} to {high:.2f}," for axis, low, high in zip("xyz", *self.inner_box_m, strict=True))
        rows = {
            "file": f"{self.encoding}, {self.file_size / 1e6:.1f} MB, {self.bytes_per_gaussian:.1f} bytes per Gaussian",
            "box": f"{box} m; 98 % within {inner.rstrip(',')} m",
            "distance": f"{self.distances_m[0]:.2f} to {self.distances_m[4]:.2f} m, median {self.distances_m[2]:.2f} m",
            "scale": f"{self.scales_m[0]:.2g} to {self.scales_m[4]:.2g} m, median {self.scales_m[2]:.2g} m",
            "opacity": f"{self.opacities[0]:.2f} to {self.opacities[4]:.2f}, median {self.opacities[2]:.2f}",
            "invalid": ", ".join(f"{fault}: {count:,}" for fault, count in self.invalid.items()) or "nothing",
        }
        if self.layers is not None:
            rows["layers"] = ", ".join(f"{name} {count:,}" for name, count in self.layers.items())
        lines = [f"{self.path}: {self.count:,} Gaussians", *(f"  {name:<9}{words}" for name, words in rows.items())]
        return "\n".join([*lines, *(f"  comment  {comment}" for comment in self.comments)])


def describe(path: Path, *, progress: Progress = SILENT) -> Info:
    """Return the facts of a scene file, also of an empty one; raises `InputError` where it cannot be read."""
    with opened_scene(path) as scene:
        raw = scene.raw(scene.read(progress=progress))
        layers = scene.layers(raw)
        counts = None if layers is None else layers.counts
        label, encoding, comments = scene.format.label, scene.encoding, scene.comments
    size, count = _bytes(path), len(raw.means)
    means = raw.means[np.isfinite(raw.means).all(1)]
    low, inner_low, inner_high, high = (_corner(means, share) for share in (0.0, 0.01, 0.99, 1.0))
    return Info(
        path=str(path), format=label, encoding=encoding, count=count, file_size=size,
        bytes_per_gaussian=round(size / max(count, 1), 2), box_m=(low, high), inner_box_m=(inner_low, inner_high),
        distances_m=_spread(np.linalg.norm(means, axis=1)), scales_m=_spread(raw.scales.ravel()),
        opacities=_spread(raw.opacities), invalid=invalid_values(raw), layers=counts, comments=comments)


def _bytes(path: Path) -> int:
    return sum(file.stat().st_size for file in path.iterdir() if file.is_file()) if path.is_dir() else path.stat().st_size


def _corner(means: Float32[np.ndarray, "n 3"], share: float) -> Corner:
    found = np.quantile(means, share, axis=0) if len(means) else np.zeros(3)
    return tuple(round(float(value), 4) for value in found)  # type: ignore[return-value]


def _spread(values: Float32[np.ndarray, " n"]) -> Spread:
    usable = values[np.isfinite(values)]
    found = np.quantile(usable, _QUANTILES) if len(usable) else np.zeros(len(_QUANTILES))
    return tuple(float(f"{value:.5g}") for value in found)  # type: ignore[return-value]
