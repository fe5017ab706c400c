"""Scene files opened on the page, and what is taken away of them, in a real browser."""

import json
import re
import shutil
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("playwright")
from playwright.sync_api import Browser, expect

from spag4d.formats.scene import read_layers, write_scene
from spag4d.web.service import EXAMPLE
from tests.formats.gaussian_scenes import scene as random_scene
from tests.web.browser import NEEDS_CHROMIUM, Visit, Visiting
from tests.web.running_server import RunningServer

expect.set_options(timeout=60_000)

pytestmark = NEEDS_CHROMIUM


@pytest.fixture(scope="module")
def room_scene(server: RunningServer, scene: dict, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The scene of a room as a .ply file, as another program might have written it."""
    path = tmp_path_factory.mktemp("sent") / "room scan.ply"
    path.write_bytes(server.get(f"/api/jobs/{scene['id']}/files/scene.ply").content)
    return path


def test_a_scene_file_is_walked_in_and_taken_away(visit: Visiting, room_scene: Path, tmp_path: Path) -> None:
    one = visit()
    page = one.open()
    page.set_input_files("#files", room_scene)
    one.wait_for_scene("/scene.splat")
    assert one.picture(tmp_path).std() > 0.02
    expect(page.locator("#job .scene-card summary")).to_contain_text("You can walk")
    page.click("#job .scene-card summary")
    expect(page.locator("#job .scene-card")).to_contain_text("all valid")
    expect(page.locator("#job button:has-text('Convert again')")).to_have_count(0)
    with page.expect_download() as download:
        page.select_option("#job select[aria-label='More formats']", "spz")
    assert download.value.suggested_filename == "room scan.spz"
    (tmp_path / "again.spz").write_bytes(Path(download.value.path()).read_bytes())
    assert len(read_layers(tmp_path / "again.spz")) == len(read_layers(room_scene))
    expect(page.locator("#job .made a")).to_contain_text("SPZ")
    expect(page.locator("#cards .card-name", has_text="room scan.ply")).to_have_count(1)


def test_an_object_of_another_tool_is_looked_at_from_outside(visit: Visiting, tmp_path: Path) -> None:
    gaussians = random_scene(400)
    gaussians.means[:] += np.array([20, 0, 0], np.float32)
    write_scene(tmp_path / "object.splat", gaussians, "splat")
    one = visit()
    page = one.open()
    page.set_input_files("#files", tmp_path / "object.splat")
    one.wait_for_scene("/scene.splat")
    expect(page.locator("#stage")).to_have_attribute("data-position", re.compile(r"^(19|20)\.\d+,"))
    assert one.picture(tmp_path).max() > 0.2, "it is in sight"


def test_the_page_begins_in_the_example(browser: Browser, server: RunningServer, scene: dict, tmp_path: Path) -> None:
    folder = tmp_path / "web" / "jobs" / EXAMPLE
    shutil.copytree(server.home / "web" / "jobs" / scene["id"], folder)
    record = {**json.loads((folder / "job.json").read_text()), "id": EXAMPLE, "is_example": True}
    (folder / "job.json").write_text(json.dumps(record))
    with_example = RunningServer(tmp_path)
    one = Visit(browser, with_example.address)
    page = one.open()
    one.wait_for_scene(f"{EXAMPLE}/files/scene.")
    expect(page.locator("#cards .card")).to_have_count(0)
    expect(page.locator("#chosen")).to_contain_text("courtyard.jpg")
    one.context.close()
    with_example.stop()
    assert one.complaints == []
