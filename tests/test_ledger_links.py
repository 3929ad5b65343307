"""Links between claims, figures and sections, and what is left out of the written book."""

from __future__ import annotations

import importlib
import re
import sys
from io import BytesIO
from pathlib import Path
from types import SimpleNamespace

import nbformat
import pytest
from docutils import nodes
from fontTools.ttLib import TTFont
from matplotlib import font_manager
from PIL import Image

from tptools.companion.claims import function_of
from tptools.companion.paper import CLAIMS

ROOT = Path(__file__).resolve().parent.parent
sys.path.append(str(ROOT / "tools"))
import ledger  # noqa: E402
import slim  # noqa: E402

API = (ROOT / "book" / "api" / "companion.md").read_text()
PANELS = ledger.panels(ROOT)


def page(name: str) -> ledger.Page:
    """Return a page of a book in which one section judges one claim."""
    places = ledger.Places()
    places.claims["s6-Psurf"]["book/one"] = "book/one#level"
    places.panels = {panel: f"book/one#fig-{panel.lower()}" for panel in PANELS}
    places.previews = {"book/claims#claim-s6-Psurf": 'a "power" < 1'}
    objects = {function_of("s6-Psurf"): SimpleNamespace(docname="book/api/companion")}
    app = SimpleNamespace(
        srcdir=ROOT,
        env=SimpleNamespace(
            domaindata={"py": {"objects": objects}}, titles={"book/one": nodes.title("", "One")}
        ),
        builder=SimpleNamespace(
            get_relative_uri=lambda _, to: to.removeprefix("book/") + ".html",
        ),
    )
    return ledger.Page(app, name, places)


@pytest.mark.parametrize(
    ("names", "said"),
    [
        (["4a"], "Fig. 4a"),
        (["4a", "S12"], "Figs. 4a, S12"),
        (["2a", "2b", "2c", "S3"], "Figs. 2a–c, S3"),
        (["1a", "1e", "1f"], "Figs. 1a, e, f"),
    ],
)
def test_panels_are_said_as_in_the_paper(names, said):
    """Letters follow their number, and three in a row become a range."""
    assert ledger.spoken(names) == said


def test_functions_of_claims_are_documented():
    """Each claim that is recomputed has a function with a docstring on a page of the reference."""
    functions = {function_of(one) for one in CLAIMS} - {""}
    assert len(functions) > 80
    for name in functions:
        module, _, function = name.rpartition(".")
        assert getattr(importlib.import_module(module), function).__doc__
        assert f".. automodule:: {module}\n   :members:\n" in API


def test_claims_are_found_in_tables_and_code():
    """A table names a claim by its head, code by a string; other words are no claims."""
    table = nodes.raw("", "<th>s6-Psurf</th><td>s6-I</td><th>x</th>", format="html")
    code = nodes.literal_block("", "verdicts(['s6-I', \"s6-F\", 'x'])")
    assert list(ledger.named(table, CLAIMS)) == ["s6-Psurf"]
    assert list(ledger.named(code, CLAIMS)) == ["s6-I", "s6-F"]
    assert list(ledger.named(nodes.paragraph("", "s6-I"), CLAIMS)) == []


def shown_in_chapters() -> set[str]:
    """Return the claims that a chapter other than the ledger names in its code or its tables."""
    found: set[str] = set()
    for path in (ROOT / "book").glob("*.ipynb"):
        if path.stem != "claims":
            cells = nbformat.read(path, as_version=4).cells
            tables = " ".join(str(one.get("outputs", "")) for one in cells)
            text = path.with_suffix(".md").read_text()
            shown = re.sub(r"```\{code-cell\}\n:tags: \[remove-cell\].*?```", "", text, flags=re.S)
            found.update(ledger.NAMED.findall(shown), ledger.HEAD.findall(tables))
    return found


def test_every_claim_is_judged_in_some_section():
    """No row of the ledger leads to the rules only: a chapter, a figure or a table has it."""
    shown, many = shown_in_chapters(), tuple(ledger.SHOWN)
    rest = [one for one in CLAIMS if one not in shown and not one.startswith(("fig", *many))]
    assert rest == []


def test_sections_that_show_many_claims_exist():
    """The section that stands for the cells of both tables is a heading of its chapter."""
    for address in ledger.SHOWN.values():
        name, anchor = address.split("#")
        heads = re.findall(r"^## (.*)$", (ROOT / f"{name}.md").read_text(), re.M)
        assert anchor in [re.sub(r"[^a-z0-9]+", "-", head.lower()) for head in heads]


