"""The picture of a scene comes alive by a request, on a real server."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from spag4d.formats.moving import opened_moving
from tests.web.running_server import RunningServer

FLOOR = {"radius_deg": 30, "places_deg": [[0, -60], [40, -60]]}
FLOWS = {"motion": "water", "amount": 0.3, "heading_deg": 90, "strokes": [FLOOR]}


def asked(server: RunningServer, job: dict[str, Any], *motions: dict[str, Any], **more: Any) -> Any:
    return server.post(f"/api/jobs/{job['id']}/make", json={"make": "animation", "motions": motions, **more})


def test_a_picture_comes_alive_and_again_otherwise(server: RunningServer, scene: dict[str, Any], tmp_path: Path) -> None:
    answer = asked(server, scene, FLOWS, loop_s=2)
    assert answer.status_code == 201, answer.text
    job = server.wait(answer.json()["id"])
    assert (job["kind"], job["status"], job["of"], job["shown"]) == ("animation", "done", scene["id"], "4dgs"), job
    assert {"scene.4dgs", "panorama.jpg", "depth.jpg", "scene.collision.glb"} <= job["files"].keys()
    assert job["name"].startswith("room (version ") and job["wish"]["motions"][0]["strokes"] == [FLOOR]
    assert set(job["result"]["walking_range_m"]) >= {"+x", "-x", "+z", "-z"}  # the page says how far its version holds up
    path = tmp_path / "a.4dgs"
    path.write_bytes(server.get(f"/api/jobs/{job['id']}/files/scene.4dgs").content)
    found = opened_moving(path)
    going = np.concatenate([part.velocities[np.abs(part.velocities).any(1)] for part in found.parts()])
    assert found.timeline.duration_s == 2 and len(going) and (going[:, 0] > 0).all() and not going[:, 1].any()

    again = asked(server, job, {**FLOWS, "strokes": [], "polygon": "-180,-40 180,-40 180,-90 -180,-90", "heading_deg": 270})
    made = server.wait(again.json()["id"])
    assert (made["status"], made["of"], made["name"].count("version")) == ("done", job["id"], 1), made


@pytest.mark.parametrize("motion, words", [
    ({"motion": "lava", "amount": 1}, "motion"), ({"motion": "water", "amount": 0.3}, "water needs a region"),
    ({**FLOWS, "amount": 99}, "up to 20"), ({**FLOWS, "polygon": "here and there"}, "yaw,pitch"),
    ({**FLOWS, "strokes": [{"radius_deg": 5, "places_deg": [[0, 91]]}]}, "less than or equal to 90"),
])
def test_what_cannot_move_is_refused_in_words(server: RunningServer, scene: dict[str, Any], motion: dict[str, Any],
                                              words: str) -> None:
    answer = asked(server, scene, motion)
    assert answer.status_code == 422 and words in answer.json()["detail"], answer.text


def test_without_a_sky_clouds_fail_in_words(server: RunningServer, scene: dict[str, Any]) -> None:
    job = server.wait(asked(server, scene, {"motion": "clouds", "amount": 1}).json()["id"])
    assert job["status"] == "failed" and "shows no sky" in job["error"]
