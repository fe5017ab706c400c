"""Depth maps of one's own, and the depth of videos, in a real browser."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

pytest.importorskip("playwright")
from playwright.sync_api import Route, expect

from tests.web.browser import NEEDS_CHROMIUM, Visiting
from tests.web.running_server import RunningServer

pytestmark = NEEDS_CHROMIUM


def test_a_depth_map_goes_with_its_picture_and_its_unit(visit: Visiting, room: Path, tmp_path: Path) -> None:
    scan = tmp_path / "measured.png"
    Image.fromarray(np.full((64, 128), 250, np.uint16)).save(scan)
    visitor = visit()
    page = visitor.open()
    page.set_input_files("#files", scan)
    expect(page.locator("#form-error")).to_contain_text("Which picture does measured.png belong to?")
    page.set_input_files("#files", [scan, room])
    expect(page.locator("#chosen .chosen-item")).to_have_count(1)
    expect(page.locator("#chosen .depth-map")).to_contain_text("measured.png")
    expect(page.locator("#setting-depth_model")).to_be_hidden()
    page.select_option("#depth-unit", label="centimetres")
    expect(page.locator("#setting-depth_map_unit")).to_have_value("0.01")
    page.click("#convert")
    expect(page.locator("#job .facts")).to_contain_text("2.5 m to 2.5 m away · distances from measured.png")
    page.click("#job button:has-text('Convert again')")
    expect(page.locator("#chosen .depth-map")).to_contain_text("measured.png")
    page.click("#chosen button[aria-label='Leave out measured.png']")
    expect(page.locator("#setting-depth_model")).to_be_visible()
    page.click("#convert")
    expect(page.locator("#job .facts")).to_contain_text("distances by the built-in model")


def test_the_depth_of_a_video_is_shown_also_to_who_asks_before_the_viewer_is_there(
    visit: Visiting, server: RunningServer, clip: Path
) -> None:
    job = server.converted(clip, fps=10, duration=0.1, stride=8)
    visitor = visit()
    held: list[Route] = []
    visitor.page.route("**/viewer/scene.js", lambda route: held.append(route))
    page = visitor.open(f"/?job={job['id']}")
    page.click("#stage button:has-text('Depth')")
    held[0].continue_()
    page.wait_for_selector('#stage[data-state="ready"][data-view="depth"]')
