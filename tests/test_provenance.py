"""Tests of tptools.provenance: what a result rests on changes its key, and nothing else does."""

import importlib
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import tptools
from tptools import film, provenance
from tptools.companion import make, paper
from tptools.kmc import simulate
from tptools.provenance import fingerprint, sources

FILES = {
    "__init__.py": '__version__ = "1"\nfrom toy.shown import draw\nGREETING = "hello"\n',
    "units.py": "NM = 1.0\nPM = 1e-3 * NM\n",
    "table.csv": "1,2\n",
    "unused.csv": "1,2\n",
    "shown.py": "def draw():\n    return 0\n",
    "types.py": "class Film:\n    thickness = 1\n\nclass Other:\n    thickness = 2\n",
    "deep/__init__.py": "from ..deep.model import run\nfrom toy.deep.rest import rest\n",
    "deep/model.py": """
from __future__ import annotations
from typing import TYPE_CHECKING
import toy
from toy import units

if TYPE_CHECKING:
    from toy.types import Film, Other

TABLE = "table.csv"
UNUSED = "unused.csv"

def run(film: Film):
    '''Run.'''
    from ..inner import helper
    return helper(), units.NM, toy.__version__, open(TABLE), film.thickness

if __name__ == "__main__":
    print(run)
""",
    "deep/rest.py": "def rest():\n    return 1\n",
    "inner.py": "def helper():\n    return 2\n\ndef beside():\n    return 3\n",
    "maker.py": """
import toy.deep
from toy.registry import entries, register

@register
def registered():
    return 1

def make():
    return toy.deep.run(), entries
""",
    "registry.py": "entries = []\nregister = entries.append\nentries.append(0)\n",
}
BEHIND_RUN = [
    "toy.__version__",
    "toy.deep.model.TABLE",
    "toy.deep.model.run",
    "toy.inner.helper",
    "toy.types.Film",
    "toy.units.NM",
    "toy/table.csv",
]
ALL_RUNS = {"simulate", "record", "found"}
BEHIND_MAKE = [
    *BEHIND_RUN,
    "toy.maker",
    "toy.maker.make",
    "toy.registry",
    "toy.registry.entries",
    "toy.registry.register",
]


MAKERS = {
    "simulate": simulate,
    "record": make._record,
    "found": make._calibrated,
    "ledger": paper._read,
    "films": film,
}


@pytest.fixture(scope="module")
def keys():
    """Give fingerprints of some makers of this package as it is."""
    return {name: fingerprint(one) for name, one in MAKERS.items()}


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


def test_names_are_followed_to_where_they_are_defined(toy):
    """Relative imports, ones inside functions, packages and types; not what stands beside."""
    assert list(sources(named("toy.deep.run"))) == BEHIND_RUN


def test_what_runs_on_import_counts_with_its_module(toy):
    """Bare statements count, and functions that a function of the package gets hold of."""
    make, file = named("toy.maker.make"), toy / "maker.py"
    assert sources(make).keys() == set(BEHIND_MAKE)
    before = fingerprint(make)
    file.write_text(FILES["maker.py"].replace("return 1", "return 2"))
    assert fingerprint(make) != before


def test_a_module_is_all_that_it_holds_and_passes_on(toy):
    """Asked for a package, everything behind its names counts."""
    found = sources(importlib.import_module("toy.deep"))
    assert {*BEHIND_RUN, "toy.deep.rest.rest"} <= found.keys()
    assert not [name for name in found if "shown" in name or "unused" in name]


@pytest.mark.parametrize(
    ("file", "old", "new", "changes"),
    [
        ("units.py", "NM = 1.0", "NM = 1.1", True),
        ("units.py", "PM = 1e-3", "PM = 1e-4", False),
        ("inner.py", "return 2", "return 4", True),
        ("inner.py", "return 3", "return 4", False),
        ("types.py", "thickness = 1", "thickness = 3", True),
        ("types.py", "thickness = 2", "thickness = 3", False),
        ("deep/model.py", "units.NM", "2 * units.NM", True),
        ("deep/model.py", "print(run)", "print(run, run)", False),
        ("table.csv", "1", "2", True),
        ("unused.csv", "1", "2", False),
        ("shown.py", "0", "1", False),
        ("deep/rest.py", "1", "2", False),
        ("deep/__init__.py", "rest import rest", "rest import rest as other", False),
        ("__init__.py", '"1"', '"2"', True),
        ("__init__.py", "hello", "good day", False),
    ],
)
def test_a_key_changes_just_with_what_is_behind_it(toy, file, old, new, changes):
    """Code and tables that a function reaches change its key, those beside them do not."""
    run = named("toy.deep.run")
    before = fingerprint(run)
    text = (toy / file).read_text()
    assert old in text
    (toy / file).write_text(text.replace(old, new))
    assert (fingerprint(run) != before) == changes


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
        changed.write("\nfrom toy.deep import made_up\n\ndef helper():\n    return made_up\n")
    run = named("toy.deep.model.run")
    with pytest.raises(ValueError, match=r"'made_up' is not found in 'toy\.deep'"):
        fingerprint(run)


