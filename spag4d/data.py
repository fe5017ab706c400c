"""What flows between the stages, and the conventions that hold everywhere.

Frame
    Right-handed, **x right, y down, z forward** (OpenCV, COLMAP, 3DGS PLY files, SHARP). The capture point is the origin.
    The centre column of the panorama looks along +z, a quarter turn to the right along +x, the zenith is -y. Viewers that
    are y-up apply the half turn themselves; the files do not.
Equirectangular pixels
    Column ``i`` has azimuth ``2π (i + 0.5) / W - π``, row ``j`` has elevation ``π/2 - π (j + 0.5) / H``. Always pixel
    centres, always wrapping in azimuth.
Distance
    Along the ray, in metres (or scene units where ``kind`` is "relative"). Planar z exists only inside `geometry.camera`
    and the wrappers of perspective models.
Gaussians
    Activated in memory: metres, standard deviations, unit quaternions in wxyz, opacity 0–1, sRGB 0–1. Logit, log and the
    spherical-harmonic encoding of ``colors`` exist only inside `io`. What colour changes with the direction of view is ``sh``
    (see `Gaussians`).
Names
    Suffixes carry units and order (``_m _px _rad _deg _s _hw _wxyz``); transforms are ``a_from_b``; arrays are ``h w``.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from functools import cached_property
from itertools import accumulate, pairwise
from typing import Literal, Protocol, TypeVar, runtime_checkable

import numpy as np
from jaxtyping import Bool, Float32, Float64, Int64

DepthKind = Literal["metric", "relative"]
Members = Bool[np.ndarray, " n"] | Int64[np.ndarray, " m"] | slice
Points3 = Float32[np.ndarray, "... 3"] | Float64[np.ndarray, "... 3"]

DEPTH_UNIT_KEY = "metres_per_count"
"""Text entry of a 16-bit PNG that records a depth map's unit; the writer and the reader share it."""


def _require(condition: bool, message: str) -> None:
    if not condition:
        raise ValueError(message)


@dataclass(frozen=True)
class Panorama:
    """A full-sphere equirectangular picture.

    ``rgb`` (h, w, 3) is sRGB 0–1 with ``w == 2 h``; ``valid`` (h, w) is False where the picture holds nothing (black nadir,
    outside of a crop), None where all of it is valid; ``time_s`` is the time of a video frame.
    """

    rgb: Float32[np.ndarray, "h w 3"]
    name: str = "panorama"
    time_s: float = 0.0
    valid: Bool[np.ndarray, "h w"] | None = None

    def __post_init__(self) -> None:
        """Check that the sizes fit together."""
        _require(self.rgb.ndim == 3 and self.rgb.shape[2] == 3, f"rgb has shape {self.rgb.shape}, expected (h, w, 3)")
        height, width = self.size_hw
        _require(width == 2 * height, f"a panorama is twice as wide as high, got width {width} and height {height}")
        if self.valid is not None:
            _require(self.valid.shape == (height, width), f"valid has shape {self.valid.shape}, rgb {(height, width)}")

    @property
    def size_hw(self) -> tuple[int, int]:
        """Height and width in pixels."""
        return self.rgb.shape[0], self.rgb.shape[1]


@dataclass(frozen=True)
class DepthMap:
    """Distance along the ray for every pixel of a panorama.

    ``distance`` (h, w) is finite and positive everywhere; ``sky`` (h, w) marks pixels that belong to no surface; ``kind`` is
    whether distances are metres; ``model`` names the maker; ``metres_from`` names the source of the metres where it is not the
    model: another model, or the height of the camera; ``scale_sigma`` is the standard deviation of the log of the scale, None
    where it was measured or is unknown; ``doubt`` is a coarse panorama of the expected relative error of ``distance``, None
    where it is unknown.
    """

    distance: Float32[np.ndarray, "h w"]
    sky: Bool[np.ndarray, "h w"]
    kind: DepthKind = "metric"
    model: str = "unknown"
    metres_from: str = ""
    scale_sigma: float | None = None
    doubt: Float32[np.ndarray, "rows columns"] | None = None

    def __post_init__(self) -> None:
        """Check that the sizes fit together."""
        _require(self.distance.ndim == 2, f"distance has shape {self.distance.shape}, expected (h, w)")
        _require(self.sky.shape == self.distance.shape, f"sky has shape {self.sky.shape}, distance {self.distance.shape}")

    @property
    def size_hw(self) -> tuple[int, int]:
        """Height and width in pixels."""
        return self.distance.shape[0], self.distance.shape[1]

    def scaled(self, factor: float) -> "DepthMap":
        """Return the same scene ``factor`` times as large."""
        return self if factor == 1 else replace(self, distance=self.distance * np.float32(factor))

    def reach(self, valid: Bool[np.ndarray, "h w"] | None = None) -> tuple[float, float] | None:
        """Return the distance of the nearest and the farthest surface, or None where all is sky or not ``valid``."""
        surfaces = self.distance[~self.sky if valid is None else ~self.sky & valid]
        return (float(surfaces.min()), float(surfaces.max())) if surfaces.size else None


