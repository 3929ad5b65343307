"""The reference of the package: every public name is on its pages, once, and says all it has to."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields, is_dataclass
from pathlib import Path
from types import ModuleType, UnionType

import tptools
from tptools.checks import check_number

ROOT = Path(__file__).resolve().parent.parent
PAGES = sorted((ROOT / "book" / "api").glob("*.md"))
CHECK = re.compile(r"^ +(raise \w|check_\w+\()", re.MULTILINE)
DIRECTIVE = re.compile(r"^\.\. automodule:: (\S+)\n   :members:$", re.MULTILINE)


def public_modules() -> dict[str, ModuleType]:
    """Modules that have an ``__all__``; the others are parts of their package."""
    found = pkgutil.walk_packages(tptools.__path__, "tptools.")
    modules = [importlib.import_module(one.name) for one in found]
    return {one.__name__: one for one in modules if hasattr(one, "__all__")}


MODULES = public_modules()
DIRECTIVES = [name for page in PAGES for name in DIRECTIVE.findall(page.read_text())]
SHOWN = [name for name in DIRECTIVES if name in MODULES]


def public() -> dict[str, object]:
    """Public functions and classes, each under one name."""
    named = {
        id(getattr(module, name)): (f"{module.__name__}.{name}", getattr(module, name))
        for module in reversed(MODULES.values())
        for name in module.__all__
    }
    objects = dict(sorted(named.values(), key=lambda pair: pair[0]))
    return {k: v for k, v in objects.items() if inspect.isclass(v) or inspect.isroutine(v)}


PUBLIC = public()


def methods(cls: type) -> Iterator[tuple[str, Callable]]:
    """Public methods that a class defines itself, without properties."""
    for name, value in vars(cls).items():
        function = getattr(value, "__func__", value)
        if not name.startswith("_") and inspect.isfunction(function):
            yield name, function


def section(doc: str, title: str) -> str:
    """Text of a section of a numpydoc docstring, empty if there is none."""
    found = re.search(rf"^{title}\n-+\n(.*?)(?=^\S+\n-+\n|\Z)", doc, re.MULTILINE | re.DOTALL)
    return found.group(1) if found else ""


def undescribed(doc: str, names: list[str]) -> list[str]:
    """List the names that have no entry under Parameters."""
    heads = re.findall(r"^(\S[^:\n]*)", section(doc, "Parameters"), re.MULTILINE)
    described = {name.strip(" *") for head in heads for name in head.split(",")}
    return [f"parameter {name}" for name in names if name not in described]


def gaps(function: Callable) -> list[str]:
    """List what the docstring of a function or method leaves out."""
    doc = inspect.getdoc(function) or ""
    function = inspect.unwrap(function)
    names = [name for name in inspect.signature(function).parameters if name not in ("self", "cls")]
    missing = undescribed(doc, names)
    returns = function.__annotations__.get("return")
    if returns not in (None, "None") and not section(doc, "Returns") + section(doc, "Yields"):
        missing.append("Returns")
    if CHECK.search(inspect.getsource(function)) and not section(doc, "Raises"):
        missing.append("Raises")
    return missing


def class_gaps(cls: type) -> list[str]:
    """List what the docstring of a class leaves out, and what those of its methods do."""
    doc = inspect.getdoc(cls) or ""
    names = [one.name for one in fields(cls) if one.init] if is_dataclass(cls) else []
    missing = undescribed(doc, names)
    checks = vars(cls).get("__post_init__")
    if checks and CHECK.search(inspect.getsource(checks)) and not section(doc, "Raises"):
        missing.append("Raises")
    missing += [f"{name}: {gap}" for name, one in methods(cls) for gap in gaps(one)]
    properties = ((k, v) for k, v in vars(cls).items() if isinstance(v, property))
    return missing + [f"{k}: docstring" for k, v in properties if not (k[0] == "_" or v.__doc__)]


def needs_example(name: str, thing: object) -> bool:
    """Whether an example is due: not of a figure, nor of a class that only holds what it gets."""
    if inspect.isclass(thing):
        return "__post_init__" in vars(thing) or any(methods(thing))
    return not name.startswith("tptools.companion.figures.")


def test_every_public_module_is_shown():
    """The pages hold every public module, but for those whose names their package exports."""
    covered = {id(getattr(MODULES[m], n)) for m in SHOWN for n in MODULES[m].__all__}
    missing = {
        f"{module}.{name}"
        for module, one in MODULES.items()
        for name in one.__all__
        if id(getattr(one, name)) not in covered
        and not isinstance(getattr(one, name), UnionType)  # a name for other types
    }
    assert missing == set(), "add an automodule directive to a page in book/api"


def test_nothing_is_shown_twice():
    """A module stands on one page, and no function or class in two modules."""
    assert [name for name, count in Counter(SHOWN).items() if count > 1] == []
    shown = [getattr(MODULES[m], n) for m in SHOWN for n in MODULES[m].__all__]
    things = (one for one in shown if inspect.isclass(one) or inspect.isroutine(one))
    assert [one for one, count in Counter(things).items() if count > 1] == []


def test_modules_say_what_they_are():
    """Every public module has a docstring, and every name that it promises."""
    assert [name for name, one in MODULES.items() if not (one.__doc__ or "").strip()] == []
    promised = [(one, name) for one in MODULES.values() for name in one.__all__]
    assert [f"{one.__name__}.{name}" for one, name in promised if not hasattr(one, name)] == []


def test_docstrings_are_complete():
    """Parameters, returned values and errors of all that is public are described."""
    found = {k: (class_gaps if inspect.isclass(v) else gaps)(v) for k, v in PUBLIC.items()}
    assert {name: missing for name, missing in found.items() if missing} == {}


def has_example(thing: object) -> bool:
    """Whether a function, or a class with its methods, shows how it is called."""
    members = vars(thing).values() if inspect.isclass(thing) else ()
    return any(section(inspect.getdoc(one) or "", "Examples") for one in (thing, *members))


def test_docstrings_have_examples():
    """All that computes or describes something shows how it is called."""
    due = [name for name, thing in PUBLIC.items() if needs_example(name, thing)]
    assert [name for name in due if not has_example(PUBLIC[name])] == []


def bare(power_nW: float, rate: float = 1) -> float:
    """Multiply.

    Parameters
    ----------
    power_nW : float
        One factor.
    """
    check_number("power_nW", power_nW, above=0)
    return power_nW * rate


def test_gaps_are_found():
    """A parameter, a returned value and an error that no section names are reported."""
    assert gaps(bare) == ["parameter rate", "Returns", "Raises"]

    @dataclass
    class Bare:
        """Something.

        Parameters
        ----------
        a, b : float
            Two numbers.
        """

        a: float
        b: float
        c: float

        def __post_init__(self) -> None:
            check_number("a", self.a)

        def total(self) -> float:
            """Sum."""
            return self.a + self.b

        @property
        def half(self):
            return self.a / 2

    assert class_gaps(Bare) == ["parameter c", "Raises", "total: Returns", "half: docstring"]
