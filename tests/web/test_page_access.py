"""Contrast, headings, landmarks and movement of the page, in a real browser."""

import re

import pytest

pytest.importorskip("playwright")
from playwright.sync_api import Page, Route, expect

from tests.web.browser import NEEDS_CHROMIUM, Visiting
from tests.web.running_server import RunningServer

pytestmark = NEEDS_CHROMIUM

LEAST_RATIO = 4.5
"""WCAG 2, AA, for text."""

FAINT = """(least) => {
    const parse = (css) => {
        const canvas = parse.context ??= new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });
        canvas.clearRect(0, 0, 1, 1);
        canvas.fillStyle = css;
        canvas.fillRect(0, 0, 1, 1);
        const [r, g, b, a] = canvas.getImageData(0, 0, 1, 1).data;
        return [r, g, b, a / 255];
    };
    const over = ([r, g, b, a], below) => [r, g, b].map((one, at) => one * a + below[at] * (1 - a));
    const luminance = (rgb) => {
        const [r, g, b] = rgb.map((one) => (one / 255 <= 0.03928 ? one / 255 / 12.92 : ((one / 255 + 0.055) / 1.055) ** 2.4));
        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const ratio = (a, b) => (Math.max(luminance(a), luminance(b)) + 0.05) / (Math.min(luminance(a), luminance(b)) + 0.05);
    const faint = [];
    for (const one of document.querySelectorAll("body *")) {
        const says = [...one.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim());
        if (!says || !one.checkVisibility({ opacityProperty: true })) continue;
        if (one.closest(".visually-hidden, :disabled, option, .skip")) continue;
        const layers = [];
        for (let at = one; at; at = at.parentElement) layers.unshift(parse(getComputedStyle(at).backgroundColor));
        for (const scene of [[0, 0, 0], [255, 255, 255]]) { // what floats may lie over anything
            const ground = layers.slice(2).reduce((below, layer) => over(layer, below), scene);
            const found = ratio(over(parse(getComputedStyle(one).color), ground), ground);
            if (found < least) faint.push(`${found.toFixed(2)} ${one.className} ${one.textContent.trim().slice(0, 40)}`);
        }
    }
    return [...new Set(faint)];
}"""
"""Texts whose contrast is too low, over the darkest or the brightest scene."""


def floats_over_the_scene(page: Page) -> None:
    """The tests ask for what floats over scenes: a form that does not is as readable."""
    assert page.evaluate("document.querySelectorAll('.floating').length") > 2


@pytest.mark.parametrize("theme", ["dark", "light"])
def test_every_text_stands_out_over_any_scene(theme: str, visit: Visiting, scene: dict) -> None:
    page = visit(width=1400, height=900, color_scheme=theme).open()
    floats_over_the_scene(page)
    assert page.evaluate(FAINT, LEAST_RATIO) == []
    page.goto(f"{page.url}?job={scene['id']}")
    page.wait_for_selector('#stage[data-shown*="/scene."]')
    page.click(".warnings summary")
    page.click("#stage button[aria-label^='Measure']")
    page.click("#stage button[aria-label^='Pictures']")
    expect(page.locator("[aria-label='Pictures and video'] .muted")).to_be_visible()
    assert page.evaluate(FAINT, LEAST_RATIO) == []
    page.click("#open-models")
    assert page.evaluate(FAINT, LEAST_RATIO) == []


def test_the_page_is_in_its_colours_before_its_program_is_there(visit: Visiting, server: RunningServer) -> None:
    page = visit(color_scheme="light").page
    held: list[Route] = []
    page.route("**/js/main.js", lambda route: held.append(route))
    page.goto(server.address, wait_until="commit")
    expect(page.locator("html")).to_have_attribute("data-theme", "light")
    expect(page.locator("#make")).to_be_visible()
    held[0].continue_()
    expect(page.locator("#convert")).to_be_enabled()


HEADINGS = """() => [...document.querySelectorAll("h1, h2, h3, h4")]
    .filter((one) => one.checkVisibility()).map((one) => Number(one.tagName[1]))"""