@dataclass(frozen=True)
class Pose:
    """A rigid motion: ``x_world = rotation @ x_camera + translation``."""

    rotation: Float64[np.ndarray, "3 3"]
    translation: Float64[np.ndarray, "3"]

    def __post_init__(self) -> None:
        """Check that the matrix is a rotation: orthogonal, not a reflection."""
        _require(self.rotation.shape == (3, 3), f"rotation has shape {self.rotation.shape}, expected (3, 3)")
        _require(self.translation.shape == (3,), f"translation has shape {self.translation.shape}, expected (3,)")
        error = float(np.abs(self.rotation @ self.rotation.T - np.eye(3)).max())
        determinant = float(np.linalg.det(self.rotation))
        _require(error < 1e-6 and determinant > 0, f"not a rotation: |R Rᵀ - 1| = {error:.2g}, det = {determinant:.2g}")

    @staticmethod
    def identity() -> "Pose":
        """The pose of the capture point itself."""
        return Pose(np.eye(3), np.zeros(3))

    def to_camera(self, points: Points3) -> Points3:
        """Return points (…, 3) of the world in the camera's axes, in their own precision."""
        return (points - self.translation.astype(points.dtype)) @ self.rotation.astype(points.dtype)


@dataclass(frozen=True)
class View:
    """Where one stands, and what one looks at."""

    position_m: tuple[float, float, float]
    look_at_m: tuple[float, float, float]


@dataclass(frozen=True)
class PinholeCamera:
    """A perspective view: size and intrinsics in pixels (centre of pixel (0, 0) at (0.5, 0.5)), and its pose."""

    width: int
    height: int
    fx: float
    fy: float
    cx: float
    cy: float
    world_from_camera: Pose

    def __post_init__(self) -> None:
        """Check that size and focal lengths are positive."""
        _require(self.width > 0 and self.height > 0, f"a view needs at least one pixel, got {self.width} x {self.height}")
        _require(self.fx > 0 and self.fy > 0, f"focal lengths must be positive, got fx {self.fx} and fy {self.fy}")

    def scaled(self, factor: float) -> "PinholeCamera":
        """Return the same view in ``factor`` times as many pixels across and down."""
        width, height = round(self.width * factor), round(self.height * factor)
        return PinholeCamera(width, height, factor * self.fx, factor * self.fy, factor * self.cx, factor * self.cy,
                             self.world_from_camera)

    def moved(self, position_m: Float64[np.ndarray, "3"]) -> "PinholeCamera":
        """Return the camera at another place, looking as before."""
        return replace(self, world_from_camera=Pose(self.world_from_camera.rotation, np.asarray(position_m, np.float64)))


SH_COUNTS = (0, 3, 8, 15)
"""Number of coefficients of view-dependent colour by the highest degree, 0 to 3."""


