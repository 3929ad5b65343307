"""Extension of the book that leaves out what no page of it uses: icons, styles, scripts, colours.

The theme brings its icons twice, as a script of all of them and as a font with styles; the font
alone is kept, with the icons that occur. Pictures keep the digits and colours that can be seen.
"""

from __future__ import annotations

import re
from base64 import b64decode, b64encode
from io import BytesIO
from pathlib import Path

from fontTools import subset  # type: ignore[import-untyped]
from fontTools.ttLib import TTFont  # type: ignore[import-untyped]
from PIL import Image
from sphinx.application import Sphinx

ICONS = "scripts/fontawesome.js"
SEARCH = r'\s*<script src="[^"]*(searchtools|language_data|searchindex)\.js[^"]*"></script>'
# icons, boxes, and the parts of Bootstrap that come in many sizes or that no theme here uses
KINDS = "fa|sd|accordion|carousel|col|list-group|offcanvas|offset|order|placeholder|row-cols|toast"
CLASSES = re.compile(rf"\b(?:{KINDS})-[\w-]+")
RULE = re.compile(r"([^{}]+)(\{[^{}]*\})")
COLOURS = 256


def used_classes(html: Path) -> set[str]:
    """Return the classes of icons and of boxes that pages or scripts name."""
    files = [*html.glob("**/*.html"), *html.glob("_static/**/*.js")]
    files = [path for path in files if path.name not in (Path(ICONS).name, "bootstrap.js")]
    return {one for path in files for one in CLASSES.findall(path.read_text(encoding="utf-8"))}


def needed_styles(css: str, used: set[str]) -> str:
    """Drop the selectors that ask for an icon or a box that no page has."""

    def keep(found: re.Match[str]) -> str:
        if "(" in found[1]:  # a comma inside it parts no selectors
            return found[0]
        selectors = found[1].split(",")
        kept = [s for s in selectors if used.issuperset(re.findall(rf"\.((?:{KINDS})-[\w-]+)", s))]
        return ",".join(kept) + found[2] if kept else ""

    return RULE.sub(keep, css)


def needed_icons(font: Path, css: str) -> None:
    """Cut a font down to the characters that styles name."""
    characters = {ord(c) for c in css if 0xF000 <= ord(c) < 0xF900}
    characters |= {int(code, 16) for code in re.findall(r"\\(f[0-9a-f]{3})", css)}
    whole = TTFont(font)
    cutter = subset.Subsetter()
    cutter.populate(unicodes=characters)
    cutter.subset(whole)
    whole.save(font)


def fewer_colours(png: bytes) -> bytes:
    """Write an opaque picture with a palette, if that is smaller."""
    with Image.open(BytesIO(png)) as full, BytesIO() as file:
        if full.mode == "RGBA" and full.getchannel("A").getextrema() != (255, 255):
            return png
        few = full.convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE)
        few.save(file, format="png", optimize=True)
        return min(png, file.getvalue(), key=len)


def fewer_digits(svg: str) -> str:
    """Write a vector picture with two digits behind the point, and its images with a palette.

    Two digits are a hundredth of a point: a tenth of what can be seen when it is enlarged.
    """

    def palette(found: re.Match[str]) -> str:
        return b64encode(fewer_colours(b64decode(found[0]))).decode()

    svg = re.sub(r"(?<=data:image/png;base64,)[^\"]+", palette, svg)

    def path(found: re.Match[str]) -> str:
        return re.sub(
            r"\d+\.\d{3,}", lambda one: f"{float(one[0]):.2f}".rstrip("0").rstrip("."), found[0]
        )

    svg = re.sub(r'\b(?:d|x|y|width|height|points)="[^"]*"', path, svg)
    return merged(re.sub(r"\n\s*", "\n", svg))


def merged(svg: str) -> str:
    """Put marks that are cut at the same frame, one after the other, into one group."""
    frame = r'<g clip-path="[^"]*">\n'
    groups = re.split(rf"((?:{frame}(?:<use [^>]*/>\n)+</g>\n)+)", svg)
    for place, run in enumerate(groups):
        opened = re.findall(frame, run) if place % 2 else []
        if len(opened) > 1 and len(set(opened)) == 1:
            groups[place] = opened[0] + re.sub(rf"{frame}|</g>\n", "", run) + "</g>\n"
    return "".join(groups)


def slim(app: Sphinx, fault: Exception | None) -> None:
    """Leave out of the written book what none of its pages uses."""
    html, static = Path(app.outdir), Path(app.outdir, "_static")
    if fault or not (static / ICONS).is_file():
        return
    for page in html.glob("**/*.html"):
        text = page.read_text(encoding="utf-8")
        text = re.sub(rf'\s*<script defer src="[^"]*{ICONS}[^"]*"></script>', "", text)
        if page.name != "search.html":
            text = re.sub(SEARCH, "", text)
        page.write_text(text, encoding="utf-8")
    for path in [static / ICONS, *static.glob("**/*.map")]:
        path.unlink()
    used = used_classes(html)
    for style in (static / "styles" / "pydata-sphinx-theme.css", static / "sphinx-design.min.css"):
        css = needed_styles(style.read_text(encoding="utf-8"), used)
        # nothing here writes the other format of fonts
        css = re.sub(r'url\([^)]*\.woff2\) format\("woff2"\),', "", css)
        style.write_text(css, encoding="utf-8")
        for font in static.glob("vendor/fontawesome/webfonts/*.ttf") if "Awesome" in css else ():
            needed_icons(font, css)
    for font in static.glob("vendor/fontawesome/webfonts/*.woff2"):
        font.unlink()
    for picture in (html / "_images").glob("*.png"):
        picture.write_bytes(fewer_colours(picture.read_bytes()))
    for picture in (html / "_images").glob("*.svg"):
        drawn = picture.read_text(encoding="utf-8")
        picture.write_text(fewer_digits(drawn), encoding="utf-8")


def setup(app: Sphinx) -> dict[str, object]:
    """Register it."""
    app.connect("build-finished", slim)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
