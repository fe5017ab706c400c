"""How soon the page can be used: ``python -m benchmarks.page --runs 5``, with Chromium and Playwright."""

import argparse
import json
import statistics
import tempfile
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, sync_playwright

from tests.web.browser import launched
from tests.web.running_server import RunningServer

_WATCH = """
const seen = (name, holds) => {
  if (!(name in window.when) && holds()) window.when[name] = performance.now();
};
window.when = {};
new MutationObserver(() => {
  seen("takes_files", () => document.querySelector("#chosen")?.childElementCount);
  seen("can_convert", () => document.querySelector("#convert")?.disabled === false);
}).observe(document, { subtree: true, childList: true, attributes: true });
"""
"""The drop zone listens once it shows what is chosen; settings, models and jobs are there when one can convert."""

_TIMES = """async () => {
  const paint = () => performance.getEntriesByName("first-contentful-paint")[0];
  const navigation = performance.getEntriesByType("navigation")[0];
  const isDone = () => window.when?.can_convert && paint() && navigation.loadEventEnd;
  while (!isDone()) await new Promise((resume) => setTimeout(resume, 20));
  const { responseStart, domContentLoadedEventEnd, loadEventEnd } = navigation;
  return { first_byte: responseStart, painted: paint().startTime, listened: domContentLoadedEventEnd, loaded: loadEventEnd,
    requests: performance.getEntriesByType("resource").length, ...window.when };
}"""
"""In milliseconds since the page was asked for."""


def _measured(browser: Browser, address: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the times of a first visit, with nothing kept from before, and of a reload."""
    context = browser.new_context(viewport={"width": 1400, "height": 900})
    context.add_init_script(_WATCH)
    page = context.new_page()
    page.goto(address)
    first = page.evaluate(_TIMES)
    page.reload()
    again = page.evaluate(_TIMES)
    context.close()
    return first, again


def main() -> None:
    """Print medians and one line of JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=5)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as home, sync_playwright() as playwright:
        server = RunningServer(Path(home))
        browser = launched(playwright)
        try:
            _measured(browser, server.address)  # the browser's own first steps
            runs = [_measured(browser, server.address) for _ in range(options.runs)]
        finally:
            browser.close()
            server.stop()
    found = {}
    for name, times in zip(("first visit", "reload"), zip(*runs, strict=True), strict=True):
        found[name] = {key: round(statistics.median(one[key] for one in times)) for key in times[0]}
        print(f"{name}, median of {len(times)}: " + ", ".join(f"{key} {value}" for key, value in found[name].items()) + " (ms)")
    print(json.dumps(found))


if __name__ == "__main__":
    main()
