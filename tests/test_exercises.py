"""The exercises at the ends of chapters: there, and of calls that exist."""

from __future__ import annotations

import ast
import re
import shlex
from pathlib import Path

import pytest
from test_try_chapter import TRIALS
from try_chapter import parameters, parse

import tptools
from tptools.exploration import CHANGEABLE
from tptools.film import FILMS

ROOT = Path(__file__).resolve().parent.parent
PAGES = {path.stem: path.read_text() for path in sorted((ROOT / "book").glob("*.md"))}
WITHOUT = {"intro", "claims", "status"}
CHAPTERS = sorted(
    name for name, text in PAGES.items() if "kernelspec:" in text and name not in WITHOUT
)
BOX = re.compile(r":::\{admonition\} Try\n:class: tip\n\n(.*?)\n:::\n?\Z", re.DOTALL)
TRIED = re.compile(r'(?:make try CHAPTER=(\w+)\s+)?SET="([^"]+)"')
EXPLORED = re.compile(r"tptools\.explore\((?:[^()]|\([^()]*\))*\)")


@pytest.mark.parametrize("name", CHAPTERS)
def test_chapter_ends_with_something_to_try(name):
    """Two or three exercises are the last that a chapter says."""
    (box,) = BOX.findall(PAGES[name])
    assert 2 <= len(re.findall(r"^- ", box, re.MULTILINE)) <= 3


@pytest.mark.parametrize("name", PAGES)
def test_trials_that_pages_propose_can_be_made(name):
    """Every setting is one of a parameter of the chapter that is named, or of the page itself."""
    for chapter, settings in TRIED.findall(PAGES[name]):
        known = parameters(TRIALS[chapter or name])
        assert parse(shlex.split(settings), known)


@pytest.mark.parametrize("name", PAGES)
def test_explorations_that_pages_propose_can_be_made(name):
    """Films and numbers of a call of `tptools.explore` are those that it takes."""
    options = {"seed", "photons", "n_excitons", "microscope", *CHANGEABLE}
    for call in EXPLORED.findall(PAGES[name]):
        tree = ast.parse(call, mode="eval").body
        assert tree.args[0].value in FILMS
        assert {one.arg for one in tree.keywords} <= options
        for one in tree.args[1:]:
            if isinstance(one, ast.Call):
                tptools.Excitation(
                    *map(ast.literal_eval, one.args),
                    **{key.arg: ast.literal_eval(key.value) for key in one.keywords},
                )


def test_proposals_are_found():
    """The pages do propose trials and explorations, so that the tests above see some."""
    text = "\n".join(PAGES.values())
    assert len(TRIED.findall(text)) > 10
    assert len(EXPLORED.findall(text)) > 5
