"""What a result was made by: a fingerprint of the code and the tables behind a function.

A result that is kept goes under a key of its inputs and of this fingerprint, so that none outlives
what made it. The sources are read, not run. From a function on, every name that its code or its
types mention is followed to the statement that defines it, through all imports within the package.
Comments and docstrings do not count.

What types do not say cannot be followed: a class counts if it is named, in code or in a type, on
the way to the object that is used. Statements of a module that define nothing, and functions that
another one of the package decorates, count with every module whose import imports theirs.
"""

from __future__ import annotations

import ast
import hashlib
import sys
from collections import defaultdict
from collections.abc import Callable, Iterable, Set
from dataclasses import dataclass
from functools import cache, cached_property
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType

__all__ = ["fingerprint", "script_sources", "sources"]

LIBRARIES = ("numpy", "scipy", "numba")
FOR_TYPES = ("TYPE_CHECKING", "typing.TYPE_CHECKING")
DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
AS_PROGRAM = "__name__ == '__main__'"

Names = tuple[str, ...]
Use = tuple[str, Names]
"""A module and the attributes that are taken from it, each from the one before."""


def fingerprint(*made_by: Callable[..., object] | ModuleType) -> str:
    """Hash what a result depends on beside its inputs.

    Parameters
    ----------
    *made_by : callable or module
        What made it.

    Returns
    -------
    str
        SHA-256 of `sources` and of the versions of numpy, scipy and numba.

    Raises
    ------
    ValueError
        As for `sources`.

    Examples
    --------
    >>> from tptools.checks import check_choice, check_number
    >>> fingerprint(check_number) == fingerprint(check_choice)
    False
    """
    parts = sources(*made_by) | {library: version(library) for library in LIBRARIES}
    return _hash(repr(sorted(parts.items())).encode())


def sources(*made_by: Callable[..., object] | ModuleType) -> dict[str, str]:
    """List the code and the tables that a function rests on, each with its hash.

    Parameters
    ----------
    *made_by : callable or module
        Functions, classes or whole modules of one package.

    Returns
    -------
    dict of str to str
        SHA-256 by name: of functions, classes and constants of the same package; of what its
        modules do when they are imported, by the name of the module; and of packaged files, such
        as tables, whose name stands in one of these.

    Raises
    ------
    ValueError
        If something is of no package (a script, a notebook), or the sources do not say where an
        imported name is defined.

    Examples
    --------
    >>> from tptools.randomness import derive_seed
    >>> [name for name in sources(derive_seed) if "seed" in name]
    ['tptools.randomness.derive_seed', 'tptools.randomness.seed_sequence']
    """
    uses = [_use(one) for one in made_by]
    tops = {module.partition(".")[0] for module, _ in uses}
    if len(tops) != 1:
        raise ValueError(f"{sorted(tops)} must be one package: a result has one maker")
    package = _Package(_folder(*tops))
    return package.sources({k: v for use in uses for k, v in package.parts_behind(*use).items()})


def script_sources(code: str, package: str) -> dict[str, str]:
    """List what a script or a notebook takes from a package, each with its hash.

    Parameters
    ----------
    code : str
        All of the script; of a notebook, its code cells joined by newlines.
    package : str
        Name of the package.

    Returns
    -------
    dict of str to str
        As `sources` gives them, and the script itself.

    Raises
    ------
    ValueError
        If there is no such package, or its sources do not say where an imported name is defined.

    Examples
    --------
    >>> list(script_sources("from tptools import units; print(units.CM_PER_NM)", "tptools"))
    ['tptools.<script>', 'tptools.units.CM_PER_NM']
    """
    behind = _Package(_folder(package))
    script = behind.add(f"{package}.<script>", code)
    return behind.sources({script.name: script.part(script.statements)})


