"""Extension of the book that ties claims, figures, sections, functions and pages to each other.

Links follow from what chapters show: a section judges a claim if a table or code in it names the
claim. What a link leads to, in a line or two, is written beside it, for ``preview.js`` to show.
"""

from __future__ import annotations

import csv
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from html import escape, unescape
from itertools import groupby
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx

# Sections that show many claims at once, whose names are not written there, by how they begin.
SHOWN = {"tabS": "book/excitation_density#every-cell-of-the-two-tables"}
LEDGER, GLOSSARY = "book/claims", "book/glossary"
TABLE, EXPLANATION = "tag_filterable", "how-a-verdict-is-found"
HEAD = re.compile(r"<th>([\w.+-]+)</th>")
ROW = re.compile(r"<tr>\s*<th>([\w.+-]+)</th>(.*?)</tr>", re.DOTALL)
NAMED = re.compile(r"""["']([\w.+-]+)["']""")
LINK = re.compile(r'<a class="[\w -]*" href="([^"#:]*)#([^"]+)"')
SYMBOLS = {"langle": "⟨", "rangle": "⟩", "tau": "τ", "sigma": "σ", "alpha": "α", "mu": "µ"}
SYMBOLS |= {"pm": "±", "times": "×", "propto": "∝", "infty": "∞", "Delta": "Δ", "ln": "ln "}
LONGEST = 300


@dataclass
class Places:
    """Where in the book things stand: addresses are ``page#fragment``, without a suffix.

    Parameters
    ----------
    claims : dict of str to dict of str to str
        Sections that judge a claim: address by page.
    panels : dict of str to str
        Figures that show the panels of the paper.
    previews : dict of str to str
        What stands at an address, in few words.
    """

    claims: dict[str, dict[str, str]] = field(default_factory=lambda: defaultdict(dict))
    panels: dict[str, str] = field(default_factory=dict)
    previews: dict[str, str] = field(default_factory=dict)


def panels(source: Path) -> dict[str, str]:
    """Return the name of the figure for each panel of the paper, from the index of figures."""
    with (source / "book" / "panels.csv").open(encoding="utf-8-sig", newline="") as stream:
        rows = list(csv.DictReader(stream))
    return {row["panel"]: row["figure"].split("`")[1] for row in rows}


def spoken(names: list[str]) -> str:
    """Write panels as the paper does: ``["2a", "2b", "2c", "S3"]`` is "Figs. 2a-c, S3"."""
    parts = []
    for number, group in groupby(names, lambda name: name.rstrip("abcdefgh")):
        letters = [name.removeprefix(number) for name in group]
        run = "".join(letters) in "abcdefgh" and len(letters) > 2
        parts.append(number + (f"{letters[0]}–{letters[-1]}" if run else ", ".join(letters)))
    plural = "s" if len(names) > 1 else ""
    return f"Fig{plural}. " + ", ".join(parts)


def text(node: nodes.Node) -> str:
    """Return what a node says on one line, formulas in plain letters."""
    if isinstance(node, nodes.math):
        found = re.sub(r"\\([a-zA-Z]+) ?", lambda m: SYMBOLS.get(m[1], ""), node.astext())
        return re.sub(r"[{}$\\]", "", found)
    if isinstance(node, nodes.Text) or not node.children:
        return node.astext()
    between = " " if isinstance(node, nodes.definition) else ""
    return re.sub(r"\s+", " ", between.join(map(text, node.children)))


def short(words: str) -> str:
    """Cut a text at the end of a word."""
    return words if len(words) <= LONGEST else words[:LONGEST].rpartition(" ")[0] + " …"


def section_of(node: nodes.Node) -> str:
    """Return the anchor of the section that a node stands in."""
    while not isinstance(node, nodes.section):
        node = node.parent
    return str(node["ids"][0])


def named(node: nodes.Node, known: Mapping[str, object]) -> Iterator[str]:
    """Yield the claims that a table or a cell of code names."""
    if isinstance(node, nodes.raw) and "html" in node.get("format", ""):
        found = HEAD.findall(node.astext())
    else:
        found = NAMED.findall(node.astext()) if isinstance(node, nodes.literal_block) else []
    yield from (one for one in dict.fromkeys(found) if one in known)


def survey(app: Sphinx) -> Places:
    """Read from all pages where claims are judged, and what links to figures and terms lead to."""
    from tptools.companion.paper import CLAIMS

    places, figures = Places(), {}
    for page in sorted(one for one in app.env.found_docs if not one.startswith("book/api")):
        for node in app.env.get_doctree(page).findall(nodes.Element):
            if page != LEDGER:
                for claim in named(node, CLAIMS):
                    places.claims[claim].setdefault(page, f"{page}#{section_of(node)}")
            elif isinstance(node, nodes.raw):
                for claim, cells in ROW.findall(node.astext()):
                    columns = re.findall(r"<td>(.*?)</td>", cells, re.DOTALL)
                    if claim in CLAIMS and len(columns) == 5:
                        verdict, quantity, _, reported, found = columns
                        words = f"{quantity}: {reported}. {verdict.capitalize()}: {found}"
                        places.previews[f"{page}#claim-{claim}"] = short(unescape(words))
            if isinstance(node, nodes.figure) and node.next_node(nodes.caption):
                for name in node["ids"]:
                    figures[name] = f"{page}#{name}"
                    places.previews[f"{page}#{name}"] = short(text(node.next_node(nodes.caption)))
    for claim in CLAIMS:
        for beginning, address in SHOWN.items():
            page = address.partition("#")[0]
            if claim.startswith(beginning) and page in app.env.found_docs:
                places.claims[claim].setdefault(page, address)
    for panel, figure in panels(Path(app.srcdir)).items():
        places.panels[panel] = figures[figure].split("#")[0] + f"#fig-{panel.lower()}"
    glossary = app.env.get_and_resolve_doctree(GLOSSARY, app.builder)
    for item in glossary.findall(nodes.definition_list_item):
        for term in item.findall(nodes.term):
            address = f"{GLOSSARY}#{term['ids'][0]}"
            places.previews[address] = short(text(next(item.findall(nodes.definition))))
    return places


