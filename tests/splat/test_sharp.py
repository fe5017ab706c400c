"""The whole path with a predictor of known behaviour, in both modes, both rigs and three sizes."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from spag4d.data import DepthMap, Gaussians, Panorama
from spag4d.errors import Cancelled
from spag4d.geometry.equirect import pixels_from_directions
from spag4d.progress import Event, Progress, Step
from spag4d.splat import sharp as sharp_module
from spag4d.splat import sharp_align as align_module
from spag4d.splat import sharp_faces as faces_module
from spag4d.splat.gaussian_shape import Look
from spag4d.splat.grid import grid_gaussians
from spag4d.splat.sharp import Blends, layered, predicted, refined, transmittance
from spag4d.splat.sharp_faces import NETWORK_PX, Faces, owners, sharp_faces
from tests.box_room import BoxRoom
from tests.splat.sharp_scene import KnownSharp
from tests.splat.test_sharp_align import wrong

HEIGHT = 256
LOOK = Look()
CELL_RAD = np.full(1, np.pi / HEIGHT, np.float32)
"""Of cells as small as pixels."""
CELLS: dict[str, Any] = {"look": LOOK, "cells_rad": CELL_RAD}
SMALLER = 4
"""By how much faces are smaller than the network's here: what they show is known, so that more pixels would tell no more."""
FULL_PX = NETWORK_PX // SMALLER


