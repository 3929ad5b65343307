"""The built book, served to one Chromium that reaches nothing else."""

from __future__ import annotations

import functools
import importlib.util
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page
from xdist.scheduler import LoadScopeScheduling

ROOT = Path(__file__).resolve().parents[2]
HTML = ROOT / "_build" / "html"
# The start page only sends readers on to the first chapter; it has a test of its own.
PAGES = sorted(path.relative_to(HTML).as_posix() for path in HTML.glob("**/*.html"))
PAGES = [name for name in PAGES if not name.startswith("_") and name != "index.html"]

DESKTOP = {"width": 1280, "height": 900}
PHONE = {"width": 390, "height": 844}


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
    config.option.loadscopereorder = False
    return ByPage(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark all tests of this folder, and print first: it takes one worker longest."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker("pages")
    items.sort(key=lambda item: item.path.name != "test_pdf.py")


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


class Tabs(dict[str, Page]):
    """A tab for each use, kept for page after page: to open one takes longer than a page."""

    def __init__(self, context: BrowserContext) -> None:
        self.context = context

    def __missing__(self, use: str) -> Page:
        """Open a tab when it is first used."""
        return self.setdefault(use, self.context.new_page())

    def blank(self, use: str, size: dict[str, int] = DESKTOP) -> Page:
        """Give the tab for a use, as empty as a new one.

        Web server and folder are uses of their own: a tab that goes to another place starts anew.
        """
        tab = self[use]
        tab.bring_to_front()  # a browser seldom draws a tab behind another
        tab.goto("about:blank")  # what the page before breaks off is no fault of the next one
        tab.mouse.move(0, 0)
        tab.set_viewport_size(size)
        return tab


@pytest.fixture(scope="session")
def tabs(context: BrowserContext) -> Tabs:
    return Tabs(context)


PARSE = """files => {
    window.pages = Object.entries(files).map(
        ([name, text]) => [name, new DOMParser().parseFromString(text, "text/html")]);
}"""


@pytest.fixture(scope="session")
def ask(built: Path, context: BrowserContext) -> Iterator[Callable[[str], dict[str, Any]]]:
    """Return a function that asks all pages as they lie there, parsed without running."""
    page = context.new_page()
    page.evaluate(PARSE, {name: (built / name).read_text() for name in PAGES})
    yield lambda question: page.evaluate(
        f"() => Object.fromEntries(pages.map(([name, page]) => [name, ({question})(page)]))"
    )
    page.close()


# Text contrasts with what lies around it by its styles, and is looked at twice for each: axe-core
# asks for every text what stands behind it, which took nine tenths of all its time. Alike are
# texts written alike, on elements that are painted alike; links, if what they stand in is too.
REPRESENTATIVES = """() => {
    const painted = ["backgroundColor", "backgroundImage", "opacity", "filter", "mixBlendMode",
        "position"];
    const written = ["color", "fontSize", "fontWeight", "textShadow", "textDecorationLine"];
    const styles = (one, names) => {
        const all = getComputedStyle(one);
        return names.map(name => all[name]).join();
    };
    const unpainted = "rgba(0, 0, 0, 0),none,1,none,normal,static";
    const numbers = new Map(), chains = new Map();
    const chain = one => {
        if (!one) return 0;
        if (!chains.has(one)) {
            const outer = chain(one.parentElement), own = styles(one, painted);
            const key = outer + own;
            if (own !== unpainted && !numbers.has(key)) numbers.set(key, numbers.size + 1);
            chains.set(one, own === unpainted ? outer : numbers.get(key));
        }
        return chains.get(one);
    };
    const seen = new Map();
    for (const one of document.querySelectorAll("body *")) {
        const field = one.matches("input, select, textarea, button");
        const speaks = [...one.childNodes].some(n => n.nodeType === 3 && n.data.trim());
        if (!(field || speaks) || !one.checkVisibility()) continue;
        const link = one.closest("a"), around = link?.parentElement;
        const key = [field && one.tagName, chain(one), styles(one, written),
            link && around.tagName + around.className + styles(around, written)].join();
        seen.set(key, (seen.get(key) ?? 0) + 1);
        if (seen.get(key) > 2) continue;
        for (const marked of [one, link]) marked?.setAttribute("data-looked-at", "");
    }
}"""

# A copy of the page without the spans that have but a class, which tell nobody anything: code is
# made of them.
SKETCH = """() => {
    const whole = document.body, sketch = whole.cloneNode();
    sketch.innerHTML = whole.innerHTML.replace(/<span class="[^"]*">([^<]*)<\\/span>/g, "$1");
    whole.replaceWith(sketch);
    window.restore = () => sketch.replaceWith(whole);
}"""
# For rules on colours, what is not looked at: axe-core asks every element for its place. What lies
# beside something kept stays, empty, so that styles by order find the same elements.
UNSEEN = ":not([data-looked-at], :has([data-looked-at]))"
EMPTY = """unseen => {
    for (const one of document.body.querySelectorAll(unseen)) one.replaceChildren();
}"""

# Nothing fades into another theme.
THEME = """name => {
    const still = new CSSStyleSheet();
    still.replaceSync("* { transition: none !important }");
    document.adoptedStyleSheets = [still];
    document.documentElement.dataset.theme = name;
}"""
# What depends on the theme; everything else is the same in the dark.
COLOUR_RULES = ["color-contrast", "link-in-text-block"]


def violations(page: Page, *within: str, **options: object) -> list[str]:
    """What of a page, or within parts of it, breaks rules of axe-core: all, or ``runOnly``."""
    if not page.evaluate("() => 'axe' in window"):
        page.evaluate(Axe().axe_script)
    usual = {"preload": False, "resultTypes": ["violations"]}
    where = {"include": [[selector] for selector in within]} if within else None
    look = "([where, options]) => axe.run(where ?? document, options)"
    found = page.evaluate(look, [where, usual | options])
    return [
        f"{rule['id']}: {node['html'][:200]} {node['failureSummary']}"
        for rule in found["violations"]
        for node in rule["nodes"]
    ]


def violations_by_theme(page: Page, *exceptions: str) -> dict[str, list[str]]:
    """What of a page breaks rules on colours in each theme, and all others in ``any``."""
    themes = ["dark", "light"]
    for theme in themes:
        page.evaluate(THEME, theme)
        page.evaluate(REPRESENTATIVES)
    page.evaluate(SKETCH)
    switched_off = {rule: {"enabled": False} for rule in (*COLOUR_RULES, *exceptions)}
    found = {"any": violations(page, rules=switched_off)}
    page.evaluate(EMPTY, UNSEEN)
    for theme in themes:
        page.evaluate(THEME, theme)
        found[theme] = violations(page, runOnly=COLOUR_RULES)
    page.evaluate("() => restore()")
    return found


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


def look_at(name: str, page: Page, place: str, typeset: Callable[[Page], None]) -> Visit:
    """Open a page of the book as it lies in a place."""
    visit = watch(name, page)
    page.goto(f"{place}/{name}")
    typeset(page)
    return visit


@pytest.fixture(scope="module", params=PAGES or ["no page"])
def visit(request: pytest.FixtureRequest, site: str, tabs: Tabs, typeset) -> Visit:
    """Open one page of the site, which all tests of it look at."""
    return look_at(request.param, tabs.blank("visit"), site, typeset)


@pytest.fixture(scope="module", params=PAGES or ["no page"])
def phone(request: pytest.FixtureRequest, built: Path, tabs: Tabs, typeset) -> Visit:
    """Open one page from its folder, without a server, on a narrow screen."""
    return look_at(request.param, tabs.blank("phone", PHONE), built.as_uri(), typeset)
