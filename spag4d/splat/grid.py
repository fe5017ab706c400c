"""Surfaces become Gaussians: a fine one for each cell of the spherical grid, and a backing layer of a few per cent more."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from jaxtyping import Bool, Float32

from spag4d.data import DepthMap, Gaussians, Layers, Panorama
from spag4d.progress import SILENT, Progress
from spag4d.splat.backing import BLOCK, SD_PITCHES, Backing, backing, member_colors, spread_of
from spag4d.splat.color_solve import solved_colors
from spag4d.splat.colors import Light, light_of_rows
from spag4d.splat.fine import Fine, Piece, UniformCells, rows_per_ring
from spag4d.splat.gaussian_shape import Look
from spag4d.splat.orient import place
from spag4d.splat.sphere_grid import Cells, SphereGrid
from spag4d.splat.surface import InverseMap, inverse_map, patches_at
from spag4d.splat.surface_kernels import least_behind

_CELLS_PER_BAND = 1 << 17
"""The temporaries of a band stay in the cache."""
_BACKED_WITHIN = 0.7
"""A cell counts as backed by a Gaussian at less than 1/0.7 of its distance."""

Band = tuple[int, int]


def grid_gaussians(
    panorama: Panorama,
    depth: DepthMap,
    *,
    stride: int = 2,
    look: Look | None = None,
    near_m: float = 0.1,
    far_m: float = 100.0,
    progress: Progress = SILENT,
) -> Layers:
    """Return the surfaces of a panorama as Gaussians: the fine layer, ring by ring from the zenith, and its backing.

    A cell has ``stride`` × ``stride`` pixels. Nearer than ``near_m`` nothing is drawn, farther than ``far_m`` it is
    drawn at that distance. Sky and invalid pixels become no Gaussians. Raises `ValueError` where panorama and depth map differ
    in size.
    """
    look = look or Look()
    surface = inverse_map(panorama, depth, stride, (near_m, far_m))
    return cover(panorama, UniformCells(surface, stride), surface, look, progress)


def cover(
    panorama: Panorama, fine: Fine, wide: InverseMap, look: Look, progress: Progress = SILENT, stage: str = "gaussians"
) -> Layers:
    """Return Gaussians in the picture's colours: narrow ones in the cells of ``fine``, wide ones behind ``wide`` as backing."""
    stride = rows_per_ring(wide.grid, panorama.size_hw[0])
    picture = _Picture(panorama, fine, wide, look, stride, SphereGrid.of_rows(panorama.size_hw[0], BLOCK * stride))
    bands = list(picture.bands())
    with ThreadPoolExecutor() as pool:
        kept = list(pool.map(picture.occupied, bands))
        ends = np.cumsum([0] + [int(keep.sum()) for keep in kept])
        room = int(picture.coarse.counts.sum()) if look.backing else 0
        out = Gaussians.unfilled(int(ends[-1]) + room)
        targets = [out.select(slice(first, last)) for first, last in pairwise(ends.tolist())]
        backs = []
        for back in pool.map(picture.fill, bands, kept, targets):
            backs.append(back)
            progress.report(stage, len(backs), len(bands))
    fine_end = end = int(ends[-1])
    for back in backs:
        out.select(slice(end, end + len(back))).overwrite(back)
        end += len(back)
    layers = Layers.split(out.select(slice(0, end)), {"fine": fine_end, "backing": end - fine_end})
    layers.fine.colors[:] = solved_colors(layers.fine, layers.backing, panorama, progress=progress)
    return layers


