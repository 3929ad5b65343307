"""Every caption and every table says which film it shows, and under which light."""

from __future__ import annotations

import re
from pathlib import Path

import nbformat
import pytest
import yaml

from tptools.film import FILMS

ROOT = Path(__file__).resolve().parent.parent
CHAPTERS = sorted(path for path in (ROOT / "book").glob("*.ipynb"))

NO_FILM = {
    "fig-scoreboard": "counts verdicts",
    "fig-variance-errors": "profiles by formula",
    "fig-performance": "spots by formula",
    "fig-photon-need": "spots by formula",
    "fig-detection": "spots by formula",
    "fig-shapes": "spots by formula",
    "fig-s7-noise": "spots by formula",
    "fig-s7-choices": "spots by formula",
    "fig-table-deviations": "printed tables, of any film",
    "fig-excitation-against-power": "a laser, whatever film",
    "fig-heat-steps": "a nanocrystal, in whatever film",
    "fig-1a": "drawing, with widths of a film that it names",
    "fig-s1": "drawing of a microscope",
    "fig-4b": "drawing",
    "fig-4c": "drawing",
    "fig-3d": "drawing, no light",
    "fig-1b-tem": "micrograph, no light",
    "fig-s4": "topography, no light",
    "fig-recipes": "amounts in flasks",
    "fig-shells": "amounts in flasks",
    "fig-density": "absorbance, no laser",
    "fig-1b": "absorbance and light in toluene, by a lamp",
    "fig-s9": "absorbance and light by a lamp",
}
"""Figures in which no film is excited by a laser, and what they show."""

NAMES = "|".join(map(re.escape, sorted(FILMS, key=len, reverse=True)))
FILM = re.compile(
    rf"{NAMES}|the plain model|allowed films"
    r"|(?i:\bfilms? (?:of the many )?(?:that|with|of Note|without)\b)"
)
LIGHT = re.compile(
    r"[\d`] (?:nW|MHz|µJ)|⟨N⟩ (?:= |of )?\d|α|pulse every|isolated pulse|pulse in a spot"
    r"|powers of (?:Table|Fig)|endless train|endless light"
)


def captions(path: Path) -> dict[str, str]:
    """Return the captions of a chapter by the names of their figures."""
    found = {}
    for head in re.findall(
        r"```\{code-cell\}\n---\n(.*?)\n---\n", path.read_text(encoding="utf-8"), re.S
    ):
        if figure := yaml.safe_load(head).get("mystnb", {}).get("figure"):
            found[figure["name"]] = figure["caption"]
    return found


CAPTIONS = {
    name: text for path in CHAPTERS for name, text in captions(path.with_suffix(".md")).items()
}


def lacks(text: str) -> list[str]:
    """List what a caption leaves out."""
    wanted = {"film": FILM, "light": LIGHT}
    plain = " ".join(text.split())
    return [name for name, pattern in wanted.items() if not pattern.search(plain)]


@pytest.mark.parametrize("name", CAPTIONS)
def test_caption_names_film_and_light(name):
    """A figure names its film and its laser, or stands among those without."""
    assert name in NO_FILM or lacks(CAPTIONS[name]) == []


def test_figures_without_a_film_exist():
    """The list of exceptions holds no figure that is gone."""
    assert set(NO_FILM) <= set(CAPTIONS)


@pytest.mark.parametrize(
    ("text", "missing"),
    [
        ("Diffusivity of the film OLA/OA at 2.5 MHz.", []),
        ("Note 2's lattice with a pulse every 0.2 µs.", []),
        ("Diffusivity at 5 nW.", ["film"]),
        ("Memories of the films that read the paper's numbers.", ["light"]),
        ("The same curves.", ["film", "light"]),
    ],
)
def test_what_is_missing_is_told(text, missing):
    """A caption without film or light is found."""
    assert lacks(text) == missing


def sections(path: Path) -> list[tuple[str, str]]:
    """Return cells of code with the prose of their section that stands before them."""
    found, prose = [], ""
    parts = re.split(
        r"```\{code-cell\}[^\n]*\n(.*?)\n```", path.read_text(encoding="utf-8"), flags=re.S
    )
    for text, code in zip(parts[::2], [*parts[1::2], ""], strict=True):
        chapter, *later = re.split(r"^## ", prose + text, flags=re.M)
        prose = "## " + later[-1] if later else chapter
        found.append(
            (re.sub(r"^(?:---\n.*?\n---\n|(?::[\w-]+:[^\n]*\n)+)", "", code, flags=re.S), prose)
        )
    return found


def nameless_tables(path: Path) -> list[str]:
    """List tables with diffusivities or memories whose section does not say of what."""
    stored = nbformat.read(path, as_version=4)
    outputs = {cell.source.strip(): cell.get("outputs", ()) for cell in stored.cells}
    lost = []
    for code, prose in sections(path.with_suffix(".md")):
        shown = "".join(
            str(one.get("data", {}).get("text/html", "")) for one in outputs.get(code.strip(), ())
        )
        physical = re.search(r"cm2/s|cm²/s|\(µs\)|tau_us", shown)
        if physical and "verdict" not in shown and lacks(prose + shown):
            lost.append(f"{code.strip().splitlines()[-1]}: {lacks(prose + shown)}")
    return lost


# parameters of films, and intervals for printed numbers: nothing is excited for them
PARAMETERS = {
    "films": ('"rates are"', "card[card.index"),
    "inference": ("table(evidence", "PRIOR.ranges", "table(ranks"),
    "power_dependence": ("card[card.index",),
    "surfaces": ('one["origin"]', '["reason"]'),
}
# formulas: spots that spread, barriers, lasers whatever they shine on
WITHOUT_FILM = {"estimators", "excitation_density", "mechanism", "validation"}


@pytest.mark.parametrize(
    "path", [one for one in CHAPTERS if one.stem not in WITHOUT_FILM], ids=lambda path: path.stem
)
def test_tables_name_film_and_light(path):
    """A table with a diffusivity or a time, or the prose that leads to it, names film and laser."""
    exempt = PARAMETERS.get(path.stem, ())
    assert [one for one in nameless_tables(path) if not any(name in one for name in exempt)] == []
