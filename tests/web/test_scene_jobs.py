"""Scene files that are opened, edited, written in other formats and drawn, by a real server."""

import base64
import io
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import requests
from PIL import Image

from spag4d.data import Layers, Moving
from spag4d.formats.moving import Timeline, opened_moving, write_moving
from spag4d.formats.scene import read_layers, write_scene
from spag4d.io.static_files import static_folder
from spag4d.mesh.collision import read_collision
from tests.formats.gaussian_scenes import facing_discs, scene
from tests.web.running_server import RunningServer

STANDING = {"position": [0, 0, 0], "look_at": [0, 0, 1]}


@pytest.fixture(scope="module")
def layered(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A scene all around the capture point, in two layers."""
    path = tmp_path_factory.mktemp("scenes") / "room.ply"
    write_scene(path, Layers(fine=facing_discs(2000), sky=facing_discs(500)), "ply")
    return path


@pytest.fixture(scope="module")
def opened(server: RunningServer, layered: Path) -> dict[str, Any]:
    return server.converted(layered)


def made(server: RunningServer, job: dict[str, Any], **wish: Any) -> dict[str, Any]:
    answer = server.post(f"/api/jobs/{job['id']}/make", json=wish)
    assert answer.status_code == 201, answer.text
    return server.wait(answer.json()["id"])


def file_of(server: RunningServer, job: dict[str, Any], name: str) -> bytes:
    assert name in job["files"], job
    return server.get(f"/api/jobs/{job['id']}/files/{name}").content


def test_a_scene_is_opened_as_it_is_with_its_card(server: RunningServer, layered: Path, opened: dict[str, Any],
                                                  tmp_path: Path) -> None:
    assert (opened["kind"], opened["status"], opened["name"], opened["start"]) == ("scene", "done", "room.ply", None)
    assert opened["result"]["splat_count"] == 2500 and opened["shown"] == "splat"
    (tmp_path / "scene.ply").write_bytes(file_of(server, opened, "scene.ply"))
    again, before = read_layers(tmp_path / "scene.ply"), read_layers(layered)
    assert isinstance(again, Layers) and again.counts == {"fine": 2000, "backing": 0, "sky": 500, "behind": 0}
    np.testing.assert_allclose(again.joined.means, before.joined.means)
    card = json.loads(file_of(server, opened, "check.json"))
    assert card["verdict"] and {"Gaussians", "upright", "values"} <= {line["label"] for line in card["lines"]}
    assert server.get(f"/api/jobs/{opened['id']}/layers").json() == {"fine": 2000, "sky": 500}


@pytest.mark.parametrize("format", ["splat", "spz", "sog", "glb", "compressed.ply"])
def test_every_format_goes_out_and_comes_in_again(server: RunningServer, opened: dict[str, Any], format: str,
                                                  tmp_path: Path) -> None:
    exported = made(server, opened, make="file", format=format)
    assert (exported["kind"], exported["of"], exported["status"]) == ("export", opened["id"], "done"), exported
    sent = tmp_path / f"again.{format}"
    sent.write_bytes(file_of(server, exported, f"scene.{format}"))
    again = server.converted(sent)
    assert again["status"] == "done" and again["result"]["splat_count"] == 2500, again


def test_edits_make_a_version_beside_the_old_one(server: RunningServer, opened: dict[str, Any], tmp_path: Path) -> None:
    edits = [{"edit": "hide", "layers": ["sky"]}, {"edit": "crop_box", "low_m": [-9, -9, 0], "high_m": [9, 9, 9]},
             {"edit": "start", "position_m": [0, 0.5, 0], "look_at_m": [0, 0.5, 2]}, {"edit": "up", "up": [0, 1, 0]}]
    version = made(server, opened, make="version", edits=edits)
    assert (version["kind"], version["of"], version["status"]) == ("scene", opened["id"], "done"), version
    assert version["name"] == "room (version 2).ply"
    assert version["start"] == {"position_m": [0.0, -0.5, 0.0], "look_at_m": [0.0, -0.5, -2.0]}
    (tmp_path / "scene.ply").write_bytes(file_of(server, version, "scene.ply"))
    left = read_layers(tmp_path / "scene.ply")
    means = facing_discs(2000).means
    assert isinstance(left, Layers) and left.counts["sky"] == 0 and len(left.fine) == (means[:, 2] >= 0).sum()
    np.testing.assert_allclose(left.fine.means, means[means[:, 2] >= 0] * [1, -1, -1], atol=1e-6)
    page = file_of(server, made(server, version, make="page"), "scene.html").decode()
    assert "<html" in page[:200] and 'id="collision">676c5446' in page  # glTF: one walks in it as in the old one
    (tmp_path / "met.glb").write_bytes(file_of(server, version, "scene.collision.glb"))
    (tmp_path / "before.glb").write_bytes(file_of(server, opened, "scene.collision.glb"))
    assert 0 < len(read_collision(tmp_path / "met.glb").triangles) < len(read_collision(tmp_path / "before.glb").triangles)
    nothing = made(server, opened, make="version", edits=[{"edit": "crop_sphere", "centre_m": [99, 0, 0], "radius_m": 1}])
    assert nothing["status"] == "failed" and "nothing is left" in nothing["error"]


def test_in_the_page_of_a_picture_s_scene_one_can_walk(server: RunningServer, room: Path) -> None:
    page = file_of(server, made(server, server.converted(room, stride=8), make="page"), "scene.html").decode()
    assert 'id="collision">676c5446' in page  # glTF


def test_stills_and_films_are_drawn_by_the_server(server: RunningServer, opened: dict[str, Any]) -> None:
    still = made(server, opened, make="still", view=STANDING, width=96, height=64)
    assert Image.open(io.BytesIO(file_of(server, still, "view.png"))).size == (96, 64)
    around = made(server, opened, make="still", view=STANDING, width=128, height=64, panorama=True)
    picture = Image.open(io.BytesIO(file_of(server, around, "360.jpg")))
    assert picture.size == (128, 64) and np.asarray(picture).mean() > 50 and b"equirectangular" in picture.info["xmp"]
    path = {"views": [STANDING, {"position": [0.5, 0, 0], "look_at": [2, 0, 0]}]}
    film = made(server, opened, make="film", path=path, width=64, height=48, fps=5, seconds=1)
    assert file_of(server, film, "film.mp4")[4:8] == b"ftyp"


def test_with_a_scene_go_its_pictures_but_not_its_versions(server: RunningServer, layered: Path) -> None:
    job = server.converted(layered)
    still = made(server, job, make="still", view=STANDING, width=32, height=32)
    version = made(server, job, make="version", edits=[{"edit": "hide", "layers": ["sky"]}])
    assert requests.delete(f"{server.address}/api/jobs/{job['id']}", timeout=30).status_code == 204
    assert server.get(f"/api/jobs/{still['id']}").status_code == 404
    assert server.get(f"/api/jobs/{version['id']}").status_code == 200


def test_an_object_is_looked_at_from_outside(server: RunningServer, tmp_path: Path) -> None:
    gaussians = scene(300, sh_degree=1)
    path = tmp_path / "object.ply"
    write_scene(path, replace(gaussians, means=(gaussians.means + [20, 0, 0]).astype(np.float32)), "ply")
    job = server.converted(path)
    assert job["status"] == "done" and job["shown"] == "spz" and job["result"]["walking_range_m"] == {}
    (x, _, z), (ahead_x, _, ahead_z) = job["start"]["position_m"], job["start"]["look_at_m"]
    assert abs(x - 20) < 2 and z < -5 and abs(ahead_x - 20) < 2 and abs(ahead_z) < 2


@pytest.mark.parametrize("ending", ["4dgs", "ftgs.ply"])
def test_a_scene_that_moves_is_kept_as_the_page_plays_it(server: RunningServer, tmp_path: Path, ending: str) -> None:
    path, kept = tmp_path / f"clip.{ending}", tmp_path / "kept.4dgs"
    write_moving(path, Timeline(2.0, 10.0), [Moving.still(facing_discs(200), 0.0, 2.0)])
    job = server.converted(path)
    assert job["status"] == "done" and "scene.splat" in job["files"]
    kept.write_bytes(file_of(server, job, "scene.4dgs"))
    assert (opened_moving(kept).count, opened_moving(kept).timeline.duration_s) == (200, 2.0)
    assert ending != "4dgs" or kept.read_bytes() == path.read_bytes()
    refused = server.post(f"/api/jobs/{job['id']}/make", json={"make": "version", "edits": [{"edit": "up", "up": [0, 1, 0]}]})
    assert refused.status_code == 422 and "moves cannot be edited" in refused.json()["detail"]
    if (static_folder() / "vendor" / "spark").is_dir():
        page = file_of(server, made(server, job, make="page"), "scene.html").decode()
        assert base64.b64encode(kept.read_bytes()).decode() in page


@pytest.mark.parametrize("wish, words", [
    ({"make": "file", "format": "obj"}, "format"), ({"make": "still", "view": STANDING, "width": 90, "height": 60,
                                                      "panorama": True}, "twice as wide"),
    ({"make": "tea"}, "make"), ({"make": "version", "edits": []}, "edits"), ({}, "make"),
])
def test_wishes_that_cannot_be_met_are_refused_in_words(server: RunningServer, opened: dict[str, Any], wish: dict[str, Any],
                                                        words: str) -> None:
    answer = server.post(f"/api/jobs/{opened['id']}/make", json=wish)
    assert answer.status_code == 422 and words in answer.json()["detail"], answer.text


def test_what_is_sent_under_the_name_of_a_scene_and_is_none_is_refused(server: RunningServer) -> None:
    answer = server.upload(b"not a scene at all", "room.spz")
    assert answer.status_code == 422 and "room.spz is not a .spz file" in answer.json()["detail"]
    assert "neither a picture nor a video" in server.upload(b"nothing at all", "room.txt").json()["detail"]
