"""Print the built book into one PDF: _build/html -> _build/pdf/book.pdf.

All pages are put into one document, in the order of the table of contents, and printed by Chromium
with the fonts, formulas and figures of the web pages. A draft, blank but for the contents, comes
first: it shows on which page a chapter starts, which the list of contents says in the print.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from posixpath import dirname, join, normpath
from typing import Any

import yaml
from browser import open_browser, typeset
from bs4 import BeautifulSoup, Tag
from commands import choose
from lock import alone
from packed import packed
from playwright.sync_api import Page, PdfMargins
from pypdf import PdfReader

from tptools.files import whole

PAPER: PdfMargins = {"top": "20mm", "bottom": "20mm", "left": "20mm", "right": "20mm"}
FOOTER = (
    '<div style="width: 100%; text-align: center; font: 9px sans-serif; color: #333">'
    '<span class="pageNumber"></span></div>'
)
# what is for the screen only, and code that is folded there
CHROME = "script, button, .headerlink, .toggle-hint, .copybtn, details.above-input"
DRAFT = "main, main * { visibility: hidden !important }"
NUMBER_CONTENTS = """numbers => {
    for (const row of document.querySelectorAll("nav li:has(a)"))
        row.querySelector("span").textContent = numbers[row.querySelector("a").hash.slice(1)] ?? "";
}"""
STYLES = "link[rel=stylesheet]"
# width and height of the text on A4, in the pixels of CSS
TEXT_PX = (642, 971)
FILL = """height => {
    for (const article of document.querySelectorAll("article")) {
        const start = article.getBoundingClientRect().top;
        let blank = 0;
        for (const figure of article.querySelectorAll("figure")) {
            const block = figure.closest(".cell") ?? figure;
            for (;;) {
                const { top, height: needed } = figure.getBoundingClientRect();
                const room = height - ((top - start + blank) % height);
                if (needed <= room) break;
                const next = block.nextElementSibling;
                if (room > height / 6 && next?.matches("p, ul, ol, .cell:not(:has(figure))")) {
                    block.before(next);
                    continue;
                }
                const picture = figure.querySelector("img");
                const left = picture ? picture.height - (needed - room) - 4 : 0;
                if (left > picture?.height * 0.67) picture.style.maxHeight = `${left}px`;
                else blank += room;
                break;
            }
        }
    }
}"""


def page_of(file: str) -> str:
    """Return the name of the page that is built from a file of the table of contents."""
    return re.sub(r"\.(md|ipynb)$", "", file)


def entries(toc: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield the caption of its part, or nothing, and the name of each page, in order."""
    if "root" in toc:
        yield "", page_of(toc["root"])
    for part in toc.get("parts", [toc]):
        caption = part.get("caption", "")
        for entry in part.get("chapters", part.get("sections", [])):
            yield caption, page_of(entry["file"])
            # only the first chapter of a part bears its name
            caption = ""
            yield from entries({"sections": entry.get("sections", [])})


def label(page: str, fragment: str = "") -> str:
    """Return the name that a place of a page has in the whole document."""
    return f"{page}--{fragment}".replace("/", "-")


def article(html: Path, page: str, pages: set[str]) -> Tag:
    """Cut the text out of a built page, with links and pictures that work in the document."""
    built = (html / f"{page}.html").read_text(encoding="utf-8")
    # each word of code in colour would be an object of the print, and of the soup
    plain = re.sub(r"(?s)<pre>.*?</pre>", lambda code: re.sub(r"</?span.*?>", "", code[0]), built)
    text = BeautifulSoup(plain, "html.parser").select("article.bd-article")[0]
    for one in text.select(CHROME):
        # the script of a player sets its first picture
        if not (one.name == "script" and one.find_parent("figure")):
            one.decompose()
    for one in text.select("details"):
        one["open"] = ""
    for one in text.select("[id]"):
        if not one.find_parent(class_="animation"):
            one["id"] = label(page, str(one["id"]))
    for one in text.select("[href]"):
        one["href"] = target(str(one["href"]), page, pages)
    for one in text.select("img[src]"):
        one["src"] = (html / normpath(join(dirname(page), str(one["src"])))).as_uri()
        one.attrs.pop("loading", None)
    text["id"] = label(page)
    return text


def target(address: str, page: str, pages: set[str]) -> str:
    """Turn a link to another page of the book into one inside the document."""
    if re.match(r"[a-z]+:", address):
        return address
    path, _, fragment = address.partition("#")
    name = normpath(join(dirname(page), path)).removesuffix(".html") if path else page
    return "#" + label(name, fragment) if name in pages else ""


