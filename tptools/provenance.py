"""What a result was made by: a fingerprint of the code and the tables behind a function.

A result that is kept goes under a key of its inputs and of this fingerprint, so that none outlives
what made it. The sources are read, not run: imports are followed from module to module within the
package, also those inside functions. Names that a package only passes on are looked for where they
are defined. Comments and docstrings do not count.
"""

from __future__ import annotations

import ast
import hashlib
import sys
from collections.abc import Callable
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType

__all__ = ["fingerprint", "sources"]

LIBRARIES = ("numpy", "scipy", "numba")

Use = tuple[str, tuple[str, ...]]
"""A module and the attributes that are taken from it, one of the other."""


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
    True
    """
    parts = sources(*made_by) | {library: version(library) for library in LIBRARIES}
    return _hash(repr(sorted(parts.items())).encode())


def sources(*made_by: Callable[..., object] | ModuleType) -> dict[str, str]:
    """List the code and the tables that a function rests on, each with its hash.

    Parameters
    ----------
    *made_by : callable or module
        Functions, classes or modules of one package.

    Returns
    -------
    dict of str to str
        SHA-256 by name: of modules of the same package; of single constants that the
        ``__init__.py`` of a package assigns (its version); and of packaged files, such as tables,
        whose name stands in one of these modules. An ``__init__.py`` counts as a whole only where
        it defines what is used.

    Raises
    ------
    ValueError
        If something is of no package (a script, a notebook), or the sources do not say where an
        imported name is defined.

    Examples
    --------
    >>> from tptools.randomness import generator
    >>> list(sources(generator))
    ['tptools.checks', 'tptools.randomness']
    """
    names = {_module_name(one) for one in made_by}
    tops = {name.partition(".")[0] for name in names}
    if len(tops) != 1:
        raise ValueError(f"{sorted(names)} must be modules of one package")
    package = _Package(_folder(*tops))
    found: dict[str, str] = {}
    strings: set[str] = set()
    waiting = list(names)
    while waiting:
        name = waiting.pop()
        if name not in found:
            found[name], used, said = package.read(name)
            waiting += [package.home(*use) for use in used]
            strings |= said
    return dict(sorted((found | package.files(strings)).items()))


def _hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _module_name(thing: Callable[..., object] | ModuleType) -> str:
    """Importable name of a module, or of that in which a function or class is defined."""
    name = thing.__name__ if isinstance(thing, ModuleType) else thing.__module__
    if name != "__main__":
        return name
    spec = getattr(sys.modules[name], "__spec__", None)  # of ``python -m``
    return spec.name if spec else name


def _folder(package: str) -> Path:
    """Folder with the sources of a package, which need not be imported yet."""
    spec = find_spec(package) if package != "__main__" else None
    if spec is None or not spec.submodule_search_locations:
        raise ValueError(
            f"{package!r} must be a package: what a result is made by cannot be in a script or a "
            "notebook; put it in a module"
        )
    return Path(spec.submodule_search_locations[0])


class _Package:
    """Sources of a package by the names under which they are imported."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._modules: dict[str, _Module | None] = {}

    def module(self, name: str) -> _Module | None:
        """Source of a module; None where there is none of this name."""
        if name not in self._modules:
            stem = self.folder.joinpath(*name.split(".")[1:])
            paths = [stem / "__init__.py", stem.with_name(f"{stem.name}.py")]
            files = [path for path in paths if path.is_file()]
            self._modules[name] = _Module(name, files[0]) if files else None
        return self._modules[name]

    def home(self, name: str, attributes: tuple[str, ...] = ()) -> str:
        """Name of the module that defines an attribute of a module, or of a constant."""
        module = self.module(name)
        if module is None:
            raise ValueError(f"{name!r} is imported and has no source in {self.folder}")
        if not attributes or not module.is_package:
            return name
        first, *rest = attributes
        if first in module.passed_on:
            target, names = module.passed_on[first]
            return self.home(target, (*names, *rest))
        if first in module.constants:
            return f"{name}.{first}"
        if self.module(f"{name}.{first}"):
            return self.home(f"{name}.{first}", tuple(rest))
        if first in module.defined:
            return name
        raise ValueError(f"{first!r} is not found in {name!r}; import it from where it is defined")

    def read(self, name: str) -> tuple[str, set[Use], set[str]]:
        """Hash of a module or constant, with what it imports and the texts that stand in it."""
        module = self.module(name)
        if module is not None:
            return _hash(module.code.encode()), module.uses, module.strings
        parent, _, constant = name.rpartition(".")
        owner = self.module(parent)
        assert owner is not None, "found by `home`"
        return _hash(owner.constants[constant].encode()), set(), set()

    def files(self, names: set[str]) -> dict[str, str]:
        """Hashes of packaged files with one of these names."""
        paths = [path for path in self.folder.rglob("*") if path.name in names and path.is_file()]
        return {
            path.relative_to(self.folder.parent).as_posix(): _hash(path.read_bytes())
            for path in paths
            if path.suffix != ".py"
        }


