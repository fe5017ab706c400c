"""The settings of the page, in a real browser."""

import pytest

pytest.importorskip("playwright")
from playwright.sync_api import Page, expect

from tests.web.browser import NEEDS_CHROMIUM, Visiting

pytestmark = NEEDS_CHROMIUM


def opened(visit: Visiting) -> Page:
    page = visit().open()
    page.click("#all-settings summary")  # as a visitor finds it
    expect(page.locator("#setting-stride")).to_be_hidden()
    return page


def test_three_choices_set_the_rest_and_say_what_they_mean(visit: Visiting) -> None:
    page = opened(visit)
    for label in ("Good", "To look at", "Full"):
        expect(page.get_by_label(label, exact=True)).to_be_checked()
    page.get_by_text("Best", exact=True).click()
    page.get_by_text("To edit", exact=True).click()
    page.get_by_text("Small", exact=True).click()
    expect(page.locator(".choice .help").first).to_contain_text("Every pixel counts")
    expect(page.locator("#all-settings summary")).to_contain_text("4 changed")
    page.click("#all-settings summary")
    for name, value in {"stride": "1", "format": "ply", "max_splats": "300000"}.items():
        expect(page.locator(f"#setting-{name}")).to_have_value(value)
    expect(page.locator("#setting-backing")).not_to_be_checked()
    page.fill("#setting-stride", "3")
    expect(page.get_by_label("Best", exact=True)).not_to_be_checked()
    expect(page.locator(".choice .help").first).to_have_text("As set below.")
    page.click("#reset-settings")
    expect(page.get_by_label("Good", exact=True)).to_be_checked()
    expect(page.locator("#all-settings .count")).to_be_empty()


def test_what_was_changed_is_marked_and_put_back_by_itself(visit: Visiting) -> None:
    page = visit().open()
    row = page.locator(".setting:has(#setting-thickness)")
    page.fill("#setting-thickness", "0.2")
    expect(row).to_have_class("setting changed")
    row.locator(".back").click()
    expect(page.locator("#setting-thickness")).to_have_value("0.1")
    expect(row).to_have_class("setting")


def test_a_setting_is_found_by_what_it_does(visit: Visiting) -> None:
    page = visit().open()
    page.fill("#all-settings .search", "height FLOOR")
    expect(page.locator("#all-settings .setting:visible label")).to_have_text(["Camera height"])
    expect(page.locator("#all-settings h3:visible")).to_have_text(["Depth"])
    page.fill("#all-settings .search", "porridge")
    expect(page.locator("#all-settings")).to_contain_text("No setting is called that.")
    page.fill("#all-settings .search", "")
    expect(page.locator("#setting-thickness")).to_be_visible()
