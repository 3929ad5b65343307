"""What all chapters do with what they found: numbers for the text, and tables.

In a notebook that imports this module all tables are set in type: by `typeset`, and with symbols in
italics.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Mapping
from numbers import Integral, Real
from types import ModuleType
from typing import Any

import pandas as pd

from tptools.checks import check_type
from tptools.companion.claims.ledger import judged_by
from tptools.estimate import Estimate

__all__ = ["HEADS", "glue", "table", "typeset", "verdicts"]

HEADS = {
    "limit_cm2_s": "limit (cm²/s)",
    "highest_cm2_s": "highest D (cm²/s)",
    "tau_us": "fitted time (µs)",
    "memory_us": "memory (µs)",
    "constant_power_ratio": "largest over smallest D at 5 nW, 1 to 20 MHz",
    "slow_ratio": "D at 0.5 MHz over that at higher rates, 5 nW",
    "rise_with_rate": "D at a higher over a lower rate, least",
    "rise_with_fluence": "D at a higher over a lower fluence, least",
    "hop_rate_ground_per_ps": "hop rate to a resting neighbour (1/ps)",
    "hop_rate_modified_per_ps": "hop rate to a modified neighbour (1/ps)",
    "relaxation_time_us": "memory (µs)",
    "modification_probability": "chance that a visit modifies",
    "n_layers": "layers",
    "lifetime_ns": "lifetime (ns)",
    "trap_rate_per_ps": "trapping (1/ps)",
    "spot_fwhm_nm": "spot, FWHM (nm)",
    "peak_over_disc": "⟨N⟩ at the centre over that of the disc",
    "projection": "detector cuts the image (0) or collects a column (1)",
}
"""What a table says in words where the code has a name."""

_UNITS = {
    "cm2/s": "cm²/s", "cm2_s": "cm²/s", "m2/s": "m²/s", "m2_s": "m²/s", "nm2": "nm²",
    "uJ/cm2": "µJ/cm²", "uJ_cm2": "µJ/cm²", "W/cm2": "W/cm²", "W_cm2": "W/cm²",
    "per_ps": "1/ps", "ps-1": "1/ps", "per_eV": "1/eV", "eV-1": "1/eV", "cm-1": "1/cm",
    "us": "µs", "um": "µm", "uM": "µM",
    **{unit: unit for unit in ("ps", "ns", "s", "nm", "nW", "MHz", "K", "meV", "eV", "mL", "mmol")},
}  # fmt: skip
_NAMES = {"excitation_density": "⟨N⟩", "std_err": "error", "bias_err": "error of bias"}
_NUMBER = r"[-−+]?(?:\d+\.?\d*(?:e[-+]?\d+)?|inf|nan)"
_QUANTITY = re.compile(rf"({_NUMBER}(?: ± {_NUMBER})?)(?: (\S+))?")
_RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
_SYMBOL = re.compile(r"(?<![\w&;./-])([DTNqpτσχ])(?![\w;./-])")


def glue(values: Mapping[str, str | float | Estimate] | None = None, /, **more: Any) -> None:
    """Make values available to the text: ``{glue:text}`key``` shows them there.

    Parameters
    ----------
    values : mapping of str to str, float or Estimate, optional
        By key. Texts and numbers are shown as they are, or numbers by a format in the role, such
        as ``{glue:text}`key:.3f```. An Estimate is shown without its unit, which the text has to
        say.
        A key that begins with ``D``, ``T``, ``tau``, ``limit``, ``critical``, ``memory`` or
        ``lifetime`` stands for one number in all chapters.
    **more
        The same, for keys that are names in Python.

    Raises
    ------
    TypeError
        If a value is of another type.

    Examples
    --------
    ::

        glue({"tau-slices": fit["tau_us"], "tau-paper": REPORTED["main-tau-relax"].printed})
    """
    # the package works without the book's tools
    from myst_nb import glue as store

    for key, value in {**(values or {}), **more}.items():
        store(key, _shown(key, value), display=False)


def table(
    rows: Mapping[Any, Mapping[Any, object]] | pd.DataFrame, spec: str | Mapping[Any, str] = ".4g"
) -> pd.DataFrame:
    """Write results as a table of text, set in type by `typeset`.

    Parameters
    ----------
    rows : mapping of mappings, or DataFrame
        By the label of a row, then by the head of a column.
    spec : str or mapping of str, optional
        Format of numbers, for all columns or by the head of the column.

    Returns
    -------
    DataFrame
        Texts; of an Estimate, its value and error; a dash where there is nothing. Names of the code
        are put in words, by `HEADS` or by their unit.

    Examples
    --------
    >>> table({"a": {"D": Estimate(0.05, 0.001, "cm2/s", "fit"), "n": 3}, "b": {"n": 2.5}})
             D (cm²/s)    n
    a  0.0500 ± 0.0010    3
    b                –  2.5
    """
    frame = rows if isinstance(rows, pd.DataFrame) else pd.DataFrame(rows).T
    specs = {head: spec if isinstance(spec, str) else spec.get(head, ".4g") for head in frame}
    columns = {head: [_cell(one, specs[head]) for one in frame[head]] for head in frame}
    return typeset(pd.DataFrame(columns, frame.index))


def typeset(frame: pd.DataFrame) -> pd.DataFrame:
    """Set a table in type: heads with units for names of code, and signs that people write.

    Names of code such as ``cooling_time_ns`` become words with a unit, or those of `HEADS`. A unit
    that all cells of a column have moves to its head. Powers of ten, infinity, minus signs and
    missing values are written as such, and numbers without a format get four digits.

    Parameters
    ----------
    frame : DataFrame
        Texts and numbers.

    Returns
    -------
    DataFrame
        Of texts, of the same shape.

    Raises
    ------
    TypeError
        If it is no DataFrame.

    Examples
    --------
    >>> typeset(pd.DataFrame({"delay_us": [6.0, float("inf")], "D": ["1e-05 cm2/s", "0 cm2/s"]}))
      delay (µs) D (cm²/s)
    0          6  1 × 10⁻⁵
    1          ∞         0
    """
    check_type("frame", frame, pd.DataFrame, remedy="make one with pandas")
    columns, heads = [], []
    for place, head in enumerate(frame.columns):
        cells = [_split(one) for one in frame.iloc[:, place]]
        units = {unit for text, unit in cells if text != "–"}
        shared = units.pop() if len(units) == 1 else ""
        *levels, last = head if isinstance(head, tuple) else (head,)
        name = _head(last)
        name += f" ({shared})" if shared and "(" not in name else ""
        heads.append((*map(_head, levels), name) if levels else name)
        columns.append([f"{t} {u}".rstrip() if u != shared else t for t, u in cells])
    result = pd.DataFrame(dict(enumerate(columns)), frame.index)
    result.columns = pd.MultiIndex.from_tuples(heads) if frame.columns.nlevels > 1 else heads
    result.columns.names = [None] * result.columns.nlevels
    if not isinstance(frame.index, pd.RangeIndex):
        result.index = frame.index.map(_labels)
        result.index.names = [name and _head(name) for name in frame.index.names]
    return result


def _labels(label: Any) -> Any:
    """The label of a row, of one or more levels."""
    return tuple(map(_head, label)) if isinstance(label, tuple) else _head(label)


def _head(name: Any) -> str:
    """A head in words; names of parameters with a section stay, since people type them."""
    if isinstance(name, float):
        return _split(name)[0]
    if name in HEADS:
        return HEADS[name]
    if not isinstance(name, str) or not re.fullmatch(r"[a-zA-Z]\w*_\w+", name):
        return str(name)
    for code, unit in _UNITS.items():
        if name.endswith(f"_{code}"):
            words = name.removesuffix(f"_{code}")
            return f"{_NAMES.get(words, words.replace('_', ' '))} ({unit})"
    return _NAMES.get(name, name)


def _split(cell: object) -> tuple[str, str]:
    """What stands in a cell, as people write it, and its unit."""
    text = cell if isinstance(cell, str) else _cell(cell, ".4g")
    found = _QUANTITY.fullmatch(text)
    if text == "nan" or not found or (found[2] and found[2] not in _UNITS):
        return {"-": "–", "nan": "–"}.get(text, _signs(text)), ""
    return _signs(found[1]).replace("inf", "∞"), _UNITS.get(found[2] or "", "")


def _signs(text: str) -> str:
    """Powers of ten, minus signs and units in a text, as people write them."""
    text = re.sub(r"(?<![\w.])-(?=\d)", "−", text)
    text = re.sub(
        r"(\d)e([-+]?)0*(\d+)\b",
        lambda m: f"{m[1]} × 10" + f"{m[2]}{m[3]}".lstrip("+").translate(_RAISED),
        text,
    )
    return re.sub(
        r"(?<=[\d⁰¹²³⁴-⁹] )(\S*[a-zM][\w/-]*\d?)(?![\w-])", lambda m: _UNITS.get(m[1], m[1]), text
    )


def _as_html(frame: pd.DataFrame) -> str:
    """A table of the book: set in type, symbols in italics, rows without a name unnumbered."""
    rows = not isinstance(frame.index, pd.RangeIndex)
    with pd.option_context("display.max_colwidth", None):
        page = typeset(frame).to_html(index=rows, border=0, justify="left")
    return re.sub(
        r"(<th[^>]*>)([^<]*)", lambda found: found[1] + _SYMBOL.sub(r"<i>\1</i>", found[2]), page
    )


def _set_tables_in_type() -> None:
    """Let a notebook show all tables so."""
    shell = sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None
    if shell:
        shell.display_formatter.formatters["text/html"].for_type(pd.DataFrame, _as_html)


_set_tables_in_type()


def verdicts(ids: Iterable[str], *modules: ModuleType) -> pd.DataFrame:
    """Write what the paper says beside what was found: the table that ends a chapter.

    Parameters
    ----------
    ids : iterable of str
        Claims, in order.
    *modules : module
        Those of `tptools.companion.claims` that recompute them. The chapter rests on these: when
        another one changes, it does not run again.

    Returns
    -------
    DataFrame
        Columns ``quantity``, ``reported``, ``recomputed`` and ``verdict``; the claim as index.

    Raises
    ------
    KeyError
        If there is no such claim.
    ValueError
        If another module recomputes one.

    Examples
    --------
    >>> from tptools.companion import claims
    >>> verdicts(["s6-Psurf"], claims.excitation).loc["s6-Psurf"].to_list()[1:]
    ['0.37 nW', '0.374 nW', 'reproduced']
    """
    return judged_by(ids, *modules).drop(columns="place")


def _shown(key: str, value: object) -> str | float:
    """What is stored: a number, or a text."""
    if isinstance(value, Estimate):
        number = str(value).removesuffix(value.unit).rstrip().replace("-", "−")
        return number if value.converged else f"{number} (not converged)"
    if isinstance(value, str):
        return value
    if isinstance(value, Real):
        # numpy's own numbers would be shown with their type
        return int(value) if isinstance(value, Integral) else float(value)
    raise TypeError(f"{key}: {value!r} is no text, number or Estimate")


def _cell(value: object, spec: str) -> str:
    if isinstance(value, Estimate | str):
        return str(value)
    if value is None or value != value:
        return "-"
    return format(value, spec) if isinstance(value, Real) else str(value)
