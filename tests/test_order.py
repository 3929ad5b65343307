"""The contents: what a chapter needs stands before it, or is said to follow."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parent.parent
TOC = yaml.safe_load((ROOT / "_toc.yml").read_text())
ORDER = [Path(TOC["root"]).stem] + [
    Path(page["file"]).stem
    for part in TOC["parts"]
    for page in part["chapters"]
    if not page["file"].startswith("book/api")
]


def needs(text: str) -> str:
    """Return what a chapter says that it needs."""
    found = re.search(r"\*\*Needs\*\*:(.*?)\n\n", text, re.S)
    return re.sub(r"\s+", " ", found[1]) if found else ""


def later(name: str, text: str) -> list[str]:
    """List what a chapter needs, comes after it, and is not said to follow."""
    place = ORDER.index(name)
    return [
        page
        for sentence in re.split(r"(?<=\.) (?=[A-Z])|; ", needs(text))
        for page in re.findall(r"\{doc\}`(\w+)`", sentence)
        if ORDER.index(page) > place and "follow" not in sentence
    ]


@pytest.mark.parametrize("name", ORDER)
def test_what_is_needed_comes_first(name):
    """A reader from top to bottom meets nothing that a later chapter has to explain."""
    assert later(name, (ROOT / f"book/{name}.md").read_text()) == []


def test_model_stands_before_its_films_and_synthesis_after_the_physics():
    """The model is explained before chapters that use its films; flasks come late."""
    chapters = [ORDER.index(one) for one in ("memory_model", "power_dependence", "relaxation")]
    assert chapters == sorted(chapters)
    assert ORDER.index("samples") > ORDER.index("audit")
    assert ORDER.index("films") < ORDER.index("excitation_density")


@pytest.mark.parametrize(
    ("text", "missing"),
    [
        ("**Needs**: {doc}`films`.\n\n", []),
        ("**Needs**: {doc}`audit`.\n\n", ["audit"]),
        ("**Needs**: {doc}`films`. It quotes {doc}`audit`, which follows.\n\n", []),
        ("**Needs**: {doc}`audit`. That is what follows.\n\n", ["audit"]),
        ("No such line.", []),
    ],
)
def test_later_chapters_are_found(text, missing):
    """A chapter of a later place is reported, unless its sentence says that it follows."""
    assert later("heating", text) == missing