@dataclass(frozen=True)
class Gaussians:
    """``n`` anisotropic Gaussians: means and scales (standard deviations) in metres, colours in sRGB 0–1.

    ``sh`` (n, k, 3), None where colour is the same from everywhere, are the coefficients of the real spherical harmonics of
    degree 1 (k = 3), 2 (k = 8) or 3 (k = 15): degree by degree, within each by order m = -l … l, and red, green, blue last.
    Signs are those of 3DGS files (with the Condon-Shortley phase). Seen along the unit vector ``d`` from the eye to its mean,
    a Gaussian has the colour ``max(colors + Σ sh_j Y_j(d), 0)``, where ``colors`` alone may then lie outside of 0–1.
    """

    means: Float32[np.ndarray, "n 3"]
    scales: Float32[np.ndarray, "n 3"]
    quats_wxyz: Float32[np.ndarray, "n 4"]
    opacities: Float32[np.ndarray, " n"]
    colors: Float32[np.ndarray, "n 3"]
    sh: Float32[np.ndarray, "n k 3"] | None = None

    def __post_init__(self) -> None:
        """Check that all arrays describe the same number of Gaussians."""
        count = self.means.shape[0]
        for name, width in _WIDTHS.items():
            shape = getattr(self, name).shape
            _require(shape == (count, *width), f"{name} has shape {shape}, expected {(count, *width)}")
        if self.sh is not None:
            _require(self.sh.shape in [(count, k, 3) for k in SH_COUNTS[1:]],
                     f"sh has shape {self.sh.shape}, expected ({count}, k, 3) with k = 3, 8 or 15")

    def __len__(self) -> int:
        """Return the number of Gaussians."""
        return self.means.shape[0]

    @property
    def arrays(self) -> dict[str, np.ndarray]:
        """All values by the name of their field, a row for each Gaussian; without ``sh`` where that is None."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        return {name: value for name, value in values.items() if value is not None}

    @property
    def sh_degree(self) -> int:
        """Highest degree of view-dependent colour, 0 to 3."""
        return 0 if self.sh is None else SH_COUNTS.index(self.sh.shape[1])

    def select(self, members: Members) -> "Gaussians":
        """Return the Gaussians that a mask (n,) marks or whose indices (m,) are given, or a slice of them as views.

        A mask that marks all of them copies nothing.
        """
        if not isinstance(members, slice) and members.dtype == bool and members.all():
            return self
        return Gaussians(**{name: values[members] for name, values in self.arrays.items()})

    @property
    def joined(self) -> "Gaussians":
        """These Gaussians; of `Layers` all that they have."""
        return self

    def changed(self, change: "Callable[[Gaussians], Gaussians]") -> "Gaussians":
        """Return what ``change`` makes of the Gaussians, as `Layers.changed` does."""
        return change(self)

    def overwrite(self, values: "Gaussians") -> None:
        """Write the values of as many other Gaussians of the same degree over these."""
        for name, target in self.arrays.items():
            target[:] = values.arrays[name]

    @staticmethod
    def concatenate(parts: "Sequence[Gaussians]") -> "Gaussians":
        """Join several sets into one, in their order; nothing is copied where only one has members.

        Where any has ``sh``, those of a lower degree get coefficients of zero.
        """
        parts = [part for part in parts if len(part)] or [Gaussians.empty()]
        if len(parts) == 1:
            return parts[0]
        sh = _sh_of_all(parts, SH_COUNTS[max(part.sh_degree for part in parts)])
        return Gaussians(**{name: np.concatenate([getattr(part, name) for part in parts]) for name in _WIDTHS}, sh=sh)

    @staticmethod
    def empty() -> "Gaussians":
        """A set without members."""
        return Gaussians.unfilled(0)

    @staticmethod
    def unfilled(count: int) -> "Gaussians":
        """Return Gaussians whose values, all but ``sh``, are still to be written."""
        return Gaussians(**{name: np.empty((count, *width), np.float32) for name, width in _WIDTHS.items()})


_WIDTHS: dict[str, tuple[int, ...]] = {"means": (3,), "scales": (3,), "quats_wxyz": (4,), "opacities": (), "colors": (3,)}
"""How many numbers each Gaussian has of the fields that are always there."""


def _sh_of_all(parts: Sequence[Gaussians], k: int) -> Float32[np.ndarray, "n k 3"] | None:
    if not k:
        return None
    sh = np.zeros((sum(map(len, parts)), k, 3), np.float32)
    start = 0
    for part in parts:
        if part.sh is not None:
            sh[start:start + len(part), :part.sh.shape[1]] = part.sh
        start += len(part)
    return sh


@dataclass(frozen=True)
class Moving:
    """Gaussians that are there for a time, and move straight meanwhile.

    Each is there from ``windows_s[:, 0]`` until just before ``windows_s[:, 1]``. At the time t its mean is
    ``means + velocities (t - centers_s)``, with velocities in m/s, and its opacity is multiplied by
    ``exp(-½ ((t - centers_s) / sigmas_s)²)``; a sigma is infinite where a Gaussian does not fade.
    """

    gaussians: Gaussians
    velocities: Float32[np.ndarray, "n 3"]
    centers_s: Float64[np.ndarray, " n"]
    sigmas_s: Float64[np.ndarray, " n"]
    windows_s: Float64[np.ndarray, "n 2"]

    def __post_init__(self) -> None:
        """Check that all arrays describe the same number of Gaussians."""
        count = len(self.gaussians)
        for name, width in (("velocities", (3,)), ("centers_s", ()), ("sigmas_s", ()), ("windows_s", (2,))):
            shape = getattr(self, name).shape
            _require(shape == (count, *width), f"{name} has shape {shape}, expected {(count, *width)}")

    def __len__(self) -> int:
        """Return the number of Gaussians."""
        return len(self.gaussians)

    @staticmethod
    def still(gaussians: Gaussians, first_s: float, last_s: float) -> "Moving":
        """Return Gaussians that stand still from ``first_s`` until just before ``last_s``."""
        count = len(gaussians)
        return Moving(gaussians, np.zeros((count, 3), np.float32), np.zeros(count), np.full(count, np.inf),
                      np.tile(np.array([first_s, last_s], np.float64), (count, 1)))

    def select(self, members: Members) -> "Moving":
        """Return the Gaussians that a mask marks or whose indices are given, or a slice of them."""
        return Moving(self.gaussians.select(members), self.velocities[members], self.centers_s[members], self.sigmas_s[members],
                      self.windows_s[members])

    def at(self, time_s: float, faintest: float = 0.0) -> Gaussians:
        """Return what is there at a time, without what has faded below the share ``faintest`` of its opacity."""
        first, last = self.windows_s.T
        offset_s = time_s - self.centers_s
        with np.errstate(over="ignore", invalid="ignore"):  # of foreign files: what is not finite then is left out by others
            left = np.exp(-0.5 * np.square(offset_s / np.maximum(self.sigmas_s, _SHORTEST_S)))
            there = (first <= time_s) & (time_s < last) & (left >= faintest)
            found = self.gaussians.select(there)
            means = found.means + self.velocities[there] * offset_s[there, None]
            return replace(found, means=means.astype(np.float32), opacities=(found.opacities * left[there]).astype(np.float32))


_SHORTEST_S = 1e-9
"""Of a fade, so that nothing is divided by zero: a nanosecond is shorter than any picture."""


@dataclass(frozen=True)
class Layers:
    """The Gaussians of a scene by what they are for.

    ``fine`` are the narrow ones of the surfaces that the photograph shows and ``backing`` the wide ones that close the gaps
    between these; ``sky`` is the backdrop beyond all surfaces; ``behind`` is what surfaces hide from the capture point.
    """

    fine: Gaussians = field(default_factory=Gaussians.empty)
    backing: Gaussians = field(default_factory=Gaussians.empty)
    sky: Gaussians = field(default_factory=Gaussians.empty)
    behind: Gaussians = field(default_factory=Gaussians.empty)

    def __len__(self) -> int:
        """Return the number of Gaussians in all layers."""
        return sum(self.counts.values())

    @property
    def counts(self) -> dict[str, int]:
        """How many Gaussians each layer has."""
        return {name: len(getattr(self, name)) for name in LAYERS}

    @property
    def joined(self) -> Gaussians:
        """All Gaussians as one set, layer by layer in the order of `LAYERS`; made once and kept."""
        return self._joined

    @cached_property
    def _joined(self) -> Gaussians:
        return Gaussians.concatenate([getattr(self, name) for name in LAYERS])

    @staticmethod
    def split(joined: Gaussians, counts: Mapping[str, int]) -> "Layers":
        """Return as views the layers of a set that was `joined`; ``counts`` is how many each has, none where it is missing."""
        ends = accumulate((counts.get(name, 0) for name in LAYERS), initial=0)
        stretches = [slice(first, last) for first, last in pairwise(ends)]
        _require(stretches[-1].stop == len(joined), f"the layers have {stretches[-1].stop} Gaussians, not {len(joined)}")
        layers = Layers(*map(joined.select, stretches))
        vars(layers)["_joined"] = joined  # so that nobody copies them again
        return layers

    def select(self, members: Bool[np.ndarray, " n"]) -> "Layers":
        """Return the Gaussians that a mask over all of them, in the order of ``joined``, marks."""
        ends = list(accumulate(self.counts.values(), initial=0))
        kept = [int(np.count_nonzero(members[first:last])) for first, last in pairwise(ends)]
        return Layers.split(self.joined.select(members), dict(zip(LAYERS, kept, strict=True)))

    def changed(self, change: Callable[[Gaussians], Gaussians]) -> "Layers":
        """Return the layers of what ``change`` makes of all Gaussians at once, which keeps their number and order."""
        return Layers.split(change(self.joined), self.counts)

    def without(self, names: Sequence[str]) -> "Layers":
        """Return the layers but for those that are named."""
        return replace(self, **{name: Gaussians.empty() for name in names})


LAYERS = tuple(field.name for field in fields(Layers))
"""The names of the layers, in the order in which files hold them."""

_Kind = TypeVar("_Kind")


@runtime_checkable
class Scene(Protocol):
    """`Layers`, or `Gaussians` where nobody knows to which layer they belong."""

    def __len__(self) -> int:
        """Return the number of Gaussians."""
        ...

    @property
    def joined(self) -> Gaussians:
        """All Gaussians as one set."""
        ...

    def select(self: _Kind, members: Bool[np.ndarray, " n"]) -> _Kind:
        """Return the Gaussians that a mask over all of them marks."""
        ...

    def changed(self: _Kind, change: Callable[[Gaussians], Gaussians]) -> _Kind:
        """Return what ``change`` makes of all Gaussians at once, which keeps their number and order."""
        ...


AnyScene = TypeVar("AnyScene", bound=Scene)
