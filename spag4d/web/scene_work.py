"""What the worker does with finished scenes: opens and edits them, writes them in other formats, draws pictures of them."""

import json
import os
import shutil
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from spag4d.check.report import Report
from spag4d.check.scene import check_scene
from spag4d.data import DepthMap, Gaussians, Scene, View
from spag4d.formats.fourdgs_read import FourdgsFile
from spag4d.formats.moving import is_moving, opened_moving, scene_at, write_moving
from spag4d.formats.moving_page import write_moving_page
from spag4d.formats.scene import read_layers, read_scene_comments, write_scene
from spag4d.formats.viewer_page import write_viewer_page
from spag4d.io.atomic import atomic_path
from spag4d.mesh.collision import collision_around, edited_collision, read_collision, viewer_glb
from spag4d.mesh.write import write_mesh
from spag4d.progress import Progress
from spag4d.render.on_cuda import drawing_device
from spag4d.render.path import view_from
from spag4d.render.view import Rendering, render_panorama, render_view
from spag4d.shots import draw
from spag4d.splat.edits import edited
from spag4d.web.making import AnyWish, Export, Film, Still, Version, WebPage, recorded
from spag4d.web.places import COLLISION, SOURCE
from spag4d.web.scene_files import MOVING_SCENE, named_as

CARD = "check.json"
_PAGE = "scene.html"
THUMBNAIL = "thumbnail.jpg"
_THUMBNAIL_HW = (240, 480)
"""Pixels: as large as a picture in the page's list may get."""
_MOSTLY_EMPTY = 0.6
"""Share of the sphere that is open from the origin: more than the sky, which is half, means that nobody stands there."""
_COLLISION_ROWS = 256
"""Of the panorama that what stops visitors is made of: 3 cm at 2 m."""
_SEEN = 0.5
"""Alpha from which something is there."""
_BACK = 1.2
"""Times the largest side of what is looked at, by eye: all of it is in sight."""
_FARTHEST_SPZ_M = 1000.0
"""From the origin: .spz holds places within 2 km, in steps of a quarter of a millimetre."""

Say = Callable[..., None]


@dataclass(frozen=True)
class Order:
    """What the server asks of the worker about a scene: the name that its file had, the wish, and where one starts in it.

    ``made_by`` is the job that made the scene, if there is one.
    """

    name: str
    wish: dict[str, Any]
    start: View | None
    title: str
    made_by: str

    @staticmethod
    def of(request: dict[str, Any]) -> "Order":
        """Return the order of a request."""
        start = request["start"] and View(*(tuple(request["start"][name]) for name in ("position_m", "look_at_m")))
        return Order(request["file"] or request["name"], request["wish"], start, Path(request["name"]).stem, request["of"])


def open_scene(order: Order, say: Say, progress: Progress) -> dict[str, Any]:
    """Make of a scene file what the page shows, and its report card; with edits those of a new version."""
    begun = time.perf_counter()
    wish = recorded(order.wish) if order.wish else None
    with named_as(Path(SOURCE), order.name) as source:
        progress.report("Reading", 0, 1)
        moves = is_moving(source)
        scene = scene_at(source, 0.0, progress=progress) if moves else read_layers(source, progress=progress.under("Reading"))
        start, comments = order.start, [] if moves else read_scene_comments(source)
        if isinstance(wish, Version):
            scene, start = edited(scene, wish.edits, start)
        start = _show(scene.joined, start, progress)
        formats = _formats(scene.joined)
        say(settings={"format": ",".join(formats)}, start=start and asdict(start), files=[THUMBNAIL])
        _write(scene, formats, comments, progress)
        say(files=[f"scene.{format}" for format in formats])
        if _write_collision(order, wish, scene.joined, start):
            say(files=[COLLISION])
        if moves:
            _keep_moving(source, progress.under("Writing"))
            say(files=[MOVING_SCENE])
            report = None
        else:
            report = check_scene(source if wish is None else Path("scene.ply"), progress=progress.under("Checking")).report
    lines = _moving_lines(source_of=Path(MOVING_SCENE)) if report is None else _lines(report)
    _write_json(Path(CARD), {"verdict": "" if report is None else report.verdict(), "lines": lines})
    say(files=[CARD])
    stands_inside = report is not None and report.walks.open_at_origin <= _MOSTLY_EMPTY
    return {"splat_count": len(scene), "processing_time": time.perf_counter() - begun, "device": "cpu",
            "walking_range_m": report.walks.range.by_name if report is not None and stands_inside else {}}


def export(order: Order, say: Say, progress: Progress) -> None:
    """Write a scene in another format, or as a web page."""
    wish = recorded(order.wish)
    assert isinstance(wish, Export | WebPage)
    with named_as(Path(SOURCE), order.name) as source:
        progress.report("Reading", 0, 1)
        if isinstance(wish, WebPage) and is_moving(source):
            write_moving_page(Path(_PAGE), source, title=order.title)
            say(files=[_PAGE])
            return
        scene, comments = read_layers(source, progress=progress.under("Reading")), read_scene_comments(source)
    if isinstance(wish, WebPage):
        path = Path(_PAGE)
        collision = Path("..", order.made_by, COLLISION)
        met = viewer_glb(read_collision(collision)) if order.made_by and collision.is_file() else b""
        write_viewer_page(
            path, scene.joined, collision=met, title=order.title, start=order.start, progress=progress.under("Writing"))
    else:
        path = Path(f"scene.{wish.format}")
        write_scene(path, scene, wish.format, comments=comments, progress=progress.under("Writing"))
    say(files=[path.name])


