import json
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydantic import TypeAdapter, ValidationError

from spag4d.data import Layers, View
from spag4d.errors import InputError
from spag4d.geometry.rotation import rotations_from_quats
from spag4d.splat.edits import Edit, edited
from tests.formats.gaussian_scenes import scene

NODE = shutil.which("node")
EDITS = TypeAdapter(list[Edit])


def edits(*wanted: dict[str, Any]) -> list[Edit]:
    return EDITS.validate_json(TypeAdapter(list[dict[str, Any]]).dump_json(list(wanted)))


def means_of(*wanted: dict[str, Any], count: int = 400) -> tuple[np.ndarray, np.ndarray]:
    """The means of a scene, and those that are left of it."""
    gaussians = scene(count)
    return gaussians.means, edited(gaussians, edits(*wanted))[0].joined.means


def test_a_box_and_a_sphere_keep_what_lies_inside() -> None:
    box = {"edit": "crop_box", "low_m": [-2, -3, 0], "high_m": [3, 2, 4]}
    means, left = means_of(box)
    keep = ((means >= [-2, -3, 0]) & (means <= [3, 2, 4])).all(1)
    assert 0 < keep.sum() < len(means)
    np.testing.assert_array_equal(left, means[keep])
    sphere = {"edit": "crop_sphere", "centre_m": [1, 0, 0], "radius_m": 2}
    keep = np.linalg.norm(means - [1, 0, 0], axis=1) <= 2
    np.testing.assert_array_equal(means_of(sphere)[1], means[keep])
    both = keep & ((means >= [-2, -3, 0]) & (means <= [3, 2, 4])).all(1)
    np.testing.assert_array_equal(means_of(sphere, box)[1], means[both])


def test_the_eraser_takes_away_what_its_rays_pass_up_to_their_ends() -> None:
    eye, rays = np.array([0.5, 0, 0]), np.random.default_rng(1).normal(size=(70, 3))
    rays /= np.linalg.norm(rays, axis=1, keepdims=True)
    far = np.linspace(1, 7, 70)
    means, left = means_of({"edit": "erase", "eye_m": eye.tolist(), "radius_deg": 9,
                            "rays": np.concatenate([rays, far[:, None]], 1).tolist()})
    offsets = means - eye
    distance = np.linalg.norm(offsets, axis=1)
    angle = np.degrees(np.arccos(np.clip(offsets @ rays.T / distance[:, None], -1, 1)))
    touched = ((angle <= 9) & (distance[:, None] <= far)).any(1)
    assert 20 < touched.sum() < 380
    np.testing.assert_array_equal(left, means[~touched])


def test_layers_are_hidden_by_name_and_the_others_keep_theirs() -> None:
    layers = Layers(fine=scene(5), sky=scene(3, seed=1), behind=scene(4, seed=2))
    left, start = edited(layers, edits({"edit": "hide", "layers": ["sky", "backing"]}))
    assert isinstance(left, Layers) and left.counts == {"fine": 5, "backing": 0, "sky": 0, "behind": 4} and start is None
    with pytest.raises(InputError, match="does not say which of its Gaussians are sky"):
        edited(scene(3), edits({"edit": "hide", "layers": ["sky"]}))


@pytest.mark.parametrize("up", [[0, 1, 0], [0, 0, 1], [0.6, -0.8, 0], [0, -1, 0]])
def test_up_turns_scene_and_start_together_by_the_shortest_way(up: list[float]) -> None:
    gaussians = replace(scene(30), means=np.tile(np.array(up, np.float32), (30, 1)))
    start = {"edit": "start", "position_m": up, "look_at_m": [5, 5, 5]}
    turned, view = edited(gaussians, edits(start, {"edit": "up", "up": up}))
    np.testing.assert_allclose(turned.joined.means, np.tile([0, -1, 0], (30, 1)), atol=1e-6)
    assert view is not None
    np.testing.assert_allclose(view.position_m, [0, -1, 0], atol=1e-9)
    assert np.linalg.norm(view.look_at_m) == pytest.approx(75 ** 0.5)
    before, after = (rotations_from_quats(one.quats_wxyz) for one in (gaussians, turned.joined))
    trace = np.trace(after @ before.transpose(0, 2, 1), axis1=1, axis2=2)
    np.testing.assert_allclose((trace - 1) / 2, -up[1], atol=1e-4)  # the cosine of the turn is that between up and -y


