"""Small faults that can be put into a source file, each in one place: what `mutants` draws from."""

from __future__ import annotations

import ast
import copy
import difflib
import warnings
from collections.abc import Iterator
from dataclasses import dataclass

BINARY: dict[type, type] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Div,
    ast.Mod: ast.Mult,
    ast.Pow: ast.Mult,
    ast.MatMult: ast.Mult,
    ast.LShift: ast.RShift,
    ast.RShift: ast.LShift,
    ast.BitAnd: ast.BitOr,
    ast.BitXor: ast.BitOr,
}
COMPARISONS: dict[type, type] = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
}
NAMES = {"min": "max", "max": "min", "any": "all", "all": "any"}
UNTOUCHED = ("annotation", "returns", "type_params")
"""Parts of a statement that only type checkers read."""
WORDS_OF_PROSE = 3
RANDOM_STREAMS = ("derive_seed", "generator", "seed_sequence")
ANY_VALUE = ("n_draws", "n_excitons", "n_resamples", "n_trains", "seed")
"""Arguments of simulations of which one number is as right as another."""


@dataclass(frozen=True)
class Mutation:
    """One fault: the lines that it is in, the source with it, and the lines that differ."""

    first_line: int
    last_line: int
    source: str
    diff: str


def mutations(source: str) -> list[Mutation]:
    r"""Find every fault that can be put into a source, in the order of the text.

    Arithmetic, comparisons and conditions change their operator, signs and ``not`` are left out,
    numbers grow by one or, if large, by a half, names and other short texts change, calls for their
    effect are dropped. Docstrings, messages, other prose, types and ``__all__`` stay as they are,
    and so do seeds, names of random streams and how much is simulated: others are as right.

    Parameters
    ----------
    source : str
        Of a module.

    Returns
    -------
    list of Mutation
        Each compiles.

    Examples
    --------
    >>> [found.diff for found in mutations("area = 2 * height")]
    ['- area = 2 * height\n+ area = (2 / height)', '- area = 2 * height\n+ area = 3 * height']
    """
    found = [
        Mutation(node.lineno, node.end_lineno or node.lineno, changed, _difference(source, changed))
        for node in _places(ast.parse(source))
        for changed in (_put(source, node, fault) for fault in _faults(node))
        if _compiles(changed)
    ]
    return sorted(found, key=lambda one: one.first_line)


def _places(node: ast.AST) -> Iterator[ast.expr | ast.stmt]:
    """Nodes below one in which a fault can be, and a program would notice."""
    if isinstance(node, ast.keyword) and _is_free(node):
        return
    if isinstance(node, ast.expr | ast.stmt):
        if _is_for_readers(node):
            return
        yield node
    if isinstance(node, ast.Dict):
        node = _without_labels(node)
    if isinstance(node, ast.Call):
        node = _without_names(node)
    if isinstance(node, ast.arguments):
        node = _without_free_defaults(node)
    for name, value in ast.iter_fields(node):
        if name not in UNTOUCHED:
            for child in value if isinstance(value, list) else [value]:
                if isinstance(child, ast.AST):
                    yield from _places(child)


def _without_labels(node: ast.Dict) -> ast.Dict:
    """Leave out of attributes the name that stands at an axis: prose, however short."""
    labels = [isinstance(key, ast.Constant) and key.value == "long_name" for key in node.keys]
    values = [value for value, label in zip(node.values, labels, strict=True) if not label]
    return ast.Dict(node.keys, values)


def _without_names(node: ast.Call) -> ast.Call:
    """Leave out the names of random streams."""
    if not (isinstance(node.func, ast.Name) and node.func.id in RANDOM_STREAMS):
        return node
    args = [arg for arg in node.args if not isinstance(getattr(arg, "value", None), str)]
    return ast.Call(node.func, args, node.keywords)


def _without_free_defaults(node: ast.arguments) -> ast.arguments:
    """Leave out defaults of which others are as right."""
    positional = [*node.posonlyargs, *node.args]
    last = positional[len(positional) - len(node.defaults) :]
    pairs = zip([*last, *node.kwonlyargs], [*node.defaults, *node.kw_defaults], strict=True)
    kept = [default for arg, default in pairs if default and arg.arg not in ANY_VALUE]
    return ast.arguments([], [], None, [], [], None, kept)