def test_headings_and_landmarks_tell_where_one_is(visit: Visiting, scene: dict) -> None:
    page = visit().open()
    for path, title in (("/", "Make a scene"), (f"/?job={scene['id']}", scene["name"])):
        page.goto(page.url.split("/?")[0].rstrip("/") + path)
        expect(page.locator("h1:visible")).to_have_text(title)
        levels = page.evaluate(HEADINGS)
        assert levels.count(1) == 1 and levels[0] == 1
        assert all(after - before <= 1 for before, after in zip(levels, levels[1:], strict=False)), levels
        for role in ("banner", "main", "navigation"):
            expect(page.get_by_role(role)).to_have_count(1)
    expect(page.get_by_role("region", name="Scene", exact=True)).to_have_count(1)


def test_warnings_are_a_sentence_with_an_icon_that_opens_to_all_of_them(visit: Visiting, scene: dict) -> None:
    page = visit().open(f"/?job={scene['id']}")
    warnings = page.locator("#job .warnings")
    expect(warnings.locator("summary")).to_contain_text("made with the small built-in depth model")
    expect(warnings.locator("summary svg")).to_be_visible()
    expect(warnings.locator("li")).to_be_hidden()
    warnings.locator("summary").click()
    expect(warnings.locator("li")).to_have_text(scene["warnings"])


def test_who_wants_less_motion_gets_none(visit: Visiting, scene: dict) -> None:
    page = visit(reduced_motion="reduce").open(f"/?job={scene['id']}&spin=90")
    page.wait_for_selector('#stage[data-shown*="/scene."]')
    page.wait_for_timeout(400)
    expect(page.locator("#stage")).to_have_attribute("data-heading", "0")
    longest = page.evaluate("""() => Math.max(...[...document.querySelectorAll("body *")].flatMap((one) => {
        const { transitionDuration, animationDuration } = getComputedStyle(one);
        return `${transitionDuration}, ${animationDuration}`.split(", ").map(parseFloat);
    }))""")
    assert longest <= 0.001


def test_after_a_reload_the_panel_and_the_stage_speak_of_the_same_job(visit: Visiting, scene: dict) -> None:
    visitor = visit()
    page = visitor.open(f"/?job={scene['id']}")
    page.reload()
    expect(page.locator(".job-title")).to_have_text(scene["name"])
    expect(page.locator("#stage")).to_have_attribute("data-shown", re.compile(scene["id"]))
    page.click("#new")
    page.reload()
    expect(page.locator("#make")).to_be_visible()
    expect(page.locator("#job")).to_be_hidden()
    expect(page.locator("#stage")).to_have_attribute("data-view", "panorama")


@pytest.mark.parametrize("width, height", [(1400, 900), (1000, 700)])
def test_the_scene_fills_the_window_and_the_panels_fold_away(width: int, height: int, visit: Visiting, scene: dict) -> None:
    page = visit(width=width, height=height).open(f"/?job={scene['id']}")
    page.wait_for_selector('#stage[data-shown*="/scene."]')
    box = page.locator("#stage canvas").bounding_box()
    assert box and (box["width"], box["height"]) == (width, height)
    panel = page.locator("#job").bounding_box()
    assert panel and panel["width"] < 0.4 * width
    page.click("#fold")
    expect(page.locator("#job")).to_be_hidden()
    expect(page.locator(".top")).to_be_visible()
    page.click("#fold")
    expect(page.locator("#job")).to_be_visible()


def test_on_a_phone_nothing_is_pinned_over_the_scene(visit: Visiting, server: RunningServer, scene: dict) -> None:
    page = visit(width=390, height=844, has_touch=True, is_mobile=True).open(f"/?job={scene['id']}")
    page.wait_for_selector('#stage[data-shown*="/scene."]')
    assert page.evaluate("""() => [...document.querySelectorAll("body *")].filter((one) => one.checkVisibility()
        && ["fixed", "sticky"].includes(getComputedStyle(one).position)).map((one) => one.className)""") == []