def test_code_outside_a_package_is_refused(monkeypatch):
    """A function of a notebook has no module whose imports could be followed."""
    monkeypatch.setattr(sys.modules["__main__"], "__spec__", None)
    monkeypatch.setattr(named, "__module__", "__main__")
    with pytest.raises(ValueError, match="'__main__' must be a package"):
        fingerprint(named)


FORMS = {
    "a name that is given several times": (
        "import toy\nSIZE = 1\nSIZE += 1\nfor SIZE in (1, 2):\n    pass\n"
        "if SIZE:\n    def half(): return SIZE\ndef here(): return half()",
        ["toy.case", "toy.case.SIZE", "toy.case.half", "toy.case.here"],
    ),
    "notes and names beside others": (
        "first, (second, *rest) = 1, (2, 3)\nlength: float = 2\nunused: int\n"
        "def here(): return rest[0] + length",
        ["toy.case.first", "toy.case.here", "toy.case.length", "toy.case.rest", "toy.case.second"],
    ),
    "what an import does to others": (
        "from toy.units import NM\nknown = {}\nknown['NM'] = NM\nNM.wide = 1\n"
        "'''A text.'''\n...\ndef here(): return 1",
        ["toy.case", "toy.case.here", "toy.case.known", "toy.units.NM"],
    ),
    "modules under other names": (
        "import toy.deep.rest as other\nimport toy.units, toy.inner as inside\nimport math as m\n"
        "def here(): return other.rest(m.pi), toy.units.NM, inside",
        ["toy.case.here", "toy.deep.rest.rest", "toy.inner.*", "toy.units.NM"],
    ),
    "packages above and beside": (
        "from . import units as u\nfrom .deep import model\nfrom .deep.rest import rest as other\n"
        "async def here(): return u.PM, model.UNUSED, other",
        ["toy.case.here", "toy.deep.model.UNUSED", "toy.deep.rest.rest", "toy.units.NM",
         "toy.units.PM", "toy/unused.csv"],
    ),
    "types in quotes, and for checkers alone": (
        "import typing\nfrom typing import Literal\nif typing.TYPE_CHECKING:\n"
        "    from toy.types import Film as Layer, Other\n"
        "def here(layer: 'Layer', how: Literal['Other'] = 'Other') -> 'Layer | None': return layer",
        ["toy.case.here", "toy.types.Film", "toy.types.Other"],
    ),
    "imports that nobody names": (
        "def here():\n    from toy import registry as _\n    from toy.inner import beside\n",
        ["toy.case.here", "toy.inner.beside", "toy.registry", "toy.registry.*",
         "toy.registry.entries", "toy.registry.register"],
    ),
    "classes with what they are made of": (
        "from toy.types import Film\nclass Base(Film): pass\nclass Here(Base):\n"
        "    '''Text.'''\n    from toy.units import NM\n    size = NM\n"
        "def here(): return Here().size.real, (1).real",
        ["toy.case.Base", "toy.case.Here", "toy.case.here", "toy.types.Film", "toy.units.NM"],
    ),
    "what runs when others are imported": (
        "from toy import registry\ndef here(): return 1",
        ["toy.case.here", "toy.registry", "toy.registry.entries"],
    ),
    "what is imported for types, or later": (
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from toy import registry\n"
        "def later():\n    from toy import registry\ndef here(): return 1",
        ["toy.case.here"],
    ),
    "names of Python itself": (
        "import toy\ndef here(): return toy.__file__, toy.units.__name__, __name__",
        ["toy.case.here"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("form", FORMS)
def test_every_form_of_a_name_is_followed(toy, form):
    """To its definition, and to no other."""
    code, behind = FORMS[form]
    assert list(found(toy, code)) == behind


def found(toy, code):
    """Sources of the function ``here`` of a module with this code, which is not run."""
    (toy / "case.py").write_text(code)
    return sources(type("here", (), {"__module__": "toy.case", "__qualname__": "here"}))


def test_what_a_package_does_counts_with_its_modules(toy):
    """Also with those that are imported by others; a file by itself has nothing above."""
    (toy / "deep" / "__init__.py").write_text("known = {}\nknown[0] = 1\n")
    beside = found(toy, "from toy.deep.model import UNUSED\ndef here(): return 1")
    assert list(beside) == ["toy.case.here", "toy.deep", "toy.deep.known"]
    below = sources(named("toy.deep.rest.rest"))
    assert list(below) == ["toy.deep", "toy.deep.known", "toy.deep.rest.rest"]


def test_a_method_rests_on_its_class(toy):
    """Which may have others that it calls."""
    (toy / "case.py").write_text("class A:\n    def one(self): pass\n    class B: pass\n")
    case = named("toy.case.A")
    assert sources(case.one) == sources(case.B) == sources(case)
    assert list(sources(case)) == ["toy.case.A"]


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("from toy.units import *\ndef here(): return NM", r"import \* from 'toy\.units' hides"),
        ("from toy import gone\ndef here(): return gone", "'gone' is not found in 'toy'"),
        ("from toy.gone import NM\ndef here(): return NM", "'toy.gone' is imported and has no so"),
        ("import toy\ndef here(): return toy.units.gone", "'gone' is not found in 'toy.units'"),
    ],
)
def test_what_is_hidden_is_refused(toy, code, said):
    """By the name and the module that were sought."""
    with pytest.raises(ValueError, match=said):
        found(toy, code)


def test_two_packages_are_refused(toy):
    """One result is made by one package."""
    with pytest.raises(ValueError, match="must be one package"):
        fingerprint(simulate, named("toy.deep.run"))


@pytest.mark.parametrize(
    ("file", "old", "new", "changed"),
    [
        ("units.py", "FWHM_PER_SIGMA = ", "FWHM_PER_SIGMA = 1 * ", {"record", "found", "films"}),
        ("checks.py", "math.isnan(value)", "value != value", {*ALL_RUNS, "films"}),
        ("kmc/engine.py", "ACCEPTANCE_BITS = ", "ACCEPTANCE_BITS = 0 + ", ALL_RUNS),
        ("fitting/relaxation.py", "return ", "return 1 * ", {"found"}),
        ("companion/make.py", "N_TRAINS = 8", "N_TRAINS = 9", {"record"}),
        ("companion/recipes.py", "CURVE_LASERS = ", "CURVE_LASERS = () + ", {"found"}),
        ("companion/recipes.py", "RECIPES: ", "MORE = 1\nRECIPES: ", set()),
        ("companion/claims.csv", "id,", "id ,", {"ledger"}),
        ("films.toml", "=", " =", {"films"}),
        ("kmc/observables.py", "def ", "def more(): ...\ndef ", set()),
    ],
)
def test_keys_of_this_package(keys, copied, file, old, new, changed):
    """Real definitions and tables change the keys of what rests on them, and only those."""
    text = (copied / file).read_text()
    assert old in text
    (copied / file).write_text(text.replace(old, new, 1))
    after = {name: fingerprint(one) for name, one in MAKERS.items()}
    assert {name for name in MAKERS if keys[name] != after[name]} == changed


def test_every_module_of_this_package_can_be_traced(copied):
    """No import is hidden from the reader of sources, and every table is named by a module."""
    names = [path.relative_to(copied.parent) for path in sorted(copied.rglob("*.py"))]
    modules = [".".join(name.with_suffix("").parts).removesuffix(".__init__") for name in names]
    package, found = provenance._Package(copied), set()
    for module in modules:
        for part in package.parts_behind(module, ()).values():
            found |= package.files(part.strings).keys()
            for use in part.uses:
                package.parts_behind(*use)
    tables = {path for path in copied.rglob("*") if path.is_file() and path.suffix != ".py"}
    names = {path.relative_to(copied.parent).as_posix() for path in tables}
    assert names - {"tptools/py.typed"} == found
