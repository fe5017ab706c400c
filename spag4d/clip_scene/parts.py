"""A clip's scene made by several runs: one finds the place, others make what moves in frames, one writes the file."""

import time
from collections.abc import Sequence
from pathlib import Path

from spag4d.clip_scene.film import Film
from spag4d.clip_scene.scene import keep_moving, made_of, moving_name, place_of, written
from spag4d.clips.clip import Clip, Shown
from spag4d.cluster.claims import LOOK_EVERY_S, WAITING, Claims
from spag4d.conversion import ConversionResult, Run
from spag4d.errors import InputError
from spag4d.reconstruction.kept_work import kept_work, prepared_work
from spag4d.stages import Stages


def prepare_clip(stages: Stages, run: Run, clip: Clip, shown: list[Shown], output: Path) -> None:
    """Find out what all frames need, and keep it beside the output for other runs; raises what `write_clip` does."""
    with kept_work(output, made_of(clip, run), goes_on=True) as kept:
        place_of(Film(stages, run, clip, shown, kept))


def make_frames(stages: Stages, run: Run, clip: Clip, shown: list[Shown], output: Path, numbers: Sequence[int]) -> None:
    """Make what moves in some frames, those that no other run is at; ends when all of them are made.

    Raises `InputError` where nothing is prepared.
    """
    kept, claims = prepared_work(output, made_of(clip, run)), Claims()
    film = Film(stages, run, clip, shown, kept)
    place = place_of(film)
    while missing := [number for number in numbers if not kept.path(moving_name(number)).exists()]:
        for number in missing:
            with claims.claimed(kept.path(moving_name(number))) as is_mine:
                if is_mine:
                    keep_moving(film, place, [number])
        run.listener.report(WAITING, len(numbers) - len(missing), len(numbers))
        time.sleep(LOOK_EVERY_S)


def collect_clip(
    stages: Stages, run: Run, clip: Clip, shown: list[Shown], output: Path, depth_path: Path | None = None
) -> ConversionResult:
    """Write the scene of frames that are made; raises `InputError` where some are missing."""
    started, prepared = time.perf_counter(), prepared_work(output, made_of(clip, run))
    missing = [number + 1 for number in range(len(shown)) if prepared.find(moving_name(number)) is None]
    if missing:
        raise InputError(f"{len(missing)} of {len(shown)} frames of {output} are missing, the first is {missing[0]}.")
    with kept_work(output, made_of(clip, run)) as kept:
        film = Film(stages, run, clip, shown, kept)
        return written(film, place_of(film), output, started, depth_path)