def document(root: Path) -> str:
    """Put the whole book of a checkout into one page, with a title and a list of contents."""
    html = root / "_build" / "html"
    config = yaml.safe_load((root / "_config.yml").read_text(encoding="utf-8"))
    order = list(entries(yaml.safe_load((root / "_toc.yml").read_text(encoding="utf-8"))))
    names = {page for _, page in order}
    rows, texts = [], []
    for caption, page in order:
        text = article(html, page, names)
        heading = text.select("h1")[0]
        title = heading.get_text()
        if caption:
            heading.insert_before(BeautifulSoup(f'<p class="part">{caption}</p>', "html.parser"))
            rows.append(f'<li class="part">{caption}</li>')
        rows.append(f'<li><a href="#{label(page)}">{title}</a><span></span></li>')
        texts.append(str(text))
    return f"""<!DOCTYPE html>
<html lang="en" data-theme="light">
<head>
<meta charset="utf-8">
<title>{config["title"]}</title>
{head(html, next(page for page in names if has_mathematics(html, page)))}
</head>
<body class="printed">
<header><p class="title">{config["title"]}</p><p>The companion</p><p>{config["author"]}</p>
<p>{config["html"]["extra_footer"]}</p></header>
<nav><h1>Contents</h1><ul>{"".join(rows)}</ul></nav>
<main class="bd-content">{"".join(texts)}</main>
</body>
</html>"""


def has_mathematics(html: Path, page: str) -> bool:
    """Tell whether a built page loads MathJax."""
    return "mathjax/" in (html / f"{page}.html").read_text(encoding="utf-8")


def head(html: Path, page: str) -> str:
    """Return the styles of a built page, and its mathematics."""
    soup = BeautifulSoup((html / f"{page}.html").read_text(encoding="utf-8"), "html.parser")
    kept = soup.select(STYLES)
    kept += [s for s in soup.select("script") if "MathJax" in str(s) or "mathjax" in str(s)]
    for one in kept:
        for key in ("href", "src"):
            if key in one.attrs:
                path = normpath(join(dirname(page), str(one[key]))).split("?")[0]
                one[key] = (html / path).as_uri()
    return "\n".join(map(str, kept))


def starts(pdf: bytes) -> dict[str, int]:
    """Return the pages, from one on, of the places that links lead to, by their names."""
    reader = PdfReader(BytesIO(pdf))
    numbers = {}
    for name, place in reader.named_destinations.items():
        number = reader.get_destination_page_number(place)
        if number is not None:
            numbers[name.removeprefix("/")] = number + 1
    return numbers


def fill_pages(page: Page) -> None:
    """Let text that follows a figure stand before it, where the figure would leave a page blank.

    A browser puts a figure that does not fit on the next page and leaves the rest of this one
    blank. Here the figure goes behind the paragraphs and the code that follow, as far as the next
    heading or figure; if that does not help, it becomes smaller, by a third at most.
    """
    page.emulate_media(media="print")
    page.set_viewport_size({"width": TEXT_PX[0], "height": TEXT_PX[1]})
    page.evaluate(FILL, TEXT_PX[1])


def print_book(root: Path) -> Path:
    """Print the built book of a checkout and return the PDF.

    Raises
    ------
    FileNotFoundError
        If the book is not built.
    """
    if not (root / "_build" / "html" / "index.html").is_file():
        raise FileNotFoundError(f"there is no book in {root / '_build' / 'html'}: run make book")
    folder = root / "_build" / "pdf"
    folder.mkdir(exist_ok=True)
    source, pdf = folder / "book.html", folder / "book.pdf"
    source.write_text(document(root), encoding="utf-8")
    with open_browser() as browser:
        page = browser.new_page()
        # a busy machine takes longer over the whole book than for a page
        page.goto(source.as_uri(), timeout=0)
        typeset(page)
        fill_pages(page)
        without = page.add_style_tag(content=DRAFT)
        page.evaluate(NUMBER_CONTENTS, starts(page.pdf(format="A4", margin=PAPER)))
        without.evaluate("one => one.remove()")
        printed = page.pdf(
            format="A4",
            margin=PAPER,
            print_background=True,
            display_header_footer=True,
            header_template="<span></span>",
            footer_template=FOOTER,
            outline=True,
            tagged=True,
        )
    with whole(pdf) as beside:
        beside.write_bytes(packed(printed))
    return pdf


if __name__ == "__main__":
    choose(__doc__)
    try:
        with alone(Path.cwd()):
            print(print_book(Path.cwd()))
    except FileNotFoundError as error:
        sys.exit(str(error))
