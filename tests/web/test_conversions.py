"""Jobs from the first byte to the last file, on a server of its own process."""

import io
import json
import os
import shutil
import signal
import subprocess
import time
import zipfile
from pathlib import Path

import numpy as np
import pytest
import requests
from PIL import Image

from spag4d import SPAG4D, Settings
from spag4d.formats.ply import read_ply
from spag4d.formats.splat import read_splat
from tests.web.running_server import PATIENCE_S, RunningServer
from tests.world.rooms import PLACES, panorama_from

BASICS = {
    "panorama.jpg", "thumbnail.jpg", "first-look.splat", "scene.ply", "scene.splat", "scene.collision.glb", "depth.png",
    "depth.jpg", "settings.json"}


def test_a_panorama_becomes_a_scene_as_python_makes_it(server: RunningServer, room: Path, tmp_path: Path) -> None:
    job = server.converted(room, stride=3, scale_factor=1.2, sky_dome=False)
    assert (job["status"], job["error"], job["fraction"], job["kind"], job["name"]) == ("done", "", 1.0, "photo", "room.png")
    assert set(job["files"]) == BASICS
    converter = SPAG4D(stride=3, scale_factor=1.2, sky_dome=False, format="both")
    converter.convert(room, tmp_path / "scene", save_depth=tmp_path / "depth.png")
    for name in ("scene.ply", "scene.splat", "depth.png"):
        content = server.get(f"/api/jobs/{job['id']}/files/{name}").content
        assert content == (tmp_path / name).read_bytes(), name
        assert job["files"][name] == len(content)
    assert job["result"]["splat_count"] == len(read_ply(tmp_path / "scene.ply"))
    assert job["result"]["depth_model"] == "builtin"
    assert job["warnings"] == ["made with the small built-in depth model, and without SHARP"]


def test_the_first_look_is_a_coarse_scene_of_the_same_place(server: RunningServer, large: Path, tmp_path: Path) -> None:
    job = server.converted(large, stride=2)
    scenes = {}
    for name in ("first-look.splat", "scene.splat"):
        (tmp_path / name).write_bytes(server.get(f"/api/jobs/{job['id']}/files/{name}").content)
        scenes[name] = read_splat(tmp_path / name)
    coarse, fine = scenes["first-look.splat"], scenes["scene.splat"]
    assert 0.1 < len(coarse) / len(fine) < 0.5
    medians = [np.median(np.linalg.norm(scene.means, axis=1)) for scene in (coarse, fine)]
    assert medians[0] == pytest.approx(medians[1], rel=0.05)


def test_pictures_of_one_place_become_one_scene(server: RunningServer, tmp_path: Path) -> None:
    ids = []
    for name, place in zip("abc", PLACES, strict=True):
        rgb = panorama_from(place, 384).rgb
        Image.fromarray(np.rint(rgb * 255).astype(np.uint8)).save(tmp_path / f"{name}.png")
        ids.append(server.upload((tmp_path / f"{name}.png").read_bytes(), f"{name}.png").json()["id"])
    said = {"uploads": ids, "one_place": True, "settings": {"stride": 4}}
    job = server.wait(server.post("/api/jobs", json=said).json()["id"], patience_s=3 * PATIENCE_S)
    assert (job["status"], job["error"], job["kind"], job["name"]) == ("done", "", "place", "a.png and 2 more")
    assert set(job["files"]) == BASICS - {"first-look.splat", "depth.png", "depth.jpg"}
    assert len(job["result"]["viewpoints"]) == 3 and job["result"]["viewpoints"][1]["walking_range_m"]["+z"] > 0
    assert job["result"]["splat_count"] > 2000 and not any("left out" in words for words in job["warnings"])


def test_no_settings_are_the_defaults(server: RunningServer, room: Path) -> None:
    job = server.submit(room).json()
    assert job["settings"] == Settings().model_dump()
    server.wait(job["id"])
    blank = server.post("/api/jobs", json={"uploads": [job["id"]]}).json()
    assert blank["settings"] == job["settings"]
    server.wait(blank["id"])


