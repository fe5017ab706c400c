"""Pictures, camera paths and edits of a scene on the page, in a real browser."""

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest

pytest.importorskip("playwright")
from playwright.sync_api import expect

from tests.web.browser import NEEDS_CHROMIUM, Visit, Visiting
from tests.web.running_server import RunningServer

pytestmark = NEEDS_CHROMIUM
Entering = Callable[[str], Visit]


@pytest.fixture
def entering(visit: Visiting, scene: dict) -> Entering:
    """Open the scene of a room, and one of its panels."""

    def entered(panel: str) -> Visit:
        one = visit(width=1200, height=800)
        one.open(f"/?job={scene['id']}")
        one.wait_for_scene("/scene.")
        one.page.click(f"#stage button[aria-label^='{panel}']")
        return one

    return entered


def test_a_path_is_previewed_and_becomes_a_film(entering: Entering, server: RunningServer) -> None:
    one = entering("Pictures")
    page = one.page
    page.click("text=Add this view")
    page.locator("#stage canvas").focus()
    page.keyboard.press("ArrowRight", delay=700)
    one.wait_until_still()
    turned = float(one.stage("heading"))
    assert turned > 5
    page.click("text=Add this view")
    page.fill("[aria-label='Length of the video in seconds']", "2")
    with page.expect_download() as saved:
        page.click("text=Save the path")
    assert len(json.loads(Path(saved.value.path()).read_text())["views"]) == 2
    page.click("text=Preview")
    page.wait_for_function(f"() => Number(document.getElementById('stage').dataset.heading) < {turned / 2}")
    page.click("text=Stop")
    page.wait_for_function(f"() => Math.abs(Number(document.getElementById('stage').dataset.heading) - {turned}) < 0.5")
    page.fill("[aria-label='Length of the video in seconds']", "1")
    page.select_option("[aria-label='Size of the video']", "1280x720")
    page.click("text=Make the video")
    video = page.locator("#job .made-one", has_text="Video")  # others may have been made of this scene before
    expect(video.locator("progress")).to_be_visible()
    video.locator("button[aria-label='Cancel Video']").click()
    expect(video).to_contain_text("cancelled")
    expect(page.locator("#cards .card", has_text="film")).to_have_count(0)


def test_what_is_cropped_and_erased_is_gone_in_a_new_version(entering: Entering, server: RunningServer, tmp_path: Path) -> None:
    one = entering("Edit")
    page = one.page
    panel = page.locator("#stage [aria-label='Edit the scene'][role='group']")
    page.wait_for_selector("#stage [data-left]", timeout=60_000)
    whole = int(panel.get_attribute("data-left") or 0)
    page.click("text=Eraser")
    box = page.locator("#stage canvas").bounding_box()
    assert box
    page.mouse.move(box["x"] + 0.5 * box["width"], box["y"] + 0.4 * box["height"])
    page.mouse.down()
    page.mouse.move(box["x"] + 0.6 * box["width"], box["y"] + 0.4 * box["height"], steps=4)
    page.mouse.up()
    erased = int(panel.get_attribute("data-left") or 0)
    assert 0 < erased < whole
    page.click("text=Undo")
    expect(panel).to_have_attribute("data-left", str(whole))
    page.click("text=Redo")
    page.fill("[aria-label='Radius in metres']", "3")
    page.click("text=Crop to a sphere")
    left = int(panel.get_attribute("data-left") or 0)
    assert left < erased
    page.click("text=Start here")
    page.click("text=Save as a new version")
    expect(page.locator("#job .job-title")).to_contain_text(re.compile(r"\(version \d+\)"), timeout=60_000)
    expect(page.locator("#job .scene-card")).to_be_visible(timeout=90_000)
    job = server.job(page.url.split("job=")[1])
    assert abs(job["result"]["splat_count"] - left) <= 0.01 * whole  # centres in the page are rounded to half precision
    assert job["start"]["position_m"] == [0, 0, 0]
    one.wait_for_scene("/scene.")
