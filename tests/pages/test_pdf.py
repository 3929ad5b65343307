"""The printed book has everything that the pages have."""

from __future__ import annotations

import re
import subprocess
import sys
import zlib
from io import BytesIO
from pathlib import Path

import pytest
from pypdf import PdfReader, PdfWriter
from pypdf.generic import DecodedStreamObject, NameObject
from pypdfium2 import PdfDocument

from conftest import ROOT, load_tool

PDF = ROOT / "_build" / "pdf" / "book.pdf"


@pytest.fixture(scope="module")
def printer():
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(ROOT / "tools")
        yield load_tool("print_book")


@pytest.fixture(scope="module")
def pdf(built) -> PdfReader:
    command = [sys.executable, ROOT / "tools" / "print_book.py"]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return PdfReader(run.stdout.strip())


@pytest.fixture(scope="module")
def texts(pdf) -> list[str]:
    # pypdf would take half a minute
    with PdfDocument(PDF) as document:
        return [page.get_textpage().get_text_bounded() for page in document]


@pytest.fixture(scope="module")
def pages(ask) -> list[dict]:
    """Return title, captions and number of figures of the pages in the contents, in order."""
    names = re.findall(r"(?:file|root): (\S+)", (ROOT / "_toc.yml").read_text())
    found = ask(
        """page => ({
            title: page.querySelector("article h1")?.textContent,
            captions: [...page.querySelectorAll("figcaption p")].map(one => one.textContent),
            figures: page.querySelectorAll("article figure:has(img[alt])").length })"""
    )
    return [found[Path(name).with_suffix(".html").as_posix()] for name in names]


def plain(title: str) -> str:
    """Return a title without what line breaks and fonts do to its spaces."""
    return re.sub(r"\s+", "", title)


@pytest.fixture(scope="module")
def marks(pdf) -> dict[str, int]:
    """Return the pages on which chapters start, by title, from the bookmarks."""
    return {
        plain(one.title): 1 + pdf.get_destination_page_number(one)
        for one in pdf.outline
        if not isinstance(one, list)
    }


def bare(text: str) -> str:
    """Return the letters and figures of a text, which line breaks do not change."""
    return re.sub(r"[^A-Za-z0-9]", "", text)


def pictures_in_words() -> int:
    """Count the pictures of the print that its marks put into words."""
    groups = re.findall(rb"/Type /ObjStm[^>]*>>\nstream\n(.*?)\nendstream", PDF.read_bytes(), re.S)
    return sum(zlib.decompress(group).count(b"/Alt ") for group in groups)


def test_packing_loses_nothing(printer):
    """A packed PDF has the same pages, words, marks and bookmarks, and is not packed twice."""
    writer = PdfWriter()
    for number in range(300):
        page = writer.add_blank_page(100, 100)
        writer.add_outline_item(title=f"Endless stream {number}", page_number=number)
        content = DecodedStreamObject()
        content.set_data(b"BT /F1 9 Tf (%d) Tj ET " % number + 5 * b"endobj ")
        page[NameObject("/Contents")] = writer._add_object(content)
    with BytesIO() as file:
        writer.write(file)
        before = file.getvalue()
    after = printer.packed(before)
    assert len(after) < 0.7 * len(before)
    one, other = (PdfReader(BytesIO(pdf)) for pdf in (before, after))
    assert [mark.title for mark in one.outline] == [mark.title for mark in other.outline]
    for page, same in zip(one.pages, other.pages, strict=True):
        assert page.get_contents().get_data() == same.get_contents().get_data()
    with pytest.raises(ValueError, match="print it anew"):
        printer.packed(after)


def test_only_places_lose_digits():
    """Numbers above ten keep two digits; scales, names, words and other streams keep all."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(ROOT / "tools")
        rounded = load_tool("packed")._rounded
    drawn = zlib.compress(b"0.015625 0 0 1.23456 12.34567 -678.9 cm (3.14159) Tj [10.001] TJ")
    head = b"<</Filter /FlateDecode\n/Length %d>> stream\n" % len(drawn)
    body = head + drawn + b"\nendstream"
    after = zlib.decompress(rounded(body).partition(b"stream\n")[2].removesuffix(b"\nendstream"))
    assert after == b"0.015625 0 0 1.23456 12.34 -678.9 cm (3.14159) Tj [10.00] TJ"
    image = body.replace(b"<<", b"<</Subtype /Image\n")
    assert rounded(image) == image


def test_print_is_small(pdf):
    """The print takes less than 10 MB."""
    assert PDF.stat().st_size < 10e6


def test_chapters_are_in_order(marks, pages):
    """Bookmarks lead to all pages of the table of contents, in its order."""
    titles = [page["title"].rstrip("#") for page in pages]
    found = [title for title in marks if title in {plain(t) for t in titles}]
    assert found == [plain(title) for title in titles]
    assert sorted(marks[title] for title in found) == [marks[title] for title in found]


def test_contents_tell_the_pages(marks, texts):
    """The list of contents says on which page each chapter starts."""
    listed = "".join(texts[marks["Contents"] - 1 : 4])
    chapters = {t: n for t, n in marks.items() if t != "Contents"}
    assert len(chapters) > 10
    for title, number in chapters.items():
        assert bare(title) + str(number) in bare(listed)


def test_figures_are_printed(texts, pages):
    """Every figure of every page is there, with its picture and its caption."""
    text = bare("".join(texts))
    captions = [one for page in pages for one in page["captions"]]
    assert len(captions) > 50
    assert [c for c in captions if bare(re.split(r"[$\\#]", c)[0])[:40] not in text] == []
    # vectors are no objects of the file, but each has its mark
    figures = sum(page["figures"] for page in pages)
    assert pictures_in_words() >= figures > 50


def test_mathematics_is_printed(texts):
    """No source of a formula is left in the print."""
    prose = "".join(texts)
    assert not re.search(r"\\\(|\\frac|\\langle|\\sigma", prose)


def test_print_holds_no_navigation(texts):
    """What is for the screen only is left out."""
    prose = "".join(texts)
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
