import json
import math
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from spag4d.data import PinholeCamera
from spag4d.errors import InputError
from spag4d.render.camera_path import CameraPath, read_path

SIZE_HW = (90, 160)
NODE = shutil.which("node")
VIEWS = [
    {"position": [0, 0, 0], "look_at": [0, 0, 1]},
    {"position": [1, 0, 0.5], "look_at": [3, 0.4, 1.5], "vertical_fov_deg": 40},
    {"position": [1, -0.5, 2], "look_at": [0, 0, 2]},
    {"position": [0, 0, 3], "look_at": [0, 0, 2], "vertical_fov_deg": 75},
]


def path_of(views: list[dict], *, loop: bool = False) -> CameraPath:
    return CameraPath.model_validate_json(json.dumps({"views": views, "loop": loop}))


def place(camera: PinholeCamera) -> np.ndarray:
    return camera.world_from_camera.translation


def ahead(camera: PinholeCamera) -> np.ndarray:
    return camera.world_from_camera.rotation[:, 2]


def vertical_fov_deg(camera: PinholeCamera) -> float:
    return 2 * math.degrees(math.atan(camera.height / 2 / camera.fy))


@pytest.mark.parametrize("loop", [False, True])
def test_it_passes_every_view_at_its_time(loop: bool) -> None:
    path = path_of([{**view, "time_s": time} for view, time in zip(VIEWS, (2, 3, 7, 8), strict=True)], loop=loop)
    for view, time in zip(VIEWS, (2, 3, 7, 8), strict=True):
        camera = path.camera((time - 2) / path.duration_s, SIZE_HW)
        wanted = np.subtract(view["look_at"], view["position"])
        np.testing.assert_allclose(place(camera), view["position"], atol=1e-9)
        np.testing.assert_allclose(ahead(camera), wanted / np.linalg.norm(wanted), atol=1e-9)
        assert vertical_fov_deg(camera) == pytest.approx(view.get("vertical_fov_deg", 60))
    assert path.duration_s > 6 if loop else path.duration_s == 6


@pytest.mark.parametrize("loop", [False, True])
def test_neither_its_speed_nor_its_turning_jumps(loop: bool) -> None:
    path, shares = path_of(VIEWS, loop=loop), np.linspace(0, 1, 1001)
    cameras = [path.camera(share, SIZE_HW) for share in shares.tolist()]
    for track in (np.array([place(camera) for camera in cameras]), np.array([ahead(camera) for camera in cameras])):
        if loop:
            track = np.concatenate([track, track[1:3]])
        steps = np.diff(track, axis=0)
        assert np.linalg.norm(np.diff(steps, axis=0), axis=1).max() < 0.05 * np.linalg.norm(steps, axis=1).max()
    assert np.allclose(np.linalg.norm([ahead(camera) for camera in cameras], axis=1), 1)


def test_between_two_views_it_goes_straight_and_steadily() -> None:
    path = path_of([VIEWS[0], {"position": [2, 0, 0], "look_at": [4, 0, 0]}])
    quarter = path.camera(0.25, SIZE_HW)
    np.testing.assert_allclose(place(quarter), [0.5, 0, 0], atol=1e-9)
    np.testing.assert_allclose(ahead(quarter), [math.sin(math.pi / 8), 0, math.cos(math.pi / 8)], atol=1e-9)
    assert path.duration_s == pytest.approx(4), "2 m at half a metre a second, which takes longer than the turn"


def test_one_view_stands_still_and_a_turn_about_face_stays_level() -> None:
    one = path_of(VIEWS[1:2], loop=True)
    assert one.duration_s == 0
    np.testing.assert_array_equal(place(one.camera(0.7, SIZE_HW)), [1, 0, 0.5])
    back = path_of([VIEWS[0], {"position": [0, 0, 0], "look_at": [0, 0, -1]}]).camera(0.5, SIZE_HW)
    assert abs(ahead(back)[1]) < 1e-9


@pytest.mark.parametrize("text, words", [
    ("{}", "views"), ('{"views": []}', "views"), ("[", "camera path"),
    ('{"views": [{"position": [0, 0, 0], "look_at": [0, 0, 0]}]}', "views.0"),
    ('{"views": [{"position": [0, 0, 1e7], "look_at": [0, 0, 0]}]}', "views.0.position"),
    ('{"views": [{"position": [0, 0, 1], "look_at": [0, 0, 0], "time_s": 1},'
     ' {"position": [0, 0, 1], "look_at": [0, 0, 0]}]}', "its camera path"),
])
def test_what_is_not_a_path_is_refused_in_words(text: str, words: str, tmp_path: Path) -> None:
    file = tmp_path / "path.json"
    file.write_text(text)
    with pytest.raises(InputError, match=words):
        read_path(file)


@pytest.mark.skipif(NODE is None, reason="needs Node")
@pytest.mark.parametrize("loop", [False, True])
def test_the_page_previews_the_same_way(loop: bool) -> None:
    module = Path(__file__).parents[2] / "static" / "js" / "viewer" / "path.js"
    shares = [0.0, 0.1, 0.35, 0.5, 0.77, 0.98, 1.0]
    code = (f"import {{ alongPath, durationOf }} from {json.dumps(module.as_uri())};"
            f"const path = {json.dumps({'views': VIEWS, 'loop': loop})};"
            f"console.log(JSON.stringify([durationOf(path), {json.dumps(shares)}.map((share) => alongPath(path, share))]))")
    done = subprocess.run([str(NODE), "--input-type=module", "-e", code], capture_output=True, text=True, check=True)
    path = path_of(VIEWS, loop=loop)
    duration_s, views = json.loads(done.stdout)
    assert duration_s == pytest.approx(path.duration_s)
    for share, view in zip(shares, views, strict=True):
        camera = path.camera(share, SIZE_HW)
        np.testing.assert_allclose(view["position"], place(camera), atol=1e-9)
        np.testing.assert_allclose(np.subtract(view["look_at"], view["position"]), ahead(camera), atol=1e-9)
        assert view["vertical_fov_deg"] == pytest.approx(vertical_fov_deg(camera))
