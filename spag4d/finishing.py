"""What makes raw depth ready for Gaussians: stages that each take a picture with its depth and return it finished further.

The table `spag4d.conversion.STAGES` says in which order they come, when, and for what share of the time.
"""

from dataclasses import dataclass, replace

from spag4d.data import DepthMap, Panorama
from spag4d.progress import Progress
from spag4d.refine.caps import fill_caps
from spag4d.refine.edges import refine_edges
from spag4d.refine.rig import clear_rig
from spag4d.refine.sky import mark_sky
from spag4d.settings import Settings


@dataclass(frozen=True)
class Pictured:
    """A panorama and its depth, on the way to Gaussians.

    ``measured`` depth is the user's own, and kept where a model's would be guessed again; a panorama that is not ``still`` is a
    frame of a video.
    """

    panorama: Panorama
    depth: DepthMap
    measured: bool = False
    still: bool = True


def edges(pictured: Pictured, settings: Settings, progress: Progress) -> Pictured:
    """Return the depth with sharp edges, the sky marked."""
    depth = pictured.depth
    if settings.use_guided_filter:
        depth = refine_edges(depth, pictured.panorama, strength=settings.guided_strength, progress=progress)
    return replace(pictured, depth=mark_sky(depth, threshold_m=settings.sky_threshold, progress=progress))


def poles(pictured: Pictured, settings: Settings, progress: Progress) -> Pictured:
    """Return panorama and depth without caps and, in still pictures, without the camera's rig.

    In a video the rig stays: found in one frame and missed in the next it would flicker.
    """
    panorama, depth = fill_caps(pictured.panorama, pictured.depth, keep=pictured.measured, progress=progress)
    if pictured.still:
        panorama, depth = clear_rig(panorama, depth, progress=progress)
    return replace(pictured, panorama=panorama, depth=depth)
