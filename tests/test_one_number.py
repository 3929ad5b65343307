"""One quantity under the same conditions has one number, on whatever page it stands.

Chapters hand numbers to their text by name (`glue`), and the ledger has its own. What is the same
quantity cannot be seen from a name, so it is said here: quantity and condition, and the places.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from html import unescape
from pathlib import Path

import nbformat
import pytest

ROOT = Path(__file__).resolve().parent.parent
CHAPTERS = sorted((ROOT / "book").glob("*.ipynb"))

PLACES = {
    # D of the excitons, second moment at 1 ns
    "D, the plain model, isolated pulses, spot of 250 nm, peak of 0.02": [
        "memory_model::D-rare", "films::plain × 1e-3", "audit::rare × 1e-3",
        "ledger::main-D-inf::isolated pulses",
    ],
    "D, Note 2, isolated pulses, spot of 500 nm, 1 nW at 2.5 MHz": [
        "films::alone-note-2", "films::note-2 × 1e-3",
    ],
    "D, OLA/OA, isolated pulses, spot of 500 nm, 1 nW at 2.5 MHz": [
        "films::alone-ola", "films::ola × 1e-3",
    ],
    "D with alumina over bare, ALD on the film, 10 nW at 2.5 MHz": [
        "surfaces::true-film", "ledger::main-AlOx-lower::longer memory, as in Note 10",
    ],
    "the same with the memory of OLA/OA": [
        "surfaces::short-film", "ledger::main-AlOx-lower::memory as without alumina",
    ],
    "highest D of Note 2's model, <r²>/4t": [
        "memory_model::D-short", "ledger::main-D-enhanced::<r²>/4t",
        "ledger::abs-D-max::<r²>/4t",
    ],
    "highest D of Note 2's model, as printed": [
        "memory_model::D-printed", "ledger::main-D-enhanced::<r²>/2t as printed",
    ],
    "highest D of Note 2's model, Gaussian": [
        "memory_model::D-gaussian", "ledger::main-D-enhanced::Gaussian at 1 ns",
    ],
    # times
    "time fitted to Note 2's model, <r²>/4t, centre": [
        "memory_model::tau-fit", "memory_model::tau-moment", "ledger::main-tau-relax::<r²>/4t",
        "ledger::abs-persist::fit to Note 2's curve",
    ],
    "time fitted to Note 2's model, slices, centre": [
        "memory_model::tau-slices", "ledger::main-tau-relax::slices, 0 to 3 ns",
    ],
    "time fitted to Note 2's model, Gaussian, centre": [
        "memory_model::tau-gaussian", "ledger::main-tau-relax::Gaussian at 1 ns",
    ],
    "limit fitted to Note 2's model, <r²>/4t": [
        "memory_model::limit-fit", "ledger::main-D-inf::<r²>/4t",
    ],
    "time of nine scans of Note 2's film, slices": [
        "relaxation::tau-noisy", "ledger::main-tau-relax::slices through the microscope",
        "ledger::abs-persist::Note 2 through the microscope",
    ],
    "time of nine scans of Note 2's film, global": [
        "relaxation::tau-noisy-global", "ledger::main-tau-relax::global fit through the microscope",
    ],
    "time of Note 2's film by slices without photon noise": [
        "relaxation::tau-seen", "table::inference::as in this book::time (µs)",
    ],
    "time of Note 2's film from second moments, spot of 500 nm": [
        "relaxation::tau-traps", "table::inference::second moment at 1 ns::time (µs)",
    ],
    "time of Note 2's film by slices under the paper's light": [
        "relaxation::light-note-2", "table::inference::the paper's light::time (µs)",
    ],
    "memory of OLA/OA": [
        "relaxation::memory", "power_dependence::memory", "controls::tau-cal",
        "surfaces::tau-bare", "ledger::abs-persist::memory of a film with the curve of Fig. 4a",
        "table::films::OLA/OA::memory (µs)",
    ],
    "memory of c-ALD 4": ["relaxation::coated-memory", "surfaces::tau-coat"],
    "memory of Note 2's film": [
        "intro::memory-note-2", "memory_model::tau", "relaxation::tau-note-2", "controls::tau-note",
        "power_dependence::memory-note-2", "excitation_density::modelled",
    ],
    "T at the centre, 1 nW": ["intro::T-weak", "excitation_density::T-peak", "controls::T-1"],
    "T of the disc, 1 nW": ["excitation_density::T", "controls::T-disc"],
    # records
    "D of tplm_10nW, slices": [
        "microscopy::D-10", "table::microscopy::slices::10 nW, 2.5 MHz",
        "table::microscopy::memory and traps::0 to 3 ns",
    ],
    "photons before 3 ns over all, lowest power": [
        "photoluminescence::share", "ledger::s3-80pct::with a tail",
    ],
    "excitons left after 25 ns, with traps": [
        "audit::left-traps × 1e-2", "ledger::main-no-carry::film with traps",
    ],
    "D of one record of Note 7": ["validation::found", "ledger::s7-recover::one record"],
    "mean D with Eq. (12)": ["validation::D-eq12", "ledger::s7-recover::mean, Eq. (12)"],
    "mean D with counted photons": [
        "validation::D-poisson", "ledger::s7-recover::mean, counted photons",
    ],
    "D over the truth, cut at 600 nm, background from the ends, no noise": [
        "ledger::s7-ifnot::cut at 600 nm, background from the ends",
        "table::validation::±600 nm, from the edges::D (0.01 cm2/s)",
    ],
    "D over the truth, background ignored, no noise": [
        "ledger::s7-ifnot::background ignored",
        "table::validation::±1500 nm, ignored::D (0.01 cm2/s)",
    ],
    "detection limit, 200 000 photons, slices": [
        "estimators::limit-slices", "ledger::main-Dmin::slices",
    ],
    "detection limit, 200 000 photons, free intercept": [
        "estimators::limit-free", "ledger::main-Dmin::slices, free intercept",
    ],
    "detection limit, 200 000 photons, global": [
        "estimators::limit-global", "ledger::main-Dmin::global",
    ],
    "scatter of slices at 0.01 cm2/s in bins of 50 ps": [
        "estimators::slices-spread", "estimators::bin-narrow × 1e-3",
    ],
    "rank of D with <N>, OLA/OA, all records, global": [
        "power_dependence::rank-density", "ledger::main-nocorr-fF::all conditions",
    ],
    # heat
    "temperature step at 0.1 µJ/cm²": [
        "heating::step-typical", "ledger::main-dT", "ledger::s8-dTmax::0.1 µJ/cm²",
    ],
    "half time of Note 8's film, highest diffusivity": [
        "heating::half-fast", "ledger::main-heat-fewns::no flux, as Note 8",
    ],
    # sample
    "image of the spot": ["microscopy::image", "ledger::s7-fwhm::its image"],
    "magnification of the lenses": ["microscopy::lenses", "audit::mag", "ledger::main-mag"],
    "thinnest film of the printed optical densities": [
        "samples::thin", "ledger::main-thickness::density 0.01",
    ],
    "thickest film of the printed optical densities": [
        "samples::thick", "ledger::main-thickness::density 0.07",
    ],
    "fullness of the flask with 8 mM of nanocrystals": [
        "samples::overfull", "ledger::s1-cALD-conc::moles of nanocrystals",
    ],
    "<N> of the disc, 1 nW at 2.5 MHz": ["excitation_density::N", "ledger::s6-Nav"],
    "gone by 3 ns at 1.5 ns": [
        "audit::gone-15", "photoluminescence::gone-fast", "ledger::s3-80pct::high power, 1.5 ns",
    ],
    "gone by 3 ns at 2.3 ns": [
        "audit::gone-23", "photoluminescence::gone-slow", "ledger::s3-80pct::low power, 2.3 ns",
    ],
}  # fmt: skip
"""Quantity and condition, and where its number stands: `chapter::key`, `ledger::claim::reading` or
`table::chapter::row::column`, with what it has to be multiplied by."""

NUMBER = re.compile(r"-?\d[\d ]*(?:\.\d+)?(?:[eE][-+]?\d+)?")
RAISED = str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "-0123456789")


def plain(text: str) -> str:
    """Write a text as a computer does: signs and powers of ten, squares, no spaces in numbers."""
    power = re.sub(r" × 10([⁻⁰¹²³⁴⁵⁶⁷⁸⁹]+)", lambda m: "e" + m[1].translate(RAISED), text)
    return re.sub(r"\s+", " ", power.replace("−", "-").replace("²", "2"))


def number(text: str) -> tuple[Decimal, Decimal]:
    """Return the first number of a text and half a unit of its last digit."""
    found = NUMBER.search(plain(text))
    assert found, f"no number in {text!r}"
    value = Decimal(found[0].replace(" ", ""))
    return value, Decimal((0, (5,), value.as_tuple().exponent - 1))


def conflicts(places: Mapping[str, tuple[str, Decimal]]) -> list[str]:
    """List pairs of places whose numbers are not the same to the digits that both of them show."""
    found = []
    read = [(place, *number(text), scale) for place, (text, scale) in places.items()]
    for k, (one, a, half_a, scale_a) in enumerate(read):
        for other, b, half_b, scale_b in read[k + 1 :]:
            coarse = max(half_a * scale_a, half_b * scale_b)
            if abs(a * scale_a - b * scale_b) > coarse * Decimal("1.0001"):
                found.append(f"{one}: {places[one][0]}, but {other}: {places[other][0]}")
    return found


def numbers_of_text(nb: nbformat.NotebookNode) -> dict[str, str]:
    """Return what a chapter hands to its text, by name."""
    stored = {}
    for cell in nb.cells:
        for output in cell.get("outputs", ()):
            if name := output.get("metadata", {}).get("scrapbook", {}).get("name"):
                stored[name] = str(output["data"][[*output["data"]][-1]]).strip("'")
    return stored


def rows(nb: nbformat.NotebookNode) -> list[list[list[str]]]:
    """Return the tables of a chapter: cells by row, heads first."""
    found = []
    for cell in nb.cells:
        for output in cell.get("outputs", ()):
            html = output.get("data", {}).get("text/html", "")
            cells = [re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row, re.S)
                     for row in re.findall(r"<tr[^>]*>(.*?)</tr>", html, re.S)]  # fmt: skip
            plain = [[unescape(re.sub(r"<[^>]+>", "", one)).strip() for one in r] for r in cells]
            if plain:
                found.append(plain)
    return found


class Book:
    """The stored chapters."""

    def __init__(self) -> None:
        self.chapters = {path.stem: nbformat.read(path, as_version=4) for path in CHAPTERS}
        self.glued = {name: numbers_of_text(nb) for name, nb in self.chapters.items()}
        self.ledger = {row[0]: row[-1] for table in rows(self.chapters["claims"]) for row in table}

    def look(self, place: str) -> str:
        """Return what stands at a place."""
        kind, *path = place.split("::")
        if kind == "ledger":
            text = self.ledger[path[0]]
            if len(path) == 1:
                return text
            return re.split(rf"(?:^| or ){re.escape(path[1])}: ", text)[1]
        if kind == "table":
            return self.cell(*path)
        return self.glued[kind][path[0]]

    def cell(self, chapter: str, row: str, column: str) -> str:
        """Return the cell of the first table of a chapter that has such a row and column."""
        for table in rows(self.chapters[chapter]):
            heads = [plain(one) for one in table[0]]
            fits = [k for k, one in enumerate(heads) if f"{one} (".startswith(f"{column} (")]
            for line in table[1:]:
                if fits and row in line:
                    return line[fits[0] - len(heads)]
        raise KeyError(f"{chapter} has no table with {row} and {column}")


@pytest.fixture(scope="module")
def book() -> Book:
    return Book()


@pytest.mark.parametrize("quantity", PLACES)
def test_one_quantity_has_one_number(quantity, book):
    """Wherever the same quantity stands, its number is the same to the digits that are shown."""
    shown = {}
    for entry in PLACES[quantity]:
        place, _, factor = entry.partition(" × ")
        shown[place] = book.look(place), Decimal(factor or "1")
    assert conflicts(shown) == []


PHYSICAL = re.compile(r"(D|T|tau|limit|critical|memory|lifetime)(-|$)")
"""How the names of diffusivities and times begin."""


def homonyms(glued: Mapping[str, Mapping[str, str]]) -> list[str]:
    """List names of diffusivities and times that mean another number in another chapter."""
    named: dict[str, dict[str, tuple[str, Decimal]]] = {}
    for chapter, numbers in glued.items():
        for key, text in numbers.items():
            if PHYSICAL.match(key) and NUMBER.search(plain(text)):
                named.setdefault(key, {})[f"{chapter}::{key}"] = text, Decimal(1)
    return [found for places in named.values() for found in conflicts(places)]


def test_one_name_has_one_number(book):
    """A diffusivity or a time of one name is the same in all chapters that have it."""
    assert homonyms(book.glued) == []


def test_homonyms_are_found():
    """Another number under the same name is told; other names may mean what they like."""
    one = {"D-slow": "0.0015", "low": "1", "tau-paper": "6", "T-word": "none"}
    other = {"D-slow": "0.01", "low": "2", "tau-paper": "6.0", "T-word": "one"}
    (found,) = homonyms({"a": one, "b": other})
    assert "a::D-slow: 0.0015" in found


@pytest.mark.parametrize("path", CHAPTERS, ids=lambda path: path.stem)
def test_excitons_are_asked_in_one_way(path):
    """No chapter draws a diffusivity of its own: `own_diffusivity` has one seed for all pages."""
    text = path.with_suffix(".md").read_text()
    assert "film_diffusivity(" not in text


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("0.1232 ± 0.0027", "0.123", True),
        ("0.1232 ± 0.0027", "0.1233 ± 0.0027 cm2/s", False),
        ("0.0098 ± 0.0010", "0.0113 ± 0.0010", False),
        ("8.1", "8.10", True),
        ("0.323", "0.32", True),
        ("−1.5", "-1.5", True),
        ("1.2 × 10⁻⁴", "0.00012", True),
        ("783 000", "7.8e5", True),
        ("13", "12", False),
    ],
)
def test_numbers_are_compared_by_their_digits(one, other, same):
    """The coarser of two numbers sets how close they have to be; errors do not excuse."""
    places = {"a": (one, Decimal(1)), "b": (other, Decimal(1))}
    assert (conflicts(places) == []) == same


def test_units_are_taken_into_account():
    """A number in thousandths is compared with one that is not."""
    places = {"a": ("0.401 ± 0.037", Decimal("1e-3")), "b": ("0.00040 ± 0.00004", Decimal(1))}
    assert conflicts(places) == []
    places["c"] = "0.0005", Decimal(1)
    assert len(conflicts(places)) == 2
