"""Tests of tptools.provenance: what a result rests on changes its key, and nothing else does."""

import importlib
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import tptools
from tptools import provenance
from tptools.companion import paper
from tptools.kmc import simulate, sweep
from tptools.provenance import fingerprint, sources
from tptools.randomness import generator

FILES = {
    "__init__.py": '__version__ = "1"\nfrom toy.shown import draw\nGREETING = "hello"\n',
    "units.py": "NM = 1.0\n",
    "table.csv": "1,2\n",
    "unused.csv": "1,2\n",
    "typing_only.py": "Name = str\n",
    "shown.py": "def draw():\n    return 0\n",
    "other.py": "def other():\n    return 0\n",
    "deep/__init__.py": "from toy.deep.model import run\nfrom toy.deep.rest import rest\n",
    "deep/model.py": """
from typing import TYPE_CHECKING
import toy
from toy import units

if TYPE_CHECKING:
    from toy.typing_only import Name

TABLE = "table.csv"

def run():
    '''Run.'''
    from ..inner import helper
    return helper(), units.NM, toy.__version__
""",
    "deep/rest.py": "def rest():\n    return 1\n",
    "inner.py": "def helper():\n    return 2\n",
    "maker.py": """
import toy.deep
from toy.other import *

def make():
    return toy.deep.run()
""",
}
BEHIND_RUN = ["toy.__version__", "toy.deep.model", "toy.inner", "toy.units", "toy/table.csv"]


@pytest.fixture
def toy(tmp_path, monkeypatch):
    """Give the folder of a small package that can be imported."""
    folder = tmp_path / "toy"
    for name, text in FILES.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    monkeypatch.syspath_prepend(tmp_path)
    yield folder
    for name in [name for name in sys.modules if name.partition(".")[0] == "toy"]:
        del sys.modules[name]


@pytest.fixture
def copied(tmp_path, monkeypatch):
    """Give a copy of the package's own sources, which are read from there."""
    folder = tmp_path / "tptools"
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(Path(tptools.__file__).parent, folder, ignore=ignored)
    monkeypatch.setattr(provenance, "_folder", lambda package: folder)
    return folder


def named(name):
    """Return a function or module by its dotted name."""
    module, _, attribute = name.rpartition(".")
    return getattr(importlib.import_module(module), attribute)


def test_imports_are_followed_to_where_names_are_defined(toy):
    """Relative ones, ones inside functions and whole packages; not those for types alone."""
    assert list(sources(named("toy.deep.run"))) == BEHIND_RUN
    assert list(sources(named("toy.maker.make"))) == sorted([*BEHIND_RUN, "toy.maker", "toy.other"])
    whole = sources(importlib.import_module("toy.deep"))
    assert list(whole) == sorted([*BEHIND_RUN, "toy.deep", "toy.deep.rest"])


@pytest.mark.parametrize(
    ("file", "changes"),
    [
        ("units.py", True),
        ("inner.py", True),
        ("deep/model.py", True),
        ("table.csv", True),
        ("unused.csv", False),
        ("typing_only.py", False),
        ("shown.py", False),
        ("deep/rest.py", False),
        ("deep/__init__.py", False),
    ],
)
def test_a_key_changes_just_with_what_is_behind_it(toy, file, changes):
    """Code and tables that a function reaches change its key, those beside them do not."""
    run = named("toy.deep.run")
    before = fingerprint(run)
    with (toy / file).open("a") as changed:
        changed.write("MORE = 1\n")
    assert (fingerprint(run) != before) == changes


def test_of_the_top_package_the_version_counts_alone(toy):
    """Another version makes another result, another greeting does not."""
    run, file = named("toy.deep.run"), toy / "__init__.py"
    before = fingerprint(run)
    file.write_text(FILES["__init__.py"].replace("hello", "good day"))
    assert fingerprint(run) == before
    file.write_text(FILES["__init__.py"].replace('"1"', '"2"'))
    assert fingerprint(run) != before


