"""The panoramas of a world under way."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

import cv2
import numpy as np

from spag4d.conversion import Run
from spag4d.data import DepthMap, Panorama, Pose
from spag4d.depth.resize import shrunk_panorama
from spag4d.photos.gps import Gps
from spag4d.reconstruction.kept_work import KeptWork, depth_from_arrays, depth_to_arrays
from spag4d.stages import Stages, resized
from spag4d.world.agree import Whole
from spag4d.world.sources import Source
from spag4d.world.sweep import FAR_M, View

WORKING_ROWS = 512
"""Rows of the pictures in which parallax is sought: 0.35° a pixel, in which it is found to a tenth."""


class Panoramas:
    """Panoramas by number: on few rows they are kept, with a single view's depth; whole ones are read when they are needed."""

    def __init__(self, stages: Stages, sources: Sequence[Source], run: Run, kept: KeptWork) -> None:
        """Take the sources, of which nothing is read yet, and the work that is ``kept`` of an earlier run."""
        self.stages, self.run, self.kept = stages, run, kept
        self.names = [source.name for source in sources]
        self.pictures: list[Panorama] = []
        self.depths: list[DepthMap] = []
        self.sizes_hw: list[tuple[int, int]] = []
        self._sources = sources

    def look(self) -> Iterator[Panorama]:
        """Yield each panorama, after its depth has been estimated."""
        for number in range(len(self._sources)):
            panorama = self.read(number)
            found = self.kept.find(f"depth-{number}")
            if found is None:
                found = kept_depth(self.stages, panorama, self.run)
                self.kept.keep(f"depth-{number}", found)
            self.pictures.append(shrunk_panorama(panorama, WORKING_ROWS))
            self.sizes_hw.append(panorama.size_hw)
            self.depths.append(depth_from_arrays(found))
            yield panorama

    def look_at_all(self) -> None:
        """Look at all panoramas, for their depth alone."""
        for _ in self.look():
            pass

    @property
    def sources(self) -> dict[str, Source]:
        """Each panorama's source, by the name under which its depth is kept."""
        return {f"depth-{number}": source for number, source in enumerate(self._sources)}

    def gps(self) -> list[Gps | None]:
        """Return where each picture says that it was taken."""
        return [source.gps() for source in self._sources]

    def read(self, number: int) -> Panorama:
        """Return a panorama, its caps painted over."""
        return read(self.stages, self._sources[number], self.run)

    def view(self, number: int, pose: Pose) -> View:
        """Return a panorama as the sweep needs it."""
        picture, depth = self.pictures[number], self.depths[number]
        known = np.ones(picture.size_hw, bool) if picture.valid is None else picture.valid
        prior = np.where(depth.sky, np.float32(FAR_M), np.minimum(depth.distance, np.float32(FAR_M)))
        return View(cv2.cvtColor(picture.rgb, cv2.COLOR_RGB2GRAY), pose, prior, known)

    def sky(self, number: int, whole: Whole) -> np.ndarray:
        """Return where (h, w) a panorama shows sky: what a single view takes for it and nothing contradicts."""
        return self.depths[number].sky & ~whole.sure & ~whole.moving

    def joint_depth(self, number: int, whole: Whole, size_hw: tuple[int, int]) -> DepthMap:
        """Return the depth of a panorama that agrees with the others."""
        single = self.depths[number]
        joint = replace(single, distance=whole.distance, sky=self.sky(number, whole), model=f"parallax and {single.model}",
                        doubt=None)
        return resized(joint, size_hw)


def read(stages: Stages, source: Source, run: Run) -> Panorama:
    """Return the panorama of a source, its caps painted over."""
    with run.stage("Reading") as listener:
        panorama = source.read(force_erp=run.settings.force_erp, progress=listener)
    return stages.painted(panorama, run)


def kept_depth(stages: Stages, panorama: Panorama, run: Run) -> dict[str, np.ndarray]:
    """Return a single view's depth on few rows, as arrays."""
    size_hw = shrunk_panorama(panorama, WORKING_ROWS).size_hw
    return depth_to_arrays(resized(stages.raw_depth(panorama, None, run), size_hw))
