"""The printed book has everything that the pages have."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from bs4 import BeautifulSoup
from conftest import HTML, ROOT, load_tool
from pypdf import PdfReader


@pytest.fixture(scope="module")
def printer(built, monkeypatch_module):
    monkeypatch_module.syspath_prepend(ROOT / "tools")
    return load_tool("print_book")


@pytest.fixture(scope="module")
def monkeypatch_module():
    with pytest.MonkeyPatch.context() as patch:
        yield patch


@pytest.fixture(scope="module")
def pdf(printer) -> PdfReader:
    return PdfReader(printer.print_book(ROOT))


@pytest.fixture(scope="module")
def pages() -> dict[str, BeautifulSoup]:
    """Return the built pages of the table of contents, in order."""
    names = re.findall(r"(?:file|root): (\S+)", (ROOT / "_toc.yml").read_text())
    files = [HTML / Path(name).with_suffix(".html") for name in names]
    return {path.stem: BeautifulSoup(path.read_text(), "html.parser") for path in files}


def bare(text: str) -> str:
    """Return the letters and figures of a text, which line breaks do not change."""
    return re.sub(r"[^A-Za-z0-9]", "", text)


def test_chapters_are_in_order(printer, pdf, pages):
    """Bookmarks lead to all pages of the table of contents, in its order."""
    titles = [page.select_one("article h1").get_text().rstrip("#") for page in pages.values()]
    marks = printer.starts(Path(pdf.stream.name))
    found = [title for title in marks if title in {printer.plain(t) for t in titles}]
    assert found == [printer.plain(title) for title in titles]
    assert sorted(marks[title] for title in found) == [marks[title] for title in found]


def test_contents_tell_the_pages(printer, pdf):
    """The list of contents says on which page each chapter starts."""
    marks = printer.starts(Path(pdf.stream.name))
    listed = "".join(pdf.pages[k].extract_text() for k in range(marks["Contents"] - 1, 4))
    chapters = {t: n for t, n in marks.items() if t != "Contents"}
    assert len(chapters) > 10
    for title, number in chapters.items():
        assert bare(title) + str(number) in bare(listed)


def test_figures_are_printed(pdf, pages):
    """Every figure of every page is there, with its picture and its caption."""
    text = bare("".join(page.extract_text() for page in pdf.pages))
    captions = [one.get_text() for p in pages.values() for one in p.select("figcaption p")]
    assert len(captions) > 50
    assert [c for c in captions if bare(re.split(r"[$\\#]", c)[0])[:40] not in text] == []
    figures = sum(len(page.select("article figure")) for page in pages.values())
    # a picture that is drawn twice is stored once
    assert sum(len(page.images) for page in pdf.pages) >= figures


def test_mathematics_is_printed(pdf):
    """No source of a formula is left in the print."""
    prose = "".join(page.extract_text() for page in pdf.pages)
    assert not re.search(r"\\\(|\\frac|\\langle|\\sigma", prose)


def test_print_holds_no_navigation(pdf):
    """What is for the screen only is left out."""
    prose = "".join(page.extract_text() for page in pdf.pages)
    assert not re.search(r"Skip to main content|Back to top|Search this book", prose)


def test_links_stay_inside(pdf):
    """Links between chapters lead to pages of the print, and none to a file on this machine."""
    inside, outside = 0, []
    for page in pdf.pages:
        for one in page.get("/Annots") or []:
            link = one.get_object()
            if "/Dest" in link:
                inside += 1
            elif uri := link.get("/A", {}).get("/URI"):
                outside.append(uri)
    assert inside > 100
    assert [uri for uri in outside if not uri.startswith(("http://", "https://", "mailto:"))] == []