def test_what_a_reader_sees_does_not_count(toy):
    """Comments, docstrings and blank lines leave a result valid."""
    run, file = named("toy.deep.run"), toy / "deep" / "model.py"
    before = fingerprint(run)
    text = FILES["deep/model.py"].replace("'''Run.'''", "'''Run it all.'''  # quickly")
    file.write_text(text + "\n\n# the end\n")
    assert fingerprint(run) == before


def test_another_home_of_a_name_changes_the_key(toy):
    """A package that passes on another function of the same name is another source."""
    make = named("toy.maker.make")
    before = fingerprint(make)
    (toy / "deep" / "__init__.py").write_text("from toy.deep.rest import rest as run\n")
    assert fingerprint(make) != before


def test_libraries_count(toy, monkeypatch):
    """Another numpy may give another result."""
    run = named("toy.deep.run")
    before = fingerprint(run)
    monkeypatch.setattr(provenance, "version", lambda library: "0")
    assert fingerprint(run) != before


def test_a_module_run_as_a_program_is_the_same_module(toy):
    """``python -m`` finds the results that an import has made."""
    program = "from tptools.provenance import fingerprint\n\ndef make():\n    return 0\n"
    (toy / "__init__.py").write_text("")
    (toy / "program.py").write_text(
        program + '\nif __name__ == "__main__":\n    print(fingerprint(make))\n'
    )
    command = [sys.executable, "-m", "toy.program"]
    said = subprocess.run(
        command, cwd=toy.parent, capture_output=True, text=True, check=True, env=_paths(toy)
    )
    assert said.stdout.strip() == fingerprint(named("toy.program.make"))


def _paths(toy):
    return {"PYTHONPATH": f"{toy.parent}:{Path(tptools.__file__).parents[1]}"}


def test_names_that_cannot_be_traced_are_refused(toy):
    """Silence about a dependency would keep results that are no longer valid."""
    with (toy / "inner.py").open("a") as changed:
        changed.write("\nfrom toy.deep import made_up\n")
    run = named("toy.deep.model.run")
    with pytest.raises(ValueError, match=r"'made_up' is not found in 'toy\.deep'"):
        fingerprint(run)


def test_code_outside_a_package_is_refused(monkeypatch):
    """A function of a notebook has no module whose imports could be followed."""
    monkeypatch.setattr(sys.modules["__main__"], "__spec__", None)
    monkeypatch.setattr(named, "__module__", "__main__")
    with pytest.raises(ValueError, match="'__main__' must be a package"):
        fingerprint(named)


def test_two_packages_are_refused(toy):
    """One result is made by one package."""
    with pytest.raises(ValueError, match="modules of one package"):
        fingerprint(simulate, named("toy.deep.run"))


@pytest.mark.parametrize(
    ("file", "changed"),
    [
        ("units.py", {"simulate", "sweep"}),
        ("checks.py", {"simulate", "sweep", "generator"}),
        ("kmc/engine.py", {"simulate", "sweep"}),
        ("kmc/sweep.py", {"sweep"}),
        ("kmc/observables.py", set()),
        ("companion/claims.csv", {"paper"}),
        ("companion/recipes.py", set()),
    ],
)
def test_keys_of_this_package(copied, file, changed):
    """Real modules and tables change the keys of what rests on them, and only those."""
    functions = {"simulate": simulate, "sweep": sweep, "generator": generator, "paper": paper}
    before = {name: fingerprint(one) for name, one in functions.items()}
    with (copied / file).open("a") as opened:
        opened.write("MORE = 1\n")
    after = {name: fingerprint(one) for name, one in functions.items()}
    assert {name for name in functions if before[name] != after[name]} == changed


def test_every_module_of_this_package_can_be_traced(copied):
    """No import is hidden from the reader of sources, and every table is named by a module."""
    names = [path.relative_to(copied.parent) for path in sorted(copied.rglob("*.py"))]
    modules = [".".join(name.with_suffix("").parts).removesuffix(".__init__") for name in names]
    package = provenance._Package(copied)
    said = set()
    for module in modules:
        _, uses, strings = package.read(module)
        assert all(package.home(*use) for use in uses)
        said |= strings
    tables = {path.name for path in copied.rglob("*") if path.is_file() and path.suffix != ".py"}
    assert tables - {"py.typed"} <= said