def _is_free(node: ast.keyword) -> bool:
    """Whether another value of an argument is as right, or (`strict` of zip) asserts what holds."""
    is_number = isinstance(node.value, ast.Constant) and type(node.value.value) is int
    return node.arg == "strict" or (is_number and node.arg in ANY_VALUE)


def _is_for_readers(node: ast.expr | ast.stmt) -> bool:
    """Whether only people or type checkers read it."""
    match node:
        case ast.Raise() | ast.JoinedStr() | ast.Import() | ast.ImportFrom():
            return True
        case ast.Expr(value=ast.Constant()):
            return True
        case ast.Assign(targets=[ast.Name(id="__all__")]):
            return True
        case ast.If(test=ast.Name(id="TYPE_CHECKING")):
            return True
        case ast.Subscript(value=ast.Name(id="Literal")):
            return True
        case ast.Call(
            func=ast.Attribute(attr="warn") | ast.Name(id="cast" | "ParamSpec" | "TypeVar")
        ):
            return True
        case ast.Constant(value=str(text)):
            return len(text.split()) >= WORDS_OF_PROSE
    return False


def _faults(node: ast.expr | ast.stmt) -> Iterator[ast.expr | ast.stmt]:
    """What one node can be replaced by."""
    match node:
        case ast.BinOp() | ast.AugAssign() if type(node.op) in BINARY:
            yield _with(node, op=BINARY[type(node.op)]())
        case ast.BoolOp():
            yield _with(node, op=ast.Or() if isinstance(node.op, ast.And) else ast.And())
        case ast.Compare():
            for i, one in enumerate(node.ops):
                ops = [*node.ops[:i], COMPARISONS[type(one)](), *node.ops[i + 1 :]]
                yield _with(node, ops=ops)
        case ast.UnaryOp(op=ast.USub() | ast.Not() | ast.Invert()):
            yield node.operand
        case ast.Name() if node.id in NAMES:
            yield _with(node, id=NAMES[node.id])
        case ast.Constant() if (value := _another(node.value)) is not None:
            yield ast.Constant(value)
        case ast.Expr(value=ast.Call()):
            yield ast.Pass()
        case ast.Break():
            yield ast.Continue()
        case ast.Continue():
            yield ast.Break()


def _with(node: ast.expr | ast.stmt, **changes: object) -> ast.expr | ast.stmt:
    changed = copy.copy(node)
    for name, value in changes.items():
        setattr(changed, name, value)
    return changed


def _another(value: object) -> bool | int | float | str | None:
    """Return another constant of the same type, or None where there is none."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, int | float):
        return value + max(1, value // 2)  # a start or a limit 1 % off is no fault
    return f"XX{value}XX" if isinstance(value, str) else None


def _put(source: str, node: ast.expr | ast.stmt, fault: ast.expr | ast.stmt) -> str:
    """Replace the text of one node, and leave all other text as it is."""
    lines = source.encode().splitlines(keepends=True)  # columns count bytes
    before = [*lines[: node.lineno - 1], lines[node.lineno - 1][: node.col_offset]]
    last = (node.end_lineno or node.lineno) - 1
    after = [lines[last][node.end_col_offset :], *lines[last + 1 :]]
    text = ast.unparse(fault)
    if not isinstance(fault, ast.stmt | ast.Constant | ast.Name):
        text = f"({text})"
    return b"".join([*before, text.encode(), *after]).decode()


def _difference(source: str, changed: str) -> str:
    """Lines that differ, without the space before them."""
    lines = difflib.unified_diff(source.splitlines(), changed.splitlines(), n=0, lineterm="")
    return "\n".join(f"{line[0]} {line[1:].strip()}" for line in lines if line[:3] not in SIGNS)


SIGNS = ("---", "+++", "@@ ")


def _compiles(source: str) -> bool:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SyntaxWarning)
        try:
            compile(source, "<mutant>", "exec")
        except SyntaxError:
            return False
    return True
