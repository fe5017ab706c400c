"""Surfaces become Gaussians: a fine one for each cell of the spherical grid, and a backing layer of a few per cent more."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Bool, Float32

from spag4d.color import srgb_from_linear
from spag4d.data import DepthMap, Gaussians, Panorama
from spag4d.progress import SILENT, Progress
from spag4d.splat.backing import BLOCK, SD_PITCHES, Backing, backing
from spag4d.splat.color_solve import solved_colors
from spag4d.splat.colors import Light, light_of_rows, ring_means
from spag4d.splat.look import Look
from spag4d.splat.orient import allocate, part, place
from spag4d.splat.sphere_grid import Cells, SphereGrid
from spag4d.splat.surface import InverseMap, inverse_map, patches_at

_CELLS_PER_BAND = 1 << 17
"""The temporaries of a band stay in the cache."""
_BACKED_WITHIN = 0.7
"""A cell counts as backed by a Gaussian at less than 1/0.7 of its distance."""

Band = tuple[int, int]


def grid_gaussians(
    panorama: Panorama,
    depth: DepthMap,
    *,
    look: Look | None = None,
    depth_min_m: float = 0.1,
    depth_max_m: float = 100.0,
    progress: Progress = SILENT,
) -> Gaussians:
    """Return the surfaces of a panorama as Gaussians: first the fine layer, ring by ring from the zenith, then the backing.

    Nearer than ``depth_min_m`` nothing is drawn, farther than
    ``depth_max_m`` it is drawn at that distance. Sky and invalid pixels become no Gaussians. Raises `ValueError` where
    panorama and depth map differ in size.
    """
    look = look or Look()
    surface = inverse_map(panorama, depth, look.stride, (depth_min_m, depth_max_m))
    return cover(panorama, surface, surface, look, progress)


def cover(
    panorama: Panorama, fine: InverseMap, wide: InverseMap, look: Look, progress: Progress = SILENT, stage: str = "gaussians"
) -> Gaussians:
    """Return Gaussians in the picture's colours: narrow ones on the surfaces of ``fine``, wide ones behind ``wide``."""
    layers = _Layers(panorama, fine, wide, look, SphereGrid.of_rows(panorama.size_hw[0], BLOCK * look.stride))
    bands = list(layers.bands())
    with ThreadPoolExecutor() as pool:
        kept = list(pool.map(layers.occupied, bands))
        ends = np.cumsum([0] + [int(keep.sum()) for keep in kept])
        room = int(layers.coarse.counts.sum()) if look.backing else 0
        out = allocate(int(ends[-1]) + room)
        targets = [part(out, int(first), int(last)) for first, last in zip(ends[:-1], ends[1:], strict=True)]
        backs = []
        for back in pool.map(layers.fill, bands, kept, targets):
            backs.append(back)
            progress.report(stage, len(backs), len(bands))
    end = int(ends[-1])
    for back in backs:
        _copy(back, part(out, end, end + len(back)))
        end += len(back)
    fine_end = int(ends[-1])
    surfaces, behind = part(out, 0, fine_end), part(out, fine_end, end)
    surfaces.colors[:] = solved_colors(surfaces, behind, panorama, progress=progress)
    return part(out, 0, end)


@dataclass(frozen=True)
class _Layers:
    """Both layers of one picture, made band by band; a band is a range of rings of the coarse grid."""

    panorama: Panorama
    fine: InverseMap
    wide: InverseMap
    look: Look
    coarse: SphereGrid

    def bands(self) -> Iterator[Band]:
        rings = max(1, _CELLS_PER_BAND // (BLOCK * self.fine.columns))
        for first in range(0, len(self.coarse), rings):
            yield first, min(first + rings, len(self.coarse))

    def _cells(self, band: Band) -> Cells:
        first, last = band
        return self.fine.grid.cells(first * BLOCK, min(last * BLOCK, len(self.fine.grid)))

    def occupied(self, band: Band) -> Bool[np.ndarray, " n"]:
        return self.fine.occupied(self._cells(band))

    def fill(self, band: Band, keep: np.ndarray, out: Gaussians) -> Gaussians:
        """Write a band of the fine layer to ``out`` and return its backing."""
        first, last = band
        height, stride = self.panorama.size_hw[0], self.look.stride
        if not len(out) and not self.wide.inverse[first * BLOCK : last * BLOCK].any():
            return Gaussians.empty()
        light = light_of_rows(self.panorama, first * BLOCK * stride, min(last * BLOCK * stride, height))
        back = backing(self.wide, self.coarse, first, last) if self.look.backing else None
        self._fill_fine(band, keep, light, back, out)
        return self._wide_gaussians(back, light, first) if back else Gaussians.empty()

    def _fill_fine(self, band: Band, keep: np.ndarray, light: Light, back: Backing | None, out: Gaussians) -> None:
        cells = self._cells(band).where(keep)
        patches = patches_at(self.fine, cells)
        pitches = np.full(len(cells), self.look.lone_sd, np.float32)
        if back:
            pitches[self._is_backed(cells, patches.distance, back, band)] = self.look.backed_sd
        sd_m = pitches * patches.distance * np.float32(self.fine.grid.pitch_rad)
        place(out, self.fine.grid, cells, patches, sd_m, self.look.thickness)
        means = ring_means(light, self.fine.grid, band[0] * BLOCK, self.look.stride)
        out.colors[:] = srgb_from_linear(means[keep])
        out.opacities[:] = self.look.opacity

    def _is_backed(self, cells: Cells, distance: np.ndarray, back: Backing, band: Band) -> Bool[np.ndarray, " n"]:
        start, end = self.coarse.starts[list(band)]
        inverse = np.zeros(end - start, np.float32)
        inverse[self.coarse.index(back.cells.ring, back.cells.turn) - start] = 1 / back.patches.distance
        behind = inverse[self.coarse.index(cells.ring // BLOCK, cells.turn) - start]
        return behind * distance > _BACKED_WITHIN

    def _wide_gaussians(self, back: Backing, light: Light, first: int) -> Gaussians:
        out = allocate(len(back.cells))
        sd_m = np.float32(SD_PITCHES * self.coarse.pitch_rad) * back.patches.distance
        place(out, self.coarse, back.cells, back.patches, sd_m, self.look.thickness)
        out.colors[:] = srgb_from_linear(self._mean_light(back, light, first * BLOCK))
        out.opacities[:] = self.look.opacity
        return out

    def _mean_light(self, back: Backing, light: Light, first_ring: int) -> Float32[np.ndarray, "n 3"]:
        """Return the mean light of the cells that belong to the surface of each backing Gaussian."""
        rings = -(-light.shape[0] // self.look.stride)
        small = cv2.resize(light, (self.wide.columns, rings), interpolation=cv2.INTER_AREA)
        total = np.zeros((len(back.cells), 4), np.float32)
        for ring, column, member in zip(back.ring, back.column, back.member, strict=True):
            row = np.minimum(ring - first_ring, rings - 1)
            total += small[row, column % self.wide.columns] * member[:, None]
        return total[:, :3] / np.maximum(total[:, 3:], np.float32(1e-6))


def _copy(source: Gaussians, target: Gaussians) -> None:
    for name in ("means", "scales", "quats_wxyz", "opacities", "colors"):
        getattr(target, name)[:] = getattr(source, name)
