"""Open the built book in Chromium, as its readers do, with no network beside it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, Page, sync_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
# Only this machine can be reached: what a page asks of another one fails at once, and is seen.
ARGUMENTS = ["--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"]


def chromium() -> str:
    """Find the browser: what ``CHROMIUM`` names, or the first of the usual names.

    Raises
    ------
    FileNotFoundError
        If there is none.
    """
    for name in [os.environ["CHROMIUM"]] if os.environ.get("CHROMIUM") else NAMES:
        if path := shutil.which(name):
            return path
    raise FileNotFoundError(
        "no Chromium was found; install it (on Debian: apt-get install chromium), "
        "or name it: CHROMIUM=/path/to/chromium"
    )


@contextmanager
def open_browser() -> Iterator[Browser]:
    """Start Chromium, and end it."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=ARGUMENTS)
        yield browser
        browser.close()


def typeset(page: Page) -> None:
    """Wait until all mathematics and pictures of a page are drawn."""
    page.evaluate(
        """async () => {
            const math = document.querySelector("script[src*='mathjax']");
            if (math && !window.MathJax?.startup?.promise)
                await new Promise(done => math.addEventListener("load", done));
            if (math) await window.MathJax.startup.promise;
            await document.fonts.ready;
            await Promise.all([...document.images].map(one => one.decode().catch(() => {})));
        }"""
    )
