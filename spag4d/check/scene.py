"""One scene, checked: its file read twice, once as it is and once as a viewer takes it."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from spag4d.check.facts import Facts, find_facts
from spag4d.check.likeness import HEIGHT, find_likeness, poles_open
from spag4d.check.merge import Clouds, merged
from spag4d.check.report import Report
from spag4d.check.seen_from import Places, seen_from_card, seen_from_in
from spag4d.check.uncertainty import Uncertainty, uncertainty_in, uncertainty_of
from spag4d.check.views import find_views
from spag4d.check.walking import walking_range, walks
from spag4d.check.walking_range import WalkingRange, is_walking_range
from spag4d.data import Gaussians, Pose
from spag4d.errors import InputError
from spag4d.formats.ply_comments import replace_comment
from spag4d.formats.recognise import kind_of
from spag4d.formats.scene import opened_scene, read_scene, read_scene_comments
from spag4d.formats.scene_card import read_card
from spag4d.photos.image import read_panorama
from spag4d.progress import SILENT, Progress
from spag4d.render.view import Rendering, render_panorama


@dataclass(frozen=True)
class Checked:
    """A report, and what pictures of it are made of: the Gaussians, and how they look from the capture point."""

    report: Report
    gaussians: Gaussians
    shown: Rendering


def check_scene(
    scene: Path, panorama: Path | None = None, *, photos: Mapping[Path, Pose] | None = None, progress: Progress = SILENT
) -> Checked:
    """Check a scene file of any tool, against its panorama, and ``photos`` with their poses, where they are given.

    Raises `InputError` for a file that cannot be read; what is wrong inside of it stands in the report.
    """
    progress.report("Reading", 0, 1)
    photo = None if panorama is None else read_panorama(panorama, progress=progress)
    gaussians, clouds, facts, comments = _read(scene, progress)
    progress.report("Rendering", 0, 1)
    shown = render_panorama(gaussians, HEIGHT)
    progress.report("Rendering", 1, 1)
    likeness = None if photo is None else find_likeness(gaussians, photo, shown, progress=progress)
    zenith, nadir = poles_open(shown)
    found = walks(gaussians, _uncertainty(scene, comments), _seen_from(scene, comments), clouds=clouds, progress=progress)
    views = find_views(gaussians, photos, progress=progress) if photos else ()
    measured = {viewpoint["name"]: viewpoint["measured"] for viewpoint in read_card(scene).get("viewpoints", ())}
    report = Report(facts, found, zenith, nadir, likeness, views, measured)
    return Checked(report, gaussians, shown)


def range_of(scene: Path, *, progress: Progress = SILENT) -> WalkingRange:
    """Return the walking range of a scene file alone; raises `InputError`."""
    comments = read_scene_comments(scene)
    told = _uncertainty(scene, comments), _seen_from(scene, comments)
    return walking_range(read_scene(scene, progress=progress), *told, progress=progress)


def write_range(scene: Path, walking_range: WalkingRange) -> None:
    """Put the walking range into the comments of a PLY, in place of an older one; the data stay byte for byte.

    Raises `InputError` for a format without comments.
    """
    check_has_comments(scene)
    replace_comment(scene, walking_range.to_comment(), is_walking_range)


def check_has_comments(scene: Path) -> None:
    """Raise `InputError` where a file's format has no place for comments."""
    if not kind_of(scene).endswith("ply"):
        raise InputError(f"{scene} has no place for a comment that can be replaced. Check it without --write, or convert it "
                         "to .ply.")


def _uncertainty(scene: Path, comments: list[str]) -> Uncertainty | None:
    """Return what the depth of a scene is wrong by, from its comments or, in formats without these, from its scene card."""
    if comments:
        return uncertainty_in(comments)
    card = read_card(scene)
    return uncertainty_of(card.get("depth_model", ""), card.get("depth_doubt", ""))


def _seen_from(scene: Path, comments: list[str]) -> Places:
    """Return where a scene's panoramas were taken, from its comments or, in formats without these, from its scene card."""
    return seen_from_in(comments) if comments else seen_from_card(read_card(scene))


def _read(scene: Path, progress: Progress) -> tuple[Gaussians, Clouds, Facts, list[str]]:
    gaussians = read_scene(scene, progress=progress)
    clouds = merged(gaussians)
    with opened_scene(scene) as found:
        return gaussians, clouds, find_facts(scene, found.raw(gaussians), clouds, found.comments), found.comments