def test_one_format_alone_can_be_asked_for(server: RunningServer, room: Path) -> None:
    job = server.converted(room, format="ply")
    assert set(job["files"]) == BASICS - {"scene.splat"}


def test_the_settings_of_a_scene_can_be_taken_away_and_used_again(server: RunningServer, room: Path, tmp_path: Path) -> None:
    job = server.converted(room, stride=4, thickness=0.3, format="splat")
    record = json.loads(server.get(f"/api/jobs/{job['id']}/files/settings.json").content)
    SPAG4D(**record["settings"]).convert(room, tmp_path / "again.splat")
    assert (tmp_path / "again.splat").read_bytes() == server.get(f"/api/jobs/{job['id']}/files/scene.splat").content


def test_a_job_takes_its_upload_and_can_be_converted_again(server: RunningServer, room: Path) -> None:
    sent = server.upload(room.read_bytes(), "C:\\photos\\../my room.png").json()
    assert (sent["name"], sent["kind"], sent["size"]) == ("my room.png", "photo", room.stat().st_size)
    first = server.wait(server.convert(sent["id"], stride=4).json()["id"])
    second = server.wait(server.convert(first["id"], stride=4).json()["id"])
    assert first["name"] == second["name"] == "my room.png"
    assert first["result"]["splat_count"] == second["result"]["splat_count"]
    taken = server.convert(sent["id"])
    assert taken.status_code == 422 and "that upload no longer exists" in taken.json()["detail"]


def test_an_upload_whose_job_is_refused_stays(server: RunningServer, room: Path) -> None:
    sent = server.upload(room.read_bytes()).json()["id"]
    assert server.convert(sent, stride=99).status_code == 422
    assert server.wait(server.convert(sent, stride=8).json()["id"])["status"] == "done"


@pytest.mark.skipif(shutil.which("curl") is None, reason="needs curl")
def test_curl_sends_a_file_under_its_name(server: RunningServer, room: Path) -> None:
    command = ["curl", "--silent", "--fail", "-T", str(room), f"{server.address}/api/uploads/"]
    sent = json.loads(subprocess.run(command, capture_output=True, check=True).stdout)
    assert (sent["name"], sent["size"]) == ("room.png", room.stat().st_size)
    said = json.dumps({"uploads": [sent["id"]], "settings": {"stride": 8}})
    command = ["curl", "--silent", "--fail", "--json", said, f"{server.address}/api/jobs"]
    job = json.loads(subprocess.run(command, capture_output=True, check=True).stdout)
    assert job["settings"]["stride"] == 8
    server.wait(job["id"])


def test_a_depth_map_of_ones_own_takes_the_place_of_the_network(server: RunningServer, room: Path) -> None:
    content = io.BytesIO()
    np.save(content, np.full((64, 128), 250, np.uint16))
    sent = server.put("/api/uploads/scan.npy?depth=true", data=content.getvalue()).json()
    assert (sent["kind"], sent["name"]) == ("depth", "scan.npy")
    picture = server.upload(room.read_bytes(), "room.png").json()["id"]
    asked = {"uploads": [picture], "depth_map": sent["id"], "settings": {"stride": 4, "depth_map_unit": 0.01}}
    job = server.wait(server.post("/api/jobs", json=asked).json()["id"])
    assert (job["status"], job["error"], job["depth_map"]) == ("done", "", "scan.npy")
    assert job["result"]["depth_range"] == pytest.approx([2.5, 2.5], rel=0.01)
    asked = {"uploads": [job["id"]], "depth_map": job["id"], "settings": {"stride": 4, "depth_map_unit": 0.02}}
    again = server.wait(server.post("/api/jobs", json=asked).json()["id"])
    assert again["result"]["depth_range"] == pytest.approx([5, 5], rel=0.01)