class _Module(ast.NodeTransformer):
    """What the source of one module says."""

    def __init__(self, name: str, path: Path) -> None:
        self.name, self.is_package = name, path.name == "__init__.py"
        self._imports: list[tuple[str, Use]] = []
        self._for_types: list[tuple[str, Use]] = []
        self._chains: set[tuple[str, ...]] = set()
        self.strings: set[str] = set()
        tree = self.visit(ast.parse(path.read_bytes(), str(path)))
        self.code = ast.unparse(tree)
        self.constants = {
            target.id: ast.unparse(one)
            for one in tree.body
            if isinstance(one, ast.Assign) and isinstance(one.value, ast.Constant)
            for target in one.targets
            if isinstance(target, ast.Name)
        }
        self.defined = {getattr(one, "name", None) for one in tree.body} | {
            one.id for one in ast.walk(tree) if isinstance(one, ast.Name)
        }

    @property
    def uses(self) -> set[Use]:
        """What is taken from which module; all of one that is imported without a use."""
        used = {
            (module, (*names, *chain[1:]))
            for bound, (module, names) in self._imports
            for chain in self._chains
            if chain[0] == bound
        }
        named = {chain[0] for chain in self._chains}
        return used | {use for bound, use in self._imports if bound not in named}

    @property
    def passed_on(self) -> dict[str, Use]:
        """Imported names that others may import from here, its own submodules excepted."""
        imports = self._for_types + self._imports
        return {bound: use for bound, use in imports if use != (self.name, (bound,))}

    def visit_Import(self, node: ast.Import) -> ast.Import:
        """Keep what is imported of the package."""
        for one in node.names:
            top = one.name.partition(".")[0]
            if top == self.name.partition(".")[0]:
                use = (one.asname or top, (one.name if one.asname else top, ()))
                self._imports.append(use)
        return node

    def visit_ImportFrom(self, node: ast.ImportFrom) -> ast.ImportFrom:
        """Keep what is imported of the package, relative imports in full."""
        parents = self.name.split(".")
        cut = len(parents) - node.level + self.is_package
        base = ".".join([*(parents[:cut] if node.level else []), *filter(None, [node.module])])
        if base.partition(".")[0] == parents[0]:
            for one in node.names:
                names = () if one.name == "*" else (one.name,)
                self._imports.append((one.asname or one.name, (base, names)))
        return node

    def visit_If(self, node: ast.If) -> ast.AST:
        """Set aside what only a checker of types imports."""
        if ast.unparse(node.test) not in ("TYPE_CHECKING", "typing.TYPE_CHECKING"):
            return self.generic_visit(node)
        imports, self._imports = self._imports, []
        for one in node.body:
            self.visit(one)
        self._for_types, self._imports = self._for_types + self._imports, imports
        for one in node.orelse:
            self.visit(one)
        return node

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
        """Keep a chain of names such as ``fitting.profiles.fit_profiles`` as a whole."""
        chain, start = [node.attr], node.value
        while isinstance(start, ast.Attribute):
            chain.insert(0, start.attr)
            start = start.value
        if not isinstance(start, ast.Name):
            return self.generic_visit(node)
        self._chains.add((start.id, *chain))
        return node

    def visit_Name(self, node: ast.Name) -> ast.Name:
        """Keep a name without attributes."""
        self._chains.add((node.id,))
        return node

    def visit_Constant(self, node: ast.Constant) -> ast.Constant:
        """Keep texts: they may name files."""
        if isinstance(node.value, str):
            self.strings.add(node.value)
        return node

    def visit_Expr(self, node: ast.Expr) -> ast.AST | None:
        """Drop docstrings."""
        is_text = isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
        return None if is_text else self.generic_visit(node)
