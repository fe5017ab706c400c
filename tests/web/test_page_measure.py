"""Measuring in the scene, in a real browser."""

import re
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("playwright")
from playwright.sync_api import Page, expect

from spag4d.depth.from_file import depth_from_file
from tests.web.browser import NEEDS_CHROMIUM, Visit, Visiting
from tests.web.running_server import RunningServer

pytestmark = NEEDS_CHROMIUM


def depth_of(server: RunningServer, job: dict, tmp_path: Path) -> np.ndarray:
    """Return the distances in metres of a job's depth map, (h, w)."""
    path = tmp_path / "depth.png"
    path.write_bytes(server.get(f"/api/jobs/{job['id']}/files/depth.png").content)
    return depth_from_file(path, (128, 256)).distance


def click_at(page: Page, x: float, y: float) -> None:
    """Click at a place of the canvas, given in parts of its size."""
    box = page.locator("#stage canvas").bounding_box()
    assert box
    page.mouse.click(box["x"] + x * box["width"], box["y"] + y * box["height"])


def opened(visit: Visiting, job: dict) -> Visit:
    visitor = visit(height=700)
    visitor.open(f"/?job={job['id']}")
    visitor.wait_for_scene("/scene.")
    visitor.page.click("#fold")  # the panels lie over the places that are clicked
    visitor.page.click("#stage button[aria-label^='Measure']")
    return visitor


def length_in(words: str) -> float:
    found = re.search(r"([0-9.]+) m", words)
    assert found, words
    return float(found[1])


def test_a_click_tells_the_distance_and_two_tell_how_far_they_are_apart(
        visit: Visiting, server: RunningServer, scene: dict, tmp_path: Path) -> None:
    page = opened(visit, scene).page
    said = page.locator(".measure-words")
    depth = depth_of(server, scene, tmp_path)
    ahead = depth[depth.shape[0] // 2 - 1, depth.shape[1] // 2]
    click_at(page, 0.5, 0.5)
    expect(said).to_contain_text("from the camera")
    assert length_in(said.inner_text()) == pytest.approx(ahead, rel=0.05)
    click_at(page, 0.5, 0.52)
    expect(said).to_contain_text("from one to the other")
    assert 0 < length_in(said.inner_text()) < 0.2 * ahead
    page.focus("#stage canvas")
    page.keyboard.press("Enter")
    expect(said).to_contain_text("from the camera")
    page.keyboard.press("Escape")
    expect(said).to_be_hidden()


def test_what_the_floor_is_in_truth_sets_the_scale(visit: Visiting, server: RunningServer, scene: dict) -> None:
    page = opened(visit, scene).page
    said = page.locator(".measure-words")
    click_at(page, 0.5, 0.75)
    expect(said).to_contain_text("above it")
    found = re.search(r"stood ([0-9.]+) m", said.inner_text())
    assert found
    page.fill(".measure-form input", str(2 * float(found[1])))
    page.click(".measure-form button")
    expect(page).not_to_have_url(re.compile(scene["id"]))
    again = server.wait(page.url.split("job=")[1])
    assert again["settings"] == {**scene["settings"], "global_scale": again["settings"]["global_scale"]}
    assert again["settings"]["global_scale"] == pytest.approx(2, rel=0.02)
    assert again["result"]["depth_range"][0] == pytest.approx(2 * scene["result"]["depth_range"][0], rel=0.05)
