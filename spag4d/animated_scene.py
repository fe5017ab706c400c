"""A still panorama comes alive: its scene, and of what moves the copies that loop; or a film of it."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from spag4d.animate.copies import flowing, reach_deg, swaying
from spag4d.animate.fields import Field, fields_of
from spag4d.animate.film import film
from spag4d.animate.motions import CLOUDS, Motion
from spag4d.clips.movie import write_movie
from spag4d.conversion import ConversionResult, Run
from spag4d.data import DepthMap, Gaussians, Moving, Panorama
from spag4d.depth.resize import shrunk_panorama
from spag4d.errors import InputError
from spag4d.formats.moving import Timeline, write_moving
from spag4d.stages import Stages

MOVIE = ".mp4"
FPS = 24.0
"""Pictures a second, of films and of what plays the scene."""
_MOST_ROWS = 2048
"""Of a film: players decode 4096 pixels across, and not many more."""
_USUAL = 0.5
"""Degrees a second at which clouds drift where nothing else is asked for: a sky that is seen to move, and does not race."""


def write_animation(
    stages: Stages, run: Run, finished: tuple[Panorama, DepthMap], output: Path, motions: Sequence[Motion], loop_s: float,
    started: float,
) -> ConversionResult:
    """Write a panorama whose depth is finished as a scene or film that loops; return what was made since ``started``.

    Without ``motions`` the clouds drift. Raises `InputError` where there is nothing to move, and what writing raises.
    """
    panorama, depth = finished
    motions = motions or [Motion(CLOUDS, None, _USUAL)]
    if output.suffix.lower() == MOVIE:
        with run.stage("Motion") as listener:
            fields = fields_of(motions, depth, loop_s, listener)
        rgb = shrunk_panorama(panorama, min(_MOST_ROWS, panorama.size_hw[0]) // 2 * 2).rgb  # encoders take even sizes only
        with run.stage("Writing") as listener:
            write_movie(output, film(rgb, depth, fields, loop_s, FPS, listener), FPS)
        return run.result(started, [output], 0, depth, depth.reach(panorama.valid), stages.device)
    layers = stages.gaussians(panorama, depth, run)
    seen = Gaussians.concatenate([layers.fine, layers.sky])
    if not len(seen):
        raise InputError("nothing of the panorama lies between --depth-min and --depth-max.")
    comments = stages.comments(depth, run, layers.joined)
    with run.stage("Motion") as listener:
        fields = fields_of(motions, depth, loop_s, listener, reach_deg=reach_deg(seen))
    parts = _parts(layers.joined, seen, fields, loop_s)
    with run.stage("Writing") as listener:
        count = write_moving(output, Timeline(loop_s, FPS), parts, comments=comments, progress=listener)
    return run.result(started, [output], count, depth, depth.reach(panorama.valid), stages.device)


def _parts(still: Gaussians, seen: Gaussians, fields: Sequence[Field], loop_s: float) -> Iterator[Moving]:
    yield Moving.still(still, 0.0, loop_s)
    for field in fields:
        yield from (swaying if field.sways else flowing)(seen, field, loop_s)
