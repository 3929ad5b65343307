"""Every built page, as a reader's browser shows it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from conftest import HTML, PAGES, ROOT, THEME, violations, violations_by_theme
from tptools.companion.claims import VERDICTS, function_of
from tptools.companion.paper import CLAIMS

# Rules that the book does not keep, each with its reason. None is needed.
EXCEPTIONS: dict[str, str] = {}
FRONT = "book/intro.html"


def count(visit, selector: str) -> int:
    """Return how many elements of the page fit."""
    return visit.page.evaluate("all => document.querySelectorAll(all).length", selector)


def test_book_is_whole(built):
    """There is a page for every entry of the table of contents."""
    toc = (ROOT / "_toc.yml").read_text()
    files = re.findall(r"(?:file|root): (\S+)", toc)
    assert len(files) > 10
    assert {str(Path(name).with_suffix(".html")) for name in files} <= set(PAGES)


def test_nothing_fails(visit):
    """The page has no error or warning, and gets all it asks for without a network."""
    assert visit.faults == []


def test_mathematics_is_drawn(visit):
    """Each formula is drawn, without an error, and no source of one is left in the text."""
    formulas = count(visit, "article .math")
    assert count(visit, "article .math:has(mjx-container)") == formulas
    assert count(visit, "mjx-merror, [data-mjx-error]") == 0
    text = visit.page.evaluate(
        """() => {
            const copy = document.querySelector("article")?.cloneNode(true);
            copy?.querySelectorAll("pre, code, script, style, mjx-container").forEach(
                one => one.remove());
            return copy?.textContent ?? "";
        }"""
    )
    assert re.findall(r"\$|\\\(|\\\[|\\begin", text) == []


def test_figures_are_seen(visit):
    """Each figure has a picture that has loaded, takes up space, and is put into words."""
    pictures = visit.page.evaluate(
        """() => [...document.querySelectorAll("article img")].map(one => ({
            name: one.closest("figure")?.id || one.src.slice(-60),
            loaded: one.complete && one.naturalWidth > 0,
            shown: one.checkVisibility() && one.getBoundingClientRect().width > 50,
            alt: one.alt.trim(),
        }))"""
    )
    assert [p["name"] for p in pictures if not (p["loaded"] and p["shown"] and p["alt"])] == []
    empty = "article figure:not(:has(img, svg, video, canvas))"
    assert count(visit, empty) == 0
    assert count(visit, "article figure:not(:has(figcaption))") == 0


def test_animations_play(visit):
    """An animation stands still until its button is pressed, and is small."""
    players = "article .animation"
    if not count(visit, players):
        return
    for player in visit.page.locator(players).all():
        picture = player.locator("img")
        first = picture.get_attribute("src")
        visit.page.wait_for_timeout(300)
        assert picture.get_attribute("src") == first
        player.get_by_role("button", name="Play", exact=True).click()
        visit.page.wait_for_function(
            "([one, first]) => one.src !== first", arg=[picture.element_handle(), first]
        )
        player.get_by_role("button", name="Pause").click()
    assert (HTML / visit.name).stat().st_size < 1e6


def test_rules_of_accessibility(visit):
    """The page keeps all rules of axe-core, and those on colours in the dark as well."""
    assert violations_by_theme(visit.page, *EXCEPTIONS) == {"any": [], "dark": [], "light": []}


PLANT_FAULTS = """() => {
    const [one, two, three, four, five] = [...document.querySelectorAll("article p")].slice(-20);
    one.style.color = "rgb(128, 128, 128)";
    one.style.background = "rgb(140, 140, 140)";
    two.style.background = getComputedStyle(two).color;
    three.style.opacity = 0.2;
    const like = getComputedStyle(four).color.replace(/\\d+/, red => +red + 9);
    four.innerHTML = `A <a href="#x" style="color: ${like}; text-decoration: none">link</a> here.`;
    five.innerHTML = "<img src='data:,'> <button></button> <span role='cell' class='x'>1</span>";
}"""


@pytest.mark.parametrize("name", ["light", "dark"])
def test_faults_are_found(name, site, tabs):
    """What becomes hard to read, in a few of many paragraphs alike, is noticed in either theme.

    So is what has no name, or a part that it cannot play.
    """
    page = tabs.blank(site)
    page.goto(f"{site}/book/relaxation.html")
    page.evaluate(THEME, name)
    page.evaluate(PLANT_FAULTS)
    rules = {
        kind: [fault.partition(":")[0] for fault in faults]
        for kind, faults in violations_by_theme(page).items()
    }
    assert rules[name].count("color-contrast") >= 3
    assert "link-in-text-block" in rules[name]
    assert {"image-alt", "button-name", "aria-required-parent"} <= set(rules["any"])


def test_figures_lie_on_a_calm_plate_in_the_dark(visit):
    """Figures, drawn for white paper, keep light paper in the dark, dimmed, and their colours."""
    visit.page.evaluate(THEME, "dark")
    wrong = visit.page.evaluate(
        """() => [...document.querySelectorAll("article figure img, article .cell_output img")]
            .filter(one => {
                const style = getComputedStyle(one);
                const dimmed = /^brightness\\((0\\.[789]\\d*)\\)$/.test(style.filter);
                return style.backgroundColor !== "rgb(255, 255, 255)" || !dimmed;
            }).map(one => one.closest("figure")?.id ?? one.src)"""
    )
    visit.page.evaluate(THEME, "light")
    assert wrong == []


def test_figures_open_larger(visit):
    """A figure opens larger by mouse and keyboard, keeps the rules, and Escape gives focus back."""
    buttons, pictures = "article button.enlarge", "article figure img, article .cell_output img"
    assert count(visit, buttons) == count(visit, pictures) - count(visit, ".animation img")
    if not count(visit, buttons):
        return
    button = visit.page.locator(buttons).first
    name = button.locator("img").get_attribute("alt")
    button.focus()
    visit.page.keyboard.press("Enter")
    dialog = visit.page.get_by_role("dialog")
    large, small = dialog.locator("img"), button.locator("img")
    assert large.get_attribute("alt") == name
    assert large.bounding_box()["width"] > small.bounding_box()["width"]
    assert violations(visit.page, "dialog[open]", "button.enlarge") == []
    visit.page.keyboard.press("Escape")
    assert dialog.count() == 0
    assert button.evaluate("one => one === document.activeElement")
    button.click()
    dialog.locator("img").click()
    assert dialog.count() == 0


def test_captions_and_numbers_have_normal_weight(visit):
    """Captions and glued numbers are set as the text around them."""
    weights = visit.page.evaluate(
        """() => [...document.querySelectorAll("article .caption-text, article .pasted-text")]
            .map(one => getComputedStyle(one).fontWeight)"""
    )
    assert set(weights) <= {"400"}


def loaded(page) -> tuple[int, int]:
    """Return the bytes of a page that are its own, and those that it shares."""
    urls = page.evaluate(
        """() => {
            const kinds = ["navigation", "resource"];
            const all = kinds.flatMap(kind => performance.getEntriesByType(kind));
            const names = [...all.map(one => one.name), ...[...document.images].map(i => i.src)];
            return [...new Set(names.map(name => name.split(/[?#]/)[0]))];
        }"""
    )
    files = {HTML / url.split("/", 3)[3] for url in urls if url.startswith("http")}
    shared = {path for path in files if path.is_relative_to(HTML / "_static")}
    assert len(shared) > 5
    own, common = (sum(path.stat().st_size for path in some) for some in (files - shared, shared))
    return own, common


def test_first_page_is_light(site, context, typeset):
    """Who comes with nothing loads at most 1.5 MB for the front of the book."""
    page = context.new_page()  # fonts that a tab has are asked for unused
    page.goto(f"{site}/{FRONT}")
    typeset(page)
    assert sum(loaded(page)) < 1.5e6
    page.close()


def test_page_is_light(visit):
    """Each page adds at most 0.7 MB to what it shares, unless a film plays."""
    own, _ = loaded(visit.page)
    assert own < 0.7e6 or count(visit, "article .animation")


def test_icons_are_drawn(visit):
    """Each icon has its sign in the font that is left."""
    blank = visit.page.evaluate(
        """() => [...document.querySelectorAll("i[class*='fa-'], i.fa")]
            .filter(one => getComputedStyle(one, "::before").content === "none")
            .map(one => one.className)"""
    )
    assert blank == []


def links(visit, menu: str) -> list[str]:
    """Return where the entries of a menu in the header lead to."""
    entries = f".article-header-buttons .dropdown-{menu} a"
    return visit.page.evaluate(
        "all => [...document.querySelectorAll(all)].map(a => a.href)", entries
    )


def test_chapter_can_be_taken_away(visit, site):
    """A chapter offers its notebook and its text; other pages offer their text."""
    sources = [ROOT / visit.name]
    pair = [sources[0].with_suffix(suffix) for suffix in (".ipynb", ".md")]
    for source in [path for path in pair if path.is_file()]:
        address = f"{site}/_sources/{source.relative_to(ROOT).as_posix()}"
        assert address in links(visit, "download-buttons")
        assert (HTML / "_sources" / source.relative_to(ROOT)).read_bytes() == source.read_bytes()


def test_no_launch_button_is_dead(visit):
    """Either the book knows its repository and a chapter has two ways to run, or it has none."""
    menu = links(visit, "launch-buttons")
    notebook = Path(visit.name).with_suffix(".ipynb").as_posix()
    known = count(visit, ".btn-source-repository-button")
    expected = 2 if known and (ROOT / notebook).is_file() else 0
    assert len(menu) == expected
    assert all(re.match(r"https://(mybinder\.org|colab\.research\.google\.com)/", a) for a in menu)
    assert all(address.endswith(notebook) for address in menu)


# Every page on a phone, without a server.


def test_page_opens_from_a_folder(phone):
    """A page that is opened without a server has no fault, its formulas and its pictures."""
    assert phone.faults == []
    assert count(phone, "article .math") == count(phone, "article .math:has(mjx-container)")
    assert phone.page.evaluate("[...document.images].every(one => one.naturalWidth > 0)")


def test_figures_can_be_read_on_a_phone(phone):
    """Pictures that are drawn in vectors have letters of at least 7 px on a narrow screen."""
    scales = phone.page.evaluate(
        """() => Object.fromEntries([...document.querySelectorAll("article img[src$='.svg']")]
            .map(one => [one.alt, one.getBoundingClientRect().width / one.naturalWidth]))"""
    )
    # labels of axes are set in 10 points at least
    assert {alt: scale for alt, scale in scales.items() if 10 * 4 / 3 * scale < 7} == {}


def test_page_fits_a_phone(phone):
    """On a narrow screen nothing is wider than the screen, unless it scrolls by itself."""
    wide = phone.page.evaluate(
        """() => {
            const width = document.documentElement.clientWidth;
            const scrolls = one => {
                for (let box = one.parentElement; box; box = box.parentElement)
                    if (["auto", "scroll", "hidden"].includes(getComputedStyle(box).overflowX)
                        && box.getBoundingClientRect().right <= width + 1
                        && !["BODY", "HTML", "MAIN"].includes(box.tagName)) return true;
                return false;
            };
            const wide = [...document.querySelectorAll("article *")].filter(one =>
                one.getBoundingClientRect().right > width + 1 && one.checkVisibility()
                && !scrolls(one));
            const found = wide.map(one => one.outerHTML.slice(0, 120));
            if (document.documentElement.scrollWidth > width) found.unshift("the page scrolls");
            return found;
        }"""
    )
    assert wide == []


# The book as a whole, from a web server and from a folder.


@pytest.fixture(params=["site", "folder"])
def place(request, site, built):
    return {"site": site, "folder": built.as_uri()}[request.param]


def test_start_page_leads_to_the_book(place, tabs):
    """The start page sends the reader to the front of the book."""
    page = tabs.blank(place)
    page.goto(f"{place}/index.html")
    front = yaml.safe_load((ROOT / "_toc.yml").read_text())["root"]
    page.wait_for_url(f"{place}/{Path(front).with_suffix('.html')}")


@pytest.mark.parametrize("word", ["diffusivity", "Poisson", "neutral-density"])
def test_search_finds(place, built, tabs, word):
    """A reader who types a word is led to a page that has it."""
    page = tabs.blank(place)
    page.goto(f"{place}/book/intro.html")
    page.keyboard.press("Control+k")
    page.locator("dialog[open] input[type=search]").fill(word)
    page.keyboard.press("Enter")
    page.wait_for_url("**/search.html?*")
    first = page.locator("#search-results ul.search li a").first
    first.wait_for()
    first.click()
    page.wait_for_url("**/book/*.html*")
    assert word.lower() in page.locator("article").inner_text().lower()


def test_claims_can_be_filtered(site, tabs):
    """Words and a verdict leave the rows that have both, and the page says how many."""
    page = tabs.blank(site)
    page.goto(f"{site}/book/claims.html")
    rows = page.locator(".tag_filterable tbody tr:visible")
    every = rows.count()
    page.get_by_label("Contains").fill("tabS1")
    page.get_by_label("Verdict").select_option("rounding")
    assert 0 < rows.count() < every
    assert all("tabS1" in text and "\trounding\t" in text for text in rows.all_inner_texts())
    assert page.locator(".table-filter output").inner_text() == f"{rows.count()} of {every} claims"


def test_no_link_is_dead(ask):
    """Each link inside the book leads to a page, and to an anchor that stands there."""
    anchors = ask("page => [...page.querySelectorAll('[id]')].map(one => one.id)")
    anchors = {HTML / name: set(ids) for name, ids in anchors.items()}
    links = ask(
        "page => [...page.querySelectorAll('article a[href]')].map(a => a.getAttribute('href'))"
    )
    assert sum(map(len, links.values())) > 1000
    dead = []
    for path, address in [(HTML / name, one) for name, some in links.items() for one in some]:
        file, _, fragment = address.partition("#")
        target = (path.parent / file).resolve() if file else path
        if not re.match("[a-z]+:", file) and (
            not target.exists() or (fragment and fragment not in anchors.get(target, {fragment}))
        ):
            dead.append(f"{path.name}: {address}")
    assert dead == []


def test_every_claim_is_tied_in(ask):
    """Each claim has a row with an anchor and links, to its function if one recomputes it."""
    rows = ask(
        """page => [...page.querySelectorAll("tr[id]")].map(row => [row.id,
            [...row.querySelectorAll("td:last-child a")].map(a => a.getAttribute("href"))])"""
    )["book/claims.html"]
    assert [row for row, _ in rows] == [f"claim-{one}" for one in CLAIMS]
    for (_, addresses), one in zip(rows, CLAIMS, strict=True):
        assert addresses
        assert not function_of(one) or addresses[0].endswith(f"#{function_of(one)}")


def test_tables_lead_to_the_ledger(ask):
    """Wherever a table shows a claim, its id is a link to the claim's row."""
    heads = ask(
        """page => [...page.querySelectorAll("tbody th")].map(head => [head.textContent,
            [...head.querySelectorAll("a")].map(a => a.getAttribute("href"))])"""
    )
    del heads["book/claims.html"]
    shown = [head for some in heads.values() for head in some if head[0] in CLAIMS]
    assert len(shown) > 100
    lost = [
        (claim, addresses)
        for claim, addresses in shown
        if not any(a.endswith(f"claims.html#claim-{claim}") for a in addresses)
    ]
    assert lost == []


def test_captions_name_their_claims(ask):
    """A figure has an anchor for each panel of the paper, and names the claims read off these."""
    figures = ask(
        """page => [...page.querySelectorAll("figure[id]")].map(figure => [
            [figure, ...figure.querySelectorAll("[id]")].map(one => one.id),
            [...figure.querySelectorAll(".claims-here a")].map(link => link.textContent)])"""
    )
    panels = [(ids, named) for some in figures.values() for ids, named in some]
    for one in [claim for claim in CLAIMS.values() if claim.rests_on]:
        name = "fig-" + one.id.removeprefix("fig").lower()
        (named,) = [named for ids, named in panels if name in ids]
        assert set(one.rests_on) <= set(named)


@pytest.mark.parametrize("name", ["relaxation", "claims", "glossary"])
def test_previews_open_and_close(name, place, tabs):
    """A link says on focus and under the mouse where it leads, keeps the rules, and is silent."""
    page = tabs.blank(place)
    page.goto(f"{place}/book/{name}.html")
    link = page.locator("article a[data-preview], article a.internal[href^='#term'], a.claim").first
    box = page.get_by_role("tooltip")
    assert box.count() == 0
    page.keyboard.press("Tab")
    link.focus()
    assert len(box.inner_text()) > 10
    assert link.get_attribute("aria-describedby") == box.get_attribute("id")
    assert violations(page, "[role=tooltip]", "[aria-describedby]") == []
    page.keyboard.press("Escape")
    assert box.count() == 0
    assert link.get_attribute("aria-describedby") is None
    link.hover()
    box.wait_for()
    page.mouse.move(0, 0)
    box.wait_for(state="detached")


@pytest.mark.parametrize("width", [1280, 390])
def test_ledger_stays_readable(width, site, tabs):
    """The verdict comes second, no cell is cut, and filter and heads stay while rows pass."""
    page = tabs.blank(site, {"width": width, "height": 900})
    page.goto(f"{site}/book/claims.html#claim-s6-Psurf")
    row = page.locator("[id='claim-s6-Psurf']")
    assert row.locator("td").first.inner_text() in VERDICTS
    cells = page.locator(".tag_filterable tbody tr:nth-child(-n+40) :is(th, td)")
    assert (
        cells.evaluate_all("all => all.filter(c => c.scrollWidth > c.clientWidth + 1).length") == 0
    )
    form = page.locator(".table-filter").bounding_box()
    assert 0 <= form["y"] < 150
    assert form["y"] + form["height"] <= row.bounding_box()["y"] + 1 < 900
    head = page.locator(".tag_filterable thead th").first
    assert head.is_visible() == (width == 1280)
    if head.is_visible():
        assert abs(head.bounding_box()["y"] - form["y"] - form["height"]) < 2