def _hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _use(thing: Callable[..., object] | ModuleType) -> Use:
    """Module in which something is defined, as it is imported, and its name there."""
    if isinstance(thing, ModuleType):
        return thing.__name__, ()
    module = thing.__module__
    if module == "__main__":
        spec = getattr(sys.modules[module], "__spec__", None)  # of ``python -m``
        module = spec.name if spec else module
    return module, (thing.__qualname__.partition(".")[0],)


def _folder(package: str) -> Path:
    """Folder with the sources of a package, which need not be imported yet."""
    spec = find_spec(package) if package != "__main__" else None
    if spec is None or not spec.submodule_search_locations:
        raise ValueError(
            f"{package!r} must be a package: what a result is made by cannot be in a script or a "
            "notebook; put it in a module"
        )
    return Path(spec.submodule_search_locations[0])


@dataclass(frozen=True)
class _Part:
    """Statements that count together."""

    code: str
    strings: frozenset[str]
    uses: tuple[Use, ...]


class _Package:
    """Sources of a package by the names under which they are imported."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._modules: dict[str, _Module | None] = {}
        self._effects: dict[str, dict[str, _Part]] = {}
        self._behind: dict[Use, dict[str, _Part]] = {}
        self._tables: dict[str, list[Path]] = defaultdict(list)
        for path in folder.rglob("*"):
            if path.suffix != ".py" and path.is_file():
                self._tables[path.name].append(path)

    def sources(self, parts: dict[str, _Part]) -> dict[str, str]:
        """Hashes of some parts and of all parts behind them."""
        found: dict[str, str] = {}
        waiting = dict(parts)
        while waiting:
            name, part = waiting.popitem()
            if name not in found:
                behind = {use: self.parts_behind(*use) for use in sorted(set(part.uses))}
                # the same code is another one if a name in it means something else
                meaning = [(use, *parts) for use, parts in behind.items()]
                found[name] = _hash(repr((part.code, meaning)).encode())
                found |= self.files(part.strings)
                waiting |= {name: one for parts in behind.values() for name, one in parts.items()}
        return dict(sorted(found.items()))

    def add(self, name: str, code: str) -> _Module:
        """Read code that stands in no file as a module of the package."""
        self._modules[name] = module = _Module(name, code)
        return module

    def module(self, name: str) -> _Module | None:
        """Source of a module; None where there is none of this name."""
        if name not in self._modules:
            stem = self.folder.joinpath(*name.split(".")[1:])
            paths = [stem / "__init__.py", stem.with_name(f"{stem.name}.py")]
            files = [path for path in paths if path.is_file()]
            self._modules[name] = _read(name, files[0]) if files else None
        return self._modules[name]

    def parts_behind(self, name: str, attributes: Names) -> dict[str, _Part]:
        """Parts that define an attribute of a module, or make up all of it, by their name."""
        use = name, attributes
        if use not in self._behind:
            self._behind[use] = self._find(name, attributes)
        return self._behind[use]

    def _find(self, name: str, attributes: Names) -> dict[str, _Part]:
        module = self.module(name)
        if module is None:
            raise ValueError(f"{name!r} is imported and has no source in {self.folder}")
        found = dict(self.effects_of_import(name))
        if not attributes:
            return found | {f"{name}.*": module.part(module.statements, with_imports=True)}
        first, *rest = attributes
        targets = [use for use in module.imported.get(first, []) if use != (name, (first,))]
        if first in module.defined:
            found[f"{name}.{first}"] = module.part_of(first)
        for target, names in targets:
            found |= self.parts_behind(target, (*names, *rest))
        if first in module.defined or targets or first.startswith("__"):
            return found
        if self.module(f"{name}.{first}"):
            found |= self.parts_behind(f"{name}.{first}", tuple(rest))
        else:
            raise ValueError(f"{first!r} is not found in {name!r}; import it from where it is")
        return found

    def effects_of_import(self, name: str) -> dict[str, _Part]:
        """Parts that run when a module is imported, in it and in all that it imports in turn."""
        if name not in self._effects:
            seen, new = {name}, {name}
            while new:
                modules = [one for one in map(self.module, new) if one]
                new = set().union(*(one.loads for one in modules)) - seen
                seen |= new
            loaded = [one for one in map(self.module, sorted(seen)) if one]
            self._effects[name] = {one.name: one.effects_part for one in loaded if one.effects}
        return self._effects[name]

    def files(self, names: Set[str]) -> dict[str, str]:
        """Hashes of packaged files with one of these names."""
        return {
            path.relative_to(self.folder.parent).as_posix(): _hash(path.read_bytes())
            for name in names & self._tables.keys()
            for path in self._tables[name]
        }


class _Module:
    """Statements of one module by the names that they define."""

    def __init__(self, name: str, code: str | bytes, *, is_package: bool = False) -> None:
        self.name = name
        self.statements: list[_Statement] = []
        self.defined: dict[str, list[_Statement]] = defaultdict(list)
        self.imported: dict[str, list[Use]] = defaultdict(list)
        self._parts: dict[str, _Part] = {}
        for node in ast.parse(code).body:
            if not (isinstance(node, ast.If) and ast.unparse(node.test) == AS_PROGRAM):
                self._add(_Statement(node, name, is_package))
        # statements that count with all others, for they change what others mean
        own = {*self.imported, *self.defined}
        self.effects = [one for one in self.statements if one.has_effect or one.decorators & own]
        self.effects_part = self.part(self.effects)

    def _add(self, statement: _Statement) -> None:
        self.statements.append(statement)
        for name in statement.defines:
            self.defined[name].append(statement)
        if not statement.is_definition:
            for name, uses in statement.imported.items():
                self.imported[name] += uses

    @cached_property
    def loads(self) -> set[str]:
        """Names of what may be modules, and is imported whenever the module is."""
        run = [one for one in self.statements if not (one.is_definition or one.is_for_types)]
        uses = {use for one in run for several in one.imported.values() for use in several}
        names = {".".join((module, *names[:length])) for module, names in uses for length in (0, 1)}
        above = self.name.rpartition(".")[0]
        return names | ({above} if above else set())

    def part_of(self, name: str) -> _Part:
        """Statements that define a name."""
        if name not in self._parts:
            self._parts[name] = self.part(self.defined[name])
        return self._parts[name]

    def part(self, statements: list[_Statement], *, with_imports: bool = False) -> _Part:
        """Statements with all that they take from here and from elsewhere."""
        uses = [use for one in statements for use in self._uses_of(one)]
        if with_imports:
            uses += [use for several in self.imported.values() for use in several]
        strings = frozenset().union(*(one.strings for one in statements))
        return _Part("\n".join(one.code for one in statements), strings, tuple(uses))

    def _uses_of(self, statement: _Statement) -> list[Use]:
        """What is named in a statement, and what it imports without naming it."""
        uses: list[Use] = []
        for root, *rest in statement.chains:
            own = [(self.name, (root,))] if root in self.defined else []
            taken = self.imported.get(root, []) + statement.imported.get(root, [])
            uses += own + [(module, (*names, *rest)) for module, names in taken]
        named = {root for root, *_ in statement.chains}
        unnamed = statement.imported.keys() - named if statement.is_definition else ()
        return uses + [use for name in unnamed for use in statement.imported[name]]


def _read(name: str, path: Path) -> _Module:
    return _parse(name, path.read_bytes(), path.name == "__init__.py")


@cache
def _parse(name: str, code: bytes, is_package: bool) -> _Module:
    """Module of a file; by its content, for many results rest on the same ones."""
    return _Module(name, code, is_package=is_package)


class _Statement(ast.NodeTransformer):
    """What one statement of a module defines, imports and mentions."""

    def __init__(self, node: ast.stmt, module: str, in_package: bool) -> None:
        self._parents = module.split(".") if in_package else module.split(".")[:-1]
        self._top = module.partition(".")[0]
        self.imported: dict[str, list[Use]] = defaultdict(list)
        self.chains: set[Names] = set()
        self.strings: set[str] = set()
        self.is_definition = isinstance(node, DEFINITIONS)
        self.is_for_types = isinstance(node, ast.If) and ast.unparse(node.test) in FOR_TYPES
        self.defines = set(_defined_names(node))
        decorators = getattr(node, "decorator_list", [])
        self.decorators = {
            one.id for each in decorators for one in ast.walk(each) if isinstance(one, ast.Name)
        }
        kept = self.visit(node)
        self.code = ast.unparse(kept) if kept else ""
        self.has_effect = bool(kept) and not (
            self.is_definition or self.is_for_types or _only_names(node)
        )

    def visit_Import(self, node: ast.Import) -> ast.Import:
        """Keep what is imported of the package."""
        for one in node.names:
            top = one.name.partition(".")[0]
            if top == self._top:
                self.imported[one.asname or top].append((one.name if one.asname else top, ()))
        return node

    def visit_ImportFrom(self, node: ast.ImportFrom) -> ast.ImportFrom:
        """Keep what is imported of the package, relative imports in full."""
        start = self._parents[: len(self._parents) + 1 - node.level] if node.level else []
        base = ".".join([*start, *filter(None, [node.module])])
        if base.partition(".")[0] == self._top:
            for one in node.names:
                if one.name == "*":
                    raise ValueError(f"import * from {base!r} hides what is used; import names")
                self.imported[one.asname or one.name].append((base, (one.name,)))
        return node

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
        """Keep a chain of names such as ``fitting.profiles.fit_profiles`` as a whole."""
        chain, start = [node.attr], node.value
        while isinstance(start, ast.Attribute):
            chain.insert(0, start.attr)
            start = start.value
        if not isinstance(start, ast.Name):
            return self.generic_visit(node)
        self.chains.add((start.id, *chain))
        return node

    def visit_Name(self, node: ast.Name) -> ast.Name:
        """Keep a name without attributes."""
        self.chains.add((node.id,))
        return node

    def visit_Constant(self, node: ast.Constant) -> ast.Constant:
        """Keep texts: they may name files, or types."""
        if isinstance(node.value, str):
            self.strings.add(node.value)
            self.chains.add((node.value,))
        return node

    def visit_Expr(self, node: ast.Expr) -> ast.AST | None:
        """Drop docstrings."""
        is_text = isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
        return None if is_text else self.generic_visit(node)


def _defined_names(node: ast.stmt) -> Iterable[str]:
    """Names that a statement of a module gives a meaning, imports excepted."""
    if isinstance(node, DEFINITIONS):
        return [node.name]
    if isinstance(node, ast.Import | ast.ImportFrom | ast.Expr):
        return []
    inside = [one for target in _targets(node) for one in ast.walk(target)]
    names = [one for one in inside if isinstance(one, ast.Name)]
    stored = [one.id for one in names if isinstance(one.ctx, ast.Store)]
    return stored + [one.name for one in inside if isinstance(one, DEFINITIONS)]


def _targets(node: ast.stmt) -> Iterable[ast.AST]:
    """Where a statement may give names a meaning: left of an equals sign, or anywhere in it."""
    if isinstance(node, ast.Assign):
        return node.targets
    return [node.target if isinstance(node, ast.AnnAssign | ast.AugAssign) else node]


def _only_names(node: ast.stmt) -> bool:
    """Whether a statement does no more than to give names."""
    if isinstance(node, ast.Assign | ast.AnnAssign):
        inside = [one for target in _targets(node) for one in ast.walk(target)]
        return not any(isinstance(one, ast.Attribute | ast.Subscript) for one in inside)
    return isinstance(node, ast.Import | ast.ImportFrom)