def test_what_was_the_start_stays_it_and_crops_are_in_the_axes_before_the_turn() -> None:
    before = View((0.0, 0.0, 0.0), (0.0, 0.0, 1.0))
    _, view = edited(scene(9), edits({"edit": "up", "up": [0, 1, 0]}), before)
    assert view == View((0.0, 0.0, 0.0), (0.0, 0.0, -1.0))
    gaussians = scene(60)
    below = {"edit": "crop_box", "low_m": [-9, 0, -9], "high_m": [9, 9, 9]}
    left, _ = edited(gaussians, edits({"edit": "up", "up": [0, 1, 0]}, below))
    assert 0 < len(left) < 60 and left.joined.means[:, 1].max() <= 0


def test_an_edit_that_leaves_nothing_is_refused() -> None:
    with pytest.raises(InputError, match="nothing is left"):
        edited(scene(9), edits({"edit": "crop_sphere", "centre_m": [90, 0, 0], "radius_m": 1}))


@pytest.mark.parametrize("wanted", [
    {"edit": "explode"}, {"edit": "crop_box", "low_m": [0, 0, 0], "high_m": [1, 0, 1]},
    {"edit": "crop_sphere", "centre_m": [0, 0, 0], "radius_m": 0}, {"edit": "hide", "layers": ["roof"]},
    {"edit": "start", "position_m": [1, 1, 1], "look_at_m": [1, 1, 1]}, {"edit": "up", "up": [0, 0, 0]},
    {"edit": "erase", "eye_m": [0, 0, 0], "radius_deg": 90, "rays": [[0, 0, 1, 1]]},
])
def test_what_is_not_an_edit_is_refused(wanted: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        edits(wanted)


@pytest.mark.skipif(NODE is None, reason="needs Node")
def test_the_page_previews_what_the_server_makes() -> None:
    module = Path(__file__).parents[2] / "static" / "js" / "viewer" / "edits.js"
    layers = Layers(fine=scene(200), sky=scene(90, seed=1))
    wanted = [{"edit": "hide", "layers": ["sky"]}, {"edit": "crop_box", "low_m": [-3, -3, -1], "high_m": [4, 2, 4]},
              {"edit": "crop_sphere", "centre_m": [1, 0, 0], "radius_m": 3.5},
              {"edit": "erase", "eye_m": [0, 0, 0.2], "radius_deg": 12,
               "rays": [[0, 0.6, 0.8, 3], [1, 0, 0, 4], [0, 0, -1, 9]]},
              {"edit": "up", "up": [0.6, -0.48, 0.64]}]
    code = (f"import {{ Remains, upright }} from {json.dumps(module.as_uri())};"
            f"const centers = Float32Array.from({json.dumps(layers.joined.means.ravel().tolist())});"
            "const remains = new Remains(centers, { fine: 200, sky: 90 });"
            f"remains.set({json.dumps(wanted)});"
            "console.log(JSON.stringify([Array.from({ length: 290 }, (_, i) => remains.has(i)),"
            "upright([0.6, -0.48, 0.64])]))")
    done = subprocess.run([str(NODE), "--input-type=module", "-e", code], capture_output=True, text=True, check=True)
    left, (x, y, z, w) = json.loads(done.stdout)
    made, _ = edited(layers, edits(*wanted))
    kept = layers.joined.means[np.array(left, bool)]
    assert 5 < len(kept) < 190
    turn = rotations_from_quats(np.array([[w, x, y, z]]))[0]
    np.testing.assert_allclose(made.joined.means, kept @ turn.T, atol=1e-4)