def test_what_holds_no_distances_is_refused_as_a_depth_map(server: RunningServer, room: Path) -> None:
    answer = server.put("/api/uploads/scan.npy?depth=true", data=b"these are notes")
    assert answer.status_code == 422 and "scan.npy is not a depth map" in answer.json()["detail"]
    picture = server.upload(room.read_bytes()).json()["id"]
    refused = server.post("/api/jobs", json={"uploads": [picture], "depth_map": picture})
    assert refused.status_code == 422 and "was sent as a picture" in refused.json()["detail"]


def test_a_video_becomes_a_sequence(server: RunningServer, clip: Path, tmp_path: Path) -> None:
    job = server.converted(clip, fps=10, duration=0.3, stride=4)
    assert (job["status"], job["kind"], job["frames"]) == ("done", "video", 3), job["error"]
    assert {"panorama.jpg", "thumbnail.jpg", "depth.jpg", "preview.mp4", "settings.json"} == set(job["files"])
    frames = f"/api/jobs/{job['id']}/frames"
    first = server.get(f"{frames}/frame_00001.splat")
    assert first.status_code == 200 and len(first.content) == 32 * (len(first.content) // 32) > 0
    assert server.get(f"{frames}/frame_00004.splat").status_code == 404
    depths = [server.get(f"{frames}/frame_0000{number}.depth.jpg") for number in (1, 2, 3, 4)]
    assert [depth.status_code for depth in depths] == [200, 200, 200, 404]
    assert depths[0].content == server.get(f"/api/jobs/{job['id']}/files/depth.jpg").content
    assert server.get(f"{frames}/sequence.json").status_code == 404
    with zipfile.ZipFile(io.BytesIO(server.get(f"{frames}.zip", params={"format": "splat"}).content)) as archive:
        assert archive.testzip() is None
        assert archive.namelist() == ["sequence.json", "frame_00001.splat", "frame_00002.splat", "frame_00003.splat"]
        assert archive.read("frame_00001.splat") == first.content
    assert server.get(f"{frames}.zip", params={"format": "spz"}).status_code == 404


def test_parts_of_a_file_can_be_asked_for(server: RunningServer, room: Path) -> None:
    job = server.converted(room, stride=4)
    url = f"/api/jobs/{job['id']}/files/scene.splat"
    whole = server.get(url)
    part = server.get(url, headers={"Range": "bytes=32-95"})
    assert part.status_code == 206 and part.content == whole.content[32:96]
    assert part.headers["content-range"] == f"bytes 32-95/{len(whole.content)}"
    assert server.get(url, headers={"Range": f"bytes={len(whole.content)}-"}).status_code == 416
    saved = server.get(url, params={"download": "true"})
    assert saved.headers["content-disposition"] == 'attachment; filename="room.splat"'


def test_what_is_no_panorama_fails_in_words_without_paths(server: RunningServer, tmp_path: Path) -> None:
    from PIL import Image

    Image.new("RGB", (300, 200), "red").save(tmp_path / "flat.png")
    job = server.converted(tmp_path / "flat.png")
    assert job["status"] == "failed"
    assert job["error"].startswith("flat.png is 300 x 200 pixels") and "“Accept any shape”" in job["error"]
    assert str(server.home) not in json.dumps(job) and "uploaded-file" not in json.dumps(job)
    assert server.converted(tmp_path / "flat.png", force_erp=True)["status"] == "done"


@pytest.mark.parametrize("content", [b"", b"hello, this is text", b"\x89PNG\r\n\x1a\n" + bytes(40)])
def test_what_is_no_picture_is_refused_at_once(content: bytes, server: RunningServer) -> None:
    answer = server.upload(content, "photo.jpg")
    assert answer.status_code == 422
    assert answer.json()["detail"].startswith("photo.jpg ") and str(server.home) not in answer.text


def test_a_picture_bomb_is_refused_by_the_size_that_it_declares(server: RunningServer) -> None:
    import struct
    import zlib

    def chunk(name: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))

    size = struct.pack(">IIBBBBB", 60000, 30000, 8, 2, 0, 0, 0)
    png = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", size) + chunk(b"IDAT", zlib.compress(bytes(1000)))
    answer = server.upload(png, "bomb.png")
    assert answer.status_code == 422 and "60000 x 30000" in answer.json()["detail"]