class Page:
    """One page on its way to be written."""

    def __init__(self, app: Sphinx, name: str, places: Places) -> None:
        from tptools.companion.paper import CLAIMS

        self.app, self.name, self.places, self.claims = app, name, places, CLAIMS

    def link(self, address: str, label: str, kind: str = "reference") -> str:
        """Link to an address of the book."""
        page, _, fragment = address.partition("#")
        path = self.app.builder.get_relative_uri(self.name, page) if page != self.name else ""
        return f'<a class="{kind} internal" href="{path}#{fragment}">{label}</a>'

    def claim(self, name: str) -> str:
        """Link a claim to its row in the ledger."""
        return self.link(f"{LEDGER}#claim-{name}", name, "claim") if name in self.claims else name

    def where(self, name: str) -> str:
        """Say where a claim is computed, judged and drawn."""
        from tptools.companion.claims import function_of

        found = []
        if function := function_of(name):
            page = self.app.env.domaindata["py"]["objects"][function].docname
            label = f"<code>{function.rpartition('.')[2]}</code>"
            found.append(self.link(f"{page}#{function}", label))
        titles = self.app.env.titles
        for page, address in self.places.claims[name].items():
            found.append(self.link(address, escape(titles[page].astext())))
        for panel, address in self.places.panels.items():
            if name == f"fig{panel}" or name in self.claims[f"fig{panel}"].rests_on:
                found.append(self.link(address, f"Fig. {panel}"))
        explained = self.link(f"{LEDGER}#{EXPLANATION}", "How a verdict is found")
        return "<br>".join(found or [explained])

    def row(self, found: re.Match[str]) -> str:
        """Complete a row of the ledger."""
        name, cells = found.groups()
        link = f'<a class="claim" href="#claim-{name}">{name}</a>'
        return f'<tr id="claim-{name}"><th>{link}</th>{cells}<td>{self.where(name)}</td></tr>'

    def ledger(self, table: str) -> str:
        """Complete the ledger: an anchor for each row, and a column of links."""
        head, body, rest = re.split(r"(?=<tbody>)|(?<=</tbody>)", table, maxsplit=2)
        return head.replace("</tr>", "<th>see</th></tr>") + ROW.sub(self.row, body) + rest

    def figure(self, found: re.Match[str]) -> str:
        """Complete a figure: an anchor for each panel, and the claims that are read off it."""
        start, name, inside = found.groups()
        shown = [p for p, to in panels(Path(self.app.srcdir)).items() if to == name]
        anchors = [
            f'<span id="fig-{p.lower()}"></span>' for p in shown if f"fig-{p.lower()}" != name
        ]
        claims = dict.fromkeys(c for p in shown for c in self.claims[f"fig{p}"].rests_on)
        links = ", ".join(map(self.claim, claims))
        note = f'<p class="claims-here">Claims: {links}</p>\n' if links else ""
        return f"{start}{''.join(anchors)}{inside}{note}</figcaption>"

    def preview(self, found: re.Match[str]) -> str:
        """Write beside a link what it leads to, if that is on another page."""
        path, fragment = found.groups()
        if not path:
            return found[0]
        address = str(Path("/", self.name).parent.joinpath(path).resolve())[1:]
        words = self.places.previews.get(address.removesuffix(".html") + f"#{fragment}", "")
        return found[0] + (f' data-preview="{escape(words)}"' if words else "")

    def complete(self, body: str) -> str:
        """Return the page with all its links."""
        here = [p for p, to in self.places.panels.items() if to.split("#")[0] == self.name]
        if here:
            body = body.replace("</h1>", f'</h1>\n<p class="panels">{spoken(here)}</p>', 1)
        body, mark, ledger = body.partition(TABLE) if self.name == LEDGER else (body, "", "")
        body = HEAD.sub(lambda found: f"<th>{self.claim(found[1])}</th>", body)
        body += mark + (self.ledger(ledger) if mark else "")
        seen = r"<td>see ([\w.+-]+(?:, [\w.+-]+)*)</td>"
        body = re.sub(
            seen, lambda m: f"<td>see {', '.join(map(self.claim, m[1].split(', ')))}</td>", body
        )
        whole = r'(<figure\b[^>]*\bid="(fig-[\w-]+)">)(.*?)</figcaption>'
        body = re.sub(whole, self.figure, body, flags=re.DOTALL)
        return LINK.sub(self.preview, body)


def connect(
    app: Sphinx, page: str, _template: str, context: dict[str, Any], _doctree: object
) -> None:
    """Complete a page of a book that has a ledger."""
    if LEDGER not in app.env.found_docs or "body" not in context:
        return
    if not hasattr(app, "places"):
        app.places = survey(app)  # type: ignore[attr-defined]
    context["body"] = Page(app, page, app.places).complete(context["body"])  # type: ignore[attr-defined]


def setup(app: Sphinx) -> dict[str, object]:
    """Register it."""
    app.connect("html-page-context", connect)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
