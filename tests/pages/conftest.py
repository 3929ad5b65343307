"""The built book, served to one Chromium that reaches nothing else."""

from __future__ import annotations

import functools
import importlib.util
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import ModuleType

import pytest
from playwright.sync_api import Browser, BrowserContext, Page
from xdist.scheduler import LoadScopeScheduling

ROOT = Path(__file__).resolve().parents[2]
HTML = ROOT / "_build" / "html"
# The start page only sends readers on to the first chapter; it has a test of its own.
PAGES = sorted(path.relative_to(HTML).as_posix() for path in HTML.glob("**/*.html"))
PAGES = [name for name in PAGES if not name.startswith("_") and name != "index.html"]

DESKTOP = {"width": 1280, "height": 900}


def load_tool(name: str) -> ModuleType:
    """Import a script of the folder ``tools``."""
    spec = importlib.util.spec_from_file_location(name, ROOT / "tools" / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@dataclass
class Visit:
    """One page in the browser, and what went wrong in it."""

    name: str
    page: Page
    faults: list[str] = field(default_factory=list)


class Quiet(SimpleHTTPRequestHandler):
    """Serves files without a word."""

    def log_message(self, *_: object) -> None:
        """Say nothing."""


class ByPage(LoadScopeScheduling):
    """Hands out pages: all tests of one go to one worker, where they share its tab."""

    def _split_scope(self, nodeid: str) -> str:
        """Name the page of a test, or its file."""
        file, _, test = nodeid.partition("::")
        return test.partition("[")[2].rstrip("]") or file


def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> ByPage:
    """Share the pages among the workers, whatever ``--dist`` says."""
    return ByPage(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark all tests of this folder."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker("pages")


@pytest.fixture(scope="session")
def built() -> Path:
    if not PAGES:
        pytest.fail(f"there is no book in {HTML}: run make book first", pytrace=False)
    return HTML


@pytest.fixture(scope="session")
def site(built: Path) -> Iterator[str]:
    """Give the address of the book as a web server would give it out."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=built))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with load_tool("browser").open_browser() as browser:
        yield browser


@pytest.fixture(scope="session")
def typeset():
    return load_tool("browser").typeset


@pytest.fixture(scope="session")
def context(browser: Browser) -> Iterator[BrowserContext]:
    context = browser.new_context(viewport=DESKTOP, reduced_motion="reduce")
    yield context
    context.close()


def watch(name: str, page: Page) -> Visit:
    """Note every error and warning of a page, and every file it does not get."""
    visit = Visit(name, page)
    page.on("pageerror", lambda error: visit.faults.append(f"error: {error}"))
    page.on("requestfailed", lambda request: visit.faults.append(f"not loaded: {request.url}"))
    page.on(
        "console",
        lambda line: (
            visit.faults.append(f"{line.type}: {line.text}")
            if line.type in ("error", "warning")
            else None
        ),
    )
    return visit


@pytest.fixture(scope="module", params=PAGES or ["no page"])
def visit(request: pytest.FixtureRequest, site: str, context: BrowserContext, typeset):
    """Open one page of the site; all tests of it look at the same tab."""
    page = context.new_page()
    visit = watch(request.param, page)
    page.goto(f"{site}/{visit.name}")
    typeset(page)
    yield visit
    page.close()