def test_ledger_row_leads_everywhere():
    """A row gets its anchor and leads to function and section; one judged nowhere, to the rules."""
    table = "<tr><th>claim</th></tr><tbody>" + "".join(
        f"<tr>\n<th>{one}</th><td>see s6-I</td></tr>" for one in ("s6-Psurf", "s1-wash")
    )
    body = page(ledger.LEDGER).complete(f"<div class={ledger.TABLE}>{table}</tbody>")
    first, second = re.findall(r"<tr id.*?</tr>", body)
    assert first.startswith('<tr id="claim-s6-Psurf"><th><a class="claim" href="#claim-s6-Psurf">')
    assert f'href="api/companion.html#{function_of("s6-Psurf")}"' in first
    assert 'href="one.html#level">One</a>' in first
    assert '<td>see <a class="claim internal" href="#claim-s6-I">s6-I</a></td>' in first
    assert second.count("href") == 3
    assert f'href="#{ledger.EXPLANATION}"' in second


def test_chapter_leads_to_the_ledger():
    """In a chapter a claim is a link with a preview, and the title says the panels."""
    body = page("book/one").complete("<h1>One</h1><th>s6-Psurf</th><th>no claim</th>")
    assert 'href="claims.html#claim-s6-Psurf" data-preview="a &quot;power&quot; &lt; 1"' in body
    assert '<p class="panels">Figs. 1a–f, 2a–h' in body
    assert "<th>no claim</th>" in body


def test_merged_panels_have_anchors():
    """A figure of several panels can be reached by each, and names what is read off them."""
    figure = '<figure class="a" id="fig-s5a">\n<img/><figcaption>\n<p>x</p>\n</figcaption>'
    body = page("book/one").complete(figure)
    for letter in "bcd":
        assert body.count(f'id="fig-s5{letter}"') == 1
    assert body.count('id="fig-s5a"') == 1
    for letter in "abcd":
        for one in CLAIMS[f"figS5{letter}"].rests_on:
            assert f"#claim-{one}" in body


def test_formulas_are_spoken():
    """A formula in a preview is plain letters."""
    formula = nodes.paragraph("", "", nodes.Text("of "), nodes.math("", r"\langle N\rangle^{2}"))
    assert ledger.text(formula) == "of ⟨N⟩^2"
    assert len(ledger.short("word " * 100)) <= ledger.LONGEST + 2


def test_unused_styles_are_dropped():
    """Icons and boxes that no page has lose their rules, all others keep them."""
    css = ".a,.fa-no{x:1}@media print{.fa-yes:before{y:2}.sd-no .b{z:3}}:is(.fa-no,.c){w:4}"
    kept = ".a{x:1}@media print{.fa-yes:before{y:2}}:is(.fa-no,.c){w:4}"
    assert slim.needed_styles(css, {"fa-yes"}) == kept


def test_unused_signs_are_dropped(tmp_path):
    """A font keeps the signs that styles name, as codes or as themselves."""
    font = tmp_path / "few.ttf"
    signs = sorted(
        c for c in TTFont(font_manager.findfont("DejaVu Sans")).getBestCmap() if c >= 0xF000
    )
    font.write_bytes(Path(font_manager.findfont("DejaVu Sans")).read_bytes())
    slim.needed_icons(font, f'content:"\\{signs[0]:x}";content:"{chr(signs[1])}"')
    assert set(TTFont(font).getBestCmap()) == set(signs[:2])


def test_pictures_keep_their_looks():
    """A picture of few colours is stored in fewer bytes, and looks the same."""
    ramp, full = Image.linear_gradient("L").convert("RGBA"), BytesIO()
    ramp.save(full, format="png", compress_level=0)
    few = slim.fewer_colours(full.getvalue())
    assert len(few) < len(full.getvalue()) / 2
    with Image.open(BytesIO(few)) as after:
        pairs = zip(
            ramp.convert("L").get_flattened_data(),
            after.convert("RGB").convert("L").get_flattened_data(),
            strict=True,
        )
        assert max(abs(a - b) for a, b in pairs) <= 3


def test_vectors_keep_their_places():
    """Of a vector picture only digits go that nobody sees; names and scales stay."""
    svg = (
        '<g id="line2d_1.234567"><path d="M 1.234567 -20.999999\n  L 3 .5"/>'
        '<use x="7.000001" transform="scale(0.015625)" href="#p0.123456"/></g>'
    )
    assert slim.fewer_digits(svg) == (
        '<g id="line2d_1.234567"><path d="M 1.23 -21\nL 3 .5"/>'
        '<use x="7" transform="scale(0.015625)" href="#p0.123456"/></g>'
    )


def test_marks_of_one_frame_share_a_group():
    """Marks after each other are cut at their frame together, in order, and others apart."""
    mark = '<g clip-path="url(#{})">\n<use x="{}"/>\n</g>\n'
    svg = mark.format("a", 1) + mark.format("a", 2) + "<path/>\n" + mark.format("b", 3)
    assert slim.merged(svg) == (
        '<g clip-path="url(#a)">\n<use x="1"/>\n<use x="2"/>\n</g>\n<path/>\n' + mark.format("b", 3)
    )