@dataclass(frozen=True)
class _Picture:
    """Both layers of one picture, made band by band; a band is a range of rings of the coarse grid.

    ``stride`` is the number of pixel rows in a ring of ``wide``.
    """

    panorama: Panorama
    fine: Fine
    wide: InverseMap
    look: Look
    stride: int
    coarse: SphereGrid

    def bands(self) -> Iterator[Band]:
        rings = max(1, _CELLS_PER_BAND // (BLOCK * self.wide.columns))
        aligned = max(1, self.fine.rows_together // (BLOCK * self.stride))
        rings = -(-rings // aligned) * aligned
        for first in range(0, len(self.coarse), rings):
            yield first, min(first + rings, len(self.coarse))

    def _rows(self, band: Band) -> Band:
        """Return the rows of the picture in a band."""
        first, last = band
        return first * BLOCK * self.stride, min(last * BLOCK * self.stride, self.panorama.size_hw[0])

    def occupied(self, band: Band) -> Bool[np.ndarray, " n"]:
        kept = [piece.surface.occupied(piece.cells) for piece in self.fine.pieces(*self._rows(band))]
        return np.concatenate(kept or [np.zeros(0, bool)])

    def fill(self, band: Band, keep: np.ndarray, out: Gaussians) -> Gaussians:
        """Write a band of the fine layer to ``out`` and return its backing."""
        first, last = band
        if not len(out) and not self.wide.inverse[first * BLOCK : last * BLOCK].any():
            return Gaussians.empty()
        light = light_of_rows(self.panorama, *self._rows(band))
        back = backing(self.wide, self.coarse, first, last) if self.look.backing else None
        behind = self._inverse_behind(back, band) if back else None
        start = done = 0
        for piece in self.fine.pieces(*self._rows(band)):
            chosen = keep[start : start + len(piece.cells)]
            end = done + int(chosen.sum())
            if end > done:
                self._fill_fine(piece, chosen, light, behind, band, out.select(slice(done, end)))
            start, done = start + len(piece.cells), end
        return self._wide_gaussians(back, light, first) if back else Gaussians.empty()

    def _fill_fine(
        self, piece: Piece, keep: np.ndarray, light: Light, behind: np.ndarray | None, band: Band, out: Gaussians
    ) -> None:
        surface, cells = piece.surface, piece.cells.where(keep)
        patches = patches_at(surface, cells)
        pitches = np.full(len(cells), self.look.lone_sd, np.float32)
        if behind is not None:
            backed = self._inverse_at(cells, surface.grid, behind, band) * patches.distance > _BACKED_WITHIN
            pitches[backed] = self.look.backed_sd
        sd_m = pitches * patches.distance * np.float32(surface.grid.pitch_rad)
        place(out, surface.grid, cells, patches, sd_m, self.look.thickness)
        out.colors[:] = piece.colors(light, self._rows(band)[0], keep)
        out.opacities[:] = self.look.opacity

    def _inverse_behind(self, back: Backing, band: Band) -> Float32[np.ndarray, " cells"]:
        """Return the inverse distance of the backing in each cell of a band of the coarse grid, zero without a backing."""
        start, end = self.coarse.starts[list(band)]
        inverse = np.zeros(end - start, np.float32)
        inverse[self.coarse.index(back.cells.ring, back.cells.turn) - start] = 1 / back.patches.distance
        return inverse

    def _inverse_at(
        self, cells: Cells, grid: SphereGrid, behind: np.ndarray, band: Band
    ) -> Float32[np.ndarray, " n"]:
        """Return the least that is ``behind`` fine cells: one that covers several of the coarse grid needs them all."""
        height, coarse_rows = self.panorama.size_hw[0], BLOCK * self.stride
        size = rows_per_ring(grid, height)
        parts = max(1, size // coarse_rows)
        coarse = self.coarse.starts - self.coarse.starts[band[0]], self.coarse.counts
        least, widths = np.empty(len(cells), np.float32), (1 / grid.counts / parts).astype(np.float32)
        least_behind((cells.ring, cells.turn), behind, coarse, (size, height), coarse_rows, (parts, widths), least)
        return least

    def _wide_gaussians(self, back: Backing, light: Light, first: int) -> Gaussians:
        out = Gaussians.unfilled(len(back.cells))
        sd_m = np.float32(SD_PITCHES * self.coarse.pitch_rad) * back.patches.distance
        place(out, self.coarse, back.cells, back.patches, sd_m, self.look.thickness)
        cells = back.cells.ring, back.cells.turn, spread_of(self.coarse, self.wide.columns), back.members
        member_colors(light, first * BLOCK, self.stride, self.wide.columns, cells, out.colors)
        out.opacities[:] = self.look.opacity
        return out