@pytest.fixture(autouse=True)
def small_faces(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (sharp_module, faces_module):
        monkeypatch.setattr(module, "NETWORK_PX", FULL_PX)
    monkeypatch.setattr(faces_module, "_STEP_PX", faces_module._STEP_PX // SMALLER)
    for name in ("_VIEW_PX", "_ROWS"):
        monkeypatch.setattr(align_module, name, getattr(align_module, name) // 2)


@pytest.fixture(scope="module")
def panorama(box_room: BoxRoom) -> Panorama:
    return box_room.panorama(HEIGHT)


@pytest.fixture(scope="module")
def depth(box_room: BoxRoom) -> DepthMap:
    return box_room.depth(HEIGHT)


def room(rays: np.ndarray) -> np.ndarray:
    return BoxRoom().hit(rays)[0]


def model(faces: Faces, **options: Any) -> KnownSharp:
    return KnownSharp(faces.cameras, room, **{"size_px": 192, **options})


def in_direction(panorama: Panorama, gaussians: Gaussians) -> np.ndarray:
    """The panorama's colours in the directions of Gaussians, from the scene itself and not from pixels."""
    unit = gaussians.means / np.linalg.norm(gaussians.means, axis=1, keepdims=True)
    return BoxRoom().color(unit * room(unit.astype(np.float64))[:, None])


@pytest.mark.parametrize(("projection", "size_px"), [("cubemap", FULL_PX // 2), ("icosahedral", FULL_PX)])
def test_layers_have_the_panoramas_colours_in_their_places(
    projection: str, size_px: int, panorama: Panorama, depth: DepthMap
) -> None:
    faces = sharp_faces(projection, size_px)
    scene = layered(panorama, depth, model(faces, error=wrong), faces, blends=Blends(color=0.0))
    error = np.abs(scene.colors - in_direction(panorama, scene))
    distance = np.linalg.norm(scene.means, axis=1)
    unit = scene.means / distance[:, None]
    first = distance < 1.2 * room(unit.astype(np.float64))
    assert np.median(error[first]) < 1e-3 and np.quantile(error[first], 0.95) < 0.01
    assert np.median(np.abs(distance[first] / room(unit[first].astype(np.float64)) - 1)) < 0.01
    assert 0.4 < first.mean() < 0.6
    behind = distance[~first] / room(unit[~first].astype(np.float64))
    assert np.median(behind) == pytest.approx(1.5, rel=0.05) and np.quantile(np.abs(behind / 1.5 - 1), 0.95) < 0.2


def test_each_direction_comes_from_one_face_and_none_is_left_out(panorama: Panorama, depth: DepthMap) -> None:
    faces = sharp_faces("cubemap", FULL_PX)
    found = list(predicted(panorama, depth, model(faces), faces))
    scene = layered(panorama, depth, model(faces), faces)
    axes = [camera.world_from_camera.rotation for camera in faces.cameras]
    owned = sum(int((owners(faces.cameras, face.means.reshape(-1, 3) @ axes[number].T.astype(np.float32)) == number).sum())
                for number, face in found)
    assert len(scene) == owned
    pixels = np.floor(pixels_from_directions(scene.means, 32) + 0.5).astype(int)
    seen = np.zeros((32, 64), bool)
    seen[np.clip(pixels[:, 1], 0, 31), pixels[:, 0] % 64] = True
    assert seen[3:-3].all()


def test_sky_empty_pixels_and_faint_gaussians_are_left_out(panorama: Panorama, depth: DepthMap) -> None:
    faces = sharp_faces("cubemap", FULL_PX)
    sky, valid = np.zeros(depth.size_hw, bool), np.ones(depth.size_hw, bool)
    sky[:100], valid[200:] = True, False
    partly = DepthMap(depth.distance, sky)
    scene = layered(Panorama(panorama.rgb, valid=valid), partly, model(faces, opacity=(0.5, 0.01)), faces)
    rows = pixels_from_directions(scene.means, HEIGHT)[:, 1]
    assert rows.min() > 98.5 and rows.max() < 200.5
    assert (scene.opacities > 0.02).all() and len(scene) > 1000


def test_far_layers_come_to_the_limit_and_near_ones_go(panorama: Panorama, depth: DepthMap) -> None:
    faces = sharp_faces("cubemap", FULL_PX)
    scene = layered(panorama, depth, model(faces, behind=40.0), faces, near_far_m=(2.0, 30.0))
    distance = np.linalg.norm(scene.means, axis=1)
    assert distance.min() > 2.0 and distance.max() < 30.001 and (distance > 29.9).mean() > 0.2


@pytest.mark.parametrize(("projection", "size_px"), [("cubemap", FULL_PX // 2), ("cubemap", 2 * FULL_PX)])
def test_refining_keeps_places_and_takes_the_rest(
    projection: str, size_px: int, panorama: Panorama, depth: DepthMap
) -> None:
    ours = grid_gaussians(panorama, depth, stride=1).fine
    faces = sharp_faces(projection, size_px)
    color = np.array([0.2, 0.6, 0.4])
    known = model(faces, error=wrong, color=color, opacity=(0.8, 0.3), size=0.7)
    found = refined(ours, panorama, depth, known, faces, **CELLS, blends=Blends(1.0, 1.0, 1.0))
    np.testing.assert_array_equal(found.means, ours.means)
    np.testing.assert_array_equal(found.quats_wxyz, ours.quats_wxyz)
    cell = np.linalg.norm(ours.means, axis=1) * np.pi / HEIGHT
    np.testing.assert_allclose(found.colors, np.broadcast_to(color, (len(ours), 3)), atol=1e-3)
    np.testing.assert_allclose(found.opacities, 0.8, atol=0.02)
    backed = ours.scales[:, 0] / cell < 0.5
    assert np.median(found.scales[backed, 0] / cell[backed]) == pytest.approx(0.7, rel=0.05)
    assert (found.scales[:, 2] <= 2.001 * ours.scales[:, 2]).all()


def test_blends_of_zero_change_nothing_and_halves_go_half_way(panorama: Panorama, depth: DepthMap) -> None:
    ours = grid_gaussians(panorama, depth, stride=1).fine
    faces = sharp_faces("cubemap", FULL_PX)
    assert refined(ours, panorama, depth, model(faces), faces, **CELLS, blends=Blends(0.0, 0.0, 0.0)) is ours
    half = refined(ours, panorama, depth, model(faces, color=np.ones(3)), faces, **CELLS, blends=Blends(0.0, 0.0, 0.5))
    np.testing.assert_allclose(half.scales, ours.scales, rtol=1e-5)
    np.testing.assert_allclose(half.opacities, ours.opacities, atol=1e-5)
    changed = (half.colors != ours.colors).any(1)
    np.testing.assert_allclose(half.colors[changed], (ours.colors[changed] + 1) / 2, atol=1e-3)
    size = refined(ours, panorama, depth, model(faces, size=0.6), faces, **CELLS, blends=Blends(0.5, 0.0, 0.0))
    whole = refined(ours, panorama, depth, model(faces, size=0.6), faces, **CELLS, blends=Blends(1.0, 0.0, 0.0))
    cell = np.linalg.norm(ours.means, axis=1) * np.pi / HEIGHT
    backed = ours.scales[:, 0] / cell < 0.5
    np.testing.assert_allclose(size.scales[backed], np.sqrt(ours.scales * whole.scales)[backed], rtol=1e-3)


def test_every_cell_may_have_a_size_of_its_own(panorama: Panorama, depth: DepthMap) -> None:
    ours, faces = grid_gaussians(panorama, depth, stride=1).fine, sharp_faces("cubemap", FULL_PX)
    known = model(faces, opacity=(0.7, 0.2), size=0.6)
    one, each = (refined(ours, panorama, depth, known, faces, look=LOOK, cells_rad=cells)
                 for cells in (CELL_RAD, np.repeat(CELL_RAD, len(ours))))
    for name, values in one.arrays.items():
        np.testing.assert_array_equal(values, each.arrays[name])
    larger = refined(ours, panorama, depth, known, faces, look=LOOK, cells_rad=2 * CELL_RAD)
    assert np.median(larger.scales[:, 0] / one.scales[:, 0]) > 1.3


@pytest.mark.parametrize("opacity", [0.05, 0.5, 0.9])
def test_opacity_never_opens_holes(opacity: float, panorama: Panorama, depth: DepthMap) -> None:
    look, cells_rad = Look(backing=False), 4 * CELL_RAD
    ours = grid_gaussians(panorama, depth, stride=4, look=look).fine
    faces = sharp_faces("cubemap", FULL_PX)
    known = model(faces, opacity=(opacity, opacity), size=0.5)
    found = refined(ours, panorama, depth, known, faces, look=look, cells_rad=cells_rad)
    pitches = found.scales[:, :2].min(1) / (np.linalg.norm(ours.means, axis=1) * cells_rad)
    for index in range(0, len(found), len(found) // 50):
        assert transmittance(float(pitches[index]), float(found.opacities[index])) < 0.025


def test_transmittance_is_that_of_the_published_table() -> None:
    for pitches, opacity, passed in ((0.5, 0.5, 0.43), (0.75, 0.75, 0.034), (1.0, 0.5, 0.026), (1.5, 0.25, 0.023)):
        assert transmittance(pitches, opacity) == pytest.approx(passed, rel=0.03)


def test_coarse_faces_are_looked_at_without_overlap(panorama: Panorama, depth: DepthMap) -> None:
    for size_px, overlap in ((FULL_PX // 2, False), (FULL_PX, True)):
        faces = sharp_faces("cubemap", size_px)
        known = model(faces)
        layered(panorama, depth, known, faces)
        assert known.looked == [overlap] * 6


def test_progress_counts_faces_and_it_can_be_stopped_between_them(
    panorama: Panorama, depth: DepthMap, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    faces = sharp_faces("cubemap", FULL_PX)
    heard: list[Event] = []
    layered(panorama, depth, model(faces), faces, progress=Progress(heard.append))
    assert [(step.done, step.total) for step in heard if isinstance(step, Step)] == [(done, 12) for done in range(13)]
    for patience in (3, 8):
        answers = iter([False] * patience + [True])
        with pytest.raises(Cancelled):
            layered(panorama, depth, model(faces), faces, progress=Progress(is_cancelled=lambda answers=answers: next(answers)))
        assert list(tmp_path.glob("spag4d-sharp-*")) == []