def picture(order: Order, say: Say, progress: Progress) -> None:
    """Draw a still or a film of a scene."""
    wish = recorded(order.wish)
    assert isinstance(wish, Still | Film)
    with named_as(Path(SOURCE), order.name) as source:
        draw(source, Path(wish.file), wish.shot(), progress=progress)
    say(files=[wish.file])


WORK = {"scene": open_scene, "export": export, "picture": picture}
"""What is done for a kind of job."""


def _show(gaussians: Gaussians, start: View | None, progress: Progress) -> View | None:
    """Write a small picture of the scene, and return where one starts in it: outside where nothing is around the origin."""
    progress.report("Looking around", 0, 1)
    device, height = drawing_device(), _THUMBNAIL_HW[0]
    seen = render_panorama(gaussians, height, device=device)
    if start is None and _open(seen) > _MOSTLY_EMPTY:
        start = _outside(gaussians)
    if start is not None:
        camera = view_from(np.array(start.position_m), np.array(start.look_at_m), 75.0, _THUMBNAIL_HW)
        seen = render_view(gaussians, camera, device=device)
    with atomic_path(Path(THUMBNAIL)) as path:
        Image.fromarray(seen.eight_bits).save(path, "JPEG", quality=90)
    progress.report("Looking around", 1, 1)
    return start


def _write_collision(order: Order, wish: AnyWish | None, gaussians: Gaussians, start: View | None) -> bool:
    """Write what stops and carries a visitor: of a version what is left of the old one's; returns whether there is any."""
    before = Path("..", order.made_by, COLLISION)
    if isinstance(wish, Version) and before.is_file():
        mesh = edited_collision(read_collision(before), wish.edits)
    else:
        place = np.array(start.position_m if start else (0, 0, 0), np.float32)
        seen = render_panorama(gaussians, _COLLISION_ROWS, place, device=drawing_device())
        nothing = seen.alpha < _SEEN
        if nothing.all():
            return False
        mesh = collision_around(DepthMap(np.where(nothing, np.float32(1), seen.distance), nothing), place)
    if len(mesh.triangles):
        write_mesh(Path(COLLISION), mesh)
    return bool(len(mesh.triangles))


def _open(seen: Rendering) -> float:
    """Return the share of the sphere in which nothing is."""
    height = seen.alpha.shape[0]
    weights = np.cos((np.arange(height) + 0.5) / height * np.pi - np.pi / 2)
    return float(((seen.alpha < _SEEN).mean(1) * weights).sum() / weights.sum())


def _outside(gaussians: Gaussians) -> View:
    """Return a view of all but what lies farthest out, from in front."""
    low, high = np.quantile(gaussians.means, [0.05, 0.95], axis=0).astype(float)
    centre, back = (low + high) / 2, _BACK * max(float((high - low).max()), 1e-3)
    x, y, z = centre.tolist()
    return View((x, y, z - back), (x, y, z))


def _formats(gaussians: Gaussians) -> list[str]:
    """Return the formats to write: the exact one, and the one that the page shows."""
    if gaussians.sh is None:
        return ["ply", "splat"]
    return ["ply", "spz"] if np.abs(gaussians.means).max() < _FARTHEST_SPZ_M else ["ply"]


def _write(scene: Scene, formats: Sequence[str], comments: Sequence[str], progress: Progress) -> None:
    for number, format in enumerate(formats):
        write_scene(Path(f"scene.{format}"), scene, format, comments=comments,
                    progress=progress.part(number, len(formats)).under("Writing"))


def _keep_moving(source: Path, progress: Progress) -> None:
    """Keep a scene that moves as the page plays it: as it is, or written anew where it has another format."""
    found = opened_moving(source)
    if isinstance(found, FourdgsFile):
        _link(source, Path(MOVING_SCENE))
    else:
        write_moving(Path(MOVING_SCENE), found.timeline, found.parts(), comments=found.comments, progress=progress)


def kept_of(job: str, *names: str) -> list[str]:
    """Keep files of the job that this one is made of, whose place it shows; return the names of those that are there."""
    there = [name for name in names if Path("..", job, name).is_file()]
    for name in there:
        _link(Path("..", job, name), Path(name))
    return there


def _link(source: Path, target: Path) -> None:
    with atomic_path(target) as path:
        path.unlink(missing_ok=True)
        try:
            os.link(source, path)
        except OSError:
            shutil.copyfile(source, path)


def _lines(report: Report) -> list[dict[str, str]]:
    return [asdict(line) for line in report.lines()]


def _moving_lines(source_of: Path) -> list[dict[str, str]]:
    found = opened_moving(source_of)
    values = {"length": f"{found.timeline.duration_s:.3g} s", "Gaussians": f"{found.count:,}", "file": found.encoding}
    return [{"label": label, "value": value, "mark": "ok"} for label, value in values.items()]


def _write_json(path: Path, value: object) -> None:
    with atomic_path(path) as temporary:
        temporary.write_text(json.dumps(value), encoding="utf-8")