def test_a_deleted_job_is_gone_with_its_files(server: RunningServer, room: Path, tmp_path: Path) -> None:
    mine = tmp_path / "mine.png"
    mine.write_bytes(room.read_bytes() + b"told by these bytes")
    job = server.converted(mine, stride=8)
    assert job["status"] == "done"

    def copies() -> list[str]:
        files = [path for path in server.home.rglob("*") if path.is_file()]
        return [path.parent.name for path in files if path.read_bytes() == mine.read_bytes()]

    assert copies() == [job["id"]]
    url = f"{server.address}/api/jobs/{job['id']}"
    assert requests.delete(url, timeout=10).status_code == 204
    assert copies() == [] and not (server.home / "web" / "jobs" / job["id"]).exists()
    assert server.get(f"/api/jobs/{job['id']}").status_code == requests.delete(url, timeout=10).status_code == 404


@pytest.mark.skipif(not hasattr(signal, "SIGSTOP"), reason="processes cannot be held here")
def test_a_process_that_does_not_listen_is_ended_when_its_job_is_cancelled(server: RunningServer, large: Path) -> None:
    id = server.submit(large, stride=1).json()["id"]
    server.wait(id, lambda job: job["status"] == "running" and job["stage"] != "")
    for pid in server.workers():
        os.kill(pid, signal.SIGSTOP)
    half = server.home / "web" / "jobs" / id / ".0123456789ab.part.ply"
    half.write_bytes(b"half")
    server.post(f"/api/jobs/{id}/cancel")
    job = server.wait(id)
    assert job["status"] == "cancelled" and job["ended_s"] - job["started_s"] < PATIENCE_S
    end = time.monotonic() + PATIENCE_S
    while half.exists():
        assert time.monotonic() < end
        time.sleep(0.02)


def test_jobs_are_cancelled_while_they_run_and_while_they_wait(server: RunningServer, large: Path, room: Path) -> None:
    running = server.submit(large, stride=1).json()["id"]
    waiting = server.submit(room).json()["id"]
    server.wait(running, lambda job: job["status"] == "running")
    assert server.post(f"/api/jobs/{waiting}/cancel").json()["status"] == "cancelled"
    assert server.post(f"/api/jobs/{running}/cancel").status_code == 202
    job = server.wait(running)
    assert job["status"] == "cancelled" and "scene.ply" not in job["files"]
    assert server.job(waiting)["starts"] == 0
    assert server.converted(room)["status"] == "done"
    assert server.post(f"/api/jobs/{running}/cancel").json()["status"] == "cancelled"


def test_events_tell_everything_and_go_on_where_they_were_left(server: RunningServer, room: Path) -> None:
    id = server.submit(room, stride=4).json()["id"]
    server.wait(id)
    seen, last = read_events(server, id, "0")
    assert seen[-1]["status"] == "done" and seen[-1]["id"] == id
    assert read_events(server, id, str(int(last) - 1))[0][-1]["status"] == "done"
    again = server.submit(room, stride=4).json()["id"]
    everything, _ = read_events(server, None, last, until=again)
    assert id not in [job["id"] for job in everything] and again in [job["id"] for job in everything]
    server.wait(again)


def read_events(server: RunningServer, id: str | None, last: str, until: str = "") -> tuple[list[dict], str]:
    """The jobs that are told of until one has ended, and the id of the last event."""
    path = f"/api/jobs/{id}/events" if id else "/api/events"
    told: list[dict] = []
    with server.get(path, headers={"Last-Event-ID": last}, stream=True) as answer:
        for line in (raw.decode() for raw in answer.iter_lines()):
            if line.startswith("id: "):
                last = line.removeprefix("id: ")
            if line.startswith("data: ") and "status" in line:
                told.append(json.loads(line.removeprefix("data: ")))
                if told[-1]["status"] == "done" and told[-1]["id"] == (until or id):
                    return told, last
    raise AssertionError("the stream ended without the end of the job")
