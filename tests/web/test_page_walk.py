"""Moving about in a scene, in a real browser."""

import re

import numpy as np
import pytest

pytest.importorskip("playwright")
from playwright.sync_api import expect

from spag4d.mesh.mesh import Mesh
from spag4d.mesh.write import glb_bytes
from tests.web.browser import NEEDS_CHROMIUM, Visit, Visiting

pytestmark = NEEDS_CHROMIUM

WALL_M = 0.35
"""Metres to a wall ahead."""


def wall_ahead() -> bytes:
    """A floor 1.6 m below the eye, and a wall."""
    floor = [(-9, 1.6, -9), (9, 1.6, -9), (9, 1.6, 9), (-9, 1.6, 9)]
    wall = [(-9, -2, WALL_M), (9, -2, WALL_M), (9, 2, WALL_M), (-9, 2, WALL_M)]
    triangles = [[0, 1, 2], [0, 2, 3]]
    return glb_bytes(Mesh(np.array([*floor, *wall], np.float32), np.zeros((8, 3), np.float32),
                          np.array([*triangles, *np.add(triangles, 4).tolist()])))


def without_range(jobs: list[dict]) -> list[dict]:
    """The server's jobs, as if nobody had measured how far one can walk."""
    return [{**job, "result": job["result"] and {**job["result"], "walking_range_m": {}}} for job in jobs]


def position(visitor: Visit) -> list[float]:
    visitor.wait_until_still()
    return [float(value) for value in visitor.stage("position").split(",")]


def test_a_walk_stops_at_a_wall_and_an_orbit_goes_around(visit: Visiting, scene: dict) -> None:
    visitor = visit()
    page = visitor.page
    page.route("**/scene.collision.glb", lambda route: route.fulfill(body=wall_ahead()))
    page.route("**/api/jobs", lambda route: route.fulfill(json=without_range(route.fetch().json())))
    page.route("**/api/events", lambda route: route.fulfill(body="retry: 600000\n\n", content_type="text/event-stream"))
    with page.expect_response("**/scene.collision.glb"):
        visitor.open(f"/?job={scene['id']}")
    visitor.wait_for_scene()
    page.focus("#stage canvas")
    page.keyboard.down("w")
    expect(page.locator("#stage")).to_have_attribute("data-position", re.compile(r",-0\.15$"))
    page.wait_for_timeout(500)
    page.keyboard.up("w")
    assert position(visitor)[2] == pytest.approx(0.2 - WALL_M, abs=0.001)
    page.keyboard.press("r")
    expect(page.locator("#stage")).to_have_attribute("data-position", "0.00,0.00,0.00")

    stage, mode = page.locator("#stage"), page.locator("#stage .stage-tools button").nth(1)
    mode.click()
    expect(stage).to_have_attribute("data-mode", "fly")
    mode.click()
    expect(stage).to_have_attribute("data-mode", "orbit")
    box = page.locator("#stage canvas").bounding_box()
    assert box
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] / 2 + 90, box["y"] + box["height"] / 2, steps=3)
    page.mouse.up()
    assert position(visitor)[0] < -0.3  # the near side follows the pointer, so one goes to the left
    page.keyboard.press("o")
    expect(stage).to_have_attribute("data-mode", "walk")
    page.keyboard.press("r")
    expect(page.locator("#stage")).to_have_attribute("data-position", "0.00,0.00,0.00")


def test_a_double_click_leads_there_and_two_hints_tell_of_it(visit: Visiting, scene: dict) -> None:
    visitor = visit(hints=True)
    page = visitor.open(f"/?job={scene['id']}")
    hint = page.locator(".notice-hint")
    expect(hint).to_have_text(re.compile("^Drag to look around"))
    visitor.wait_for_scene()
    expect(hint).to_be_hidden()
    page.wait_for_timeout(700)
    page.focus("#stage canvas")
    page.keyboard.press("ArrowRight")
    expect(hint).to_have_text(re.compile("^Double-click"))
    page.keyboard.press("r")
    visitor.wait_until_still()
    box = page.locator("#stage canvas").bounding_box()
    assert box
    page.mouse.dblclick(box["x"] + box["width"] / 2, box["y"] + box["height"] * 0.6)
    assert position(visitor)[2] < -0.05
    page.reload()
    visitor.wait_for_scene()
    page.keyboard.press("ArrowRight")
    visitor.wait_until_still()
    expect(hint).to_be_hidden()
