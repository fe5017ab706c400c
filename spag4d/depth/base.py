"""What a depth model is."""

from typing import Protocol, runtime_checkable

from spag4d.data import DepthMap, Panorama
from spag4d.progress import SILENT, Progress

SKY_DISTANCE_M = 300.0
"""Where models put the sky: behind every distance that they can distinguish."""


@runtime_checkable
class DepthModel(Protocol):
    """Estimates distance for a panorama; holds its network until it is dropped."""

    name: str

    def __init__(self, device: str = "cpu") -> None:
        """Load the weights to ``device``; raises `WeightsError` where they are missing or wrong."""
        ...

    def estimate(self, panorama: Panorama, *, progress: Progress = SILENT) -> DepthMap:
        """Return a depth map of the panorama's size: finite positive distances, and the mask of the sky."""
        ...
