"""The ledger: each claim of the paper, the function that recomputes it, and the verdict.

A claim is judged in one of three ways:

- a function marked ``@claim(id)`` recomputes it, and `tptools.companion.claims.verdict` compares;
- the panel of a figure gets the worst verdict of the claims that are read off it;
- what cannot be checked says why, in ``claims.csv``.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, partial, wraps
from inspect import unwrap
from numbers import Real
from types import MappingProxyType, ModuleType
from typing import TypeVar, cast

import pandas as pd

from tptools.companion.claims.kept import kept
from tptools.companion.claims.verdict import (
    VERDICTS,
    Bounds,
    Choice,
    One,
    Recomputed,
    asked,
    compare,
    describe,
)
from tptools.companion.paper import CLAIMS, Claim, Reported
from tptools.estimate import Estimate
from tptools.progress import Bar

__all__ = [
    "Judgement",
    "claim",
    "function_of",
    "judge",
    "judged_by",
    "recompute",
    "scoreboard",
    "select",
    "table",
]

PANEL = "figure panel"
"""Kind of a claim that has no verdict of its own."""

Found = TypeVar("Found", bound=Recomputed)


@dataclass(frozen=True)
class Recipe:
    """How a claim is recomputed: a function without arguments, and what its result has to meet."""

    function: Callable[[], Recomputed]
    criterion: Reported | Bounds
    readings_of: Choice


@dataclass(frozen=True)
class Judgement:
    """A claim with what was found.

    Parameters
    ----------
    claim : Claim
        What the paper says.
    found : str
        The recomputed value, or why there is none.
    verdict : str
        One of `tptools.companion.claims.VERDICTS`.
    computed : bool
        Whether a function recomputed it.
    """

    claim: Claim
    found: str
    verdict: str
    computed: bool


_RECIPES: dict[str, Recipe] = {}


def claim(
    *ids: str, expects: Bounds | None = None, readings_of: Choice = "text"
) -> Callable[[Callable[[], Found]], Callable[[], Found]]:
    """Mark the function that recomputes a claim.

    Parameters
    ----------
    *ids : str
        The claims that it recomputes, in ``claims.csv``; several if the paper repeats itself.
    expects : Bounds, optional
        What the claim asks of the result. Without it, the number that the paper prints.
    readings_of : {"text", "model"}, optional
        Whether several values are what the text leaves open, or films and estimators of ours.

    Returns
    -------
    callable
        A decorator. The function takes nothing; its result is what
        `tptools.companion.claims.compare` takes; it is computed only once, and read-only.

    Raises
    ------
    ValueError
        If an id is unknown, already has a function or a reason why it cannot be checked, or if
        there is neither a number nor `expects`.

    Examples
    --------
    ::

        @claim("s2-Pdecay")
        def decay_probability() -> float:
            return 1 / lifetime_ps
    """

    def register(function: Callable[[], Found]) -> Callable[[], Found]:
        """Put a function into the ledger for each of its claims."""

        @cache
        @wraps(function)
        def once() -> Found:
            """What the function finds, computed at the first call."""
            # to those who read, a mapping that cannot be changed is as good as a dict
            return cast(Found, _read_only(function()))

        for one in ids:
            _RECIPES[one] = Recipe(once, _criterion(one, expects), readings_of)
        return once

    return register


def recompute(claim_id: str) -> Recomputed:
    """Compute a claim anew.

    Parameters
    ----------
    claim_id : str
        Its id.

    Returns
    -------
    float, Estimate, None, or a tuple or read-only mapping of them
        The value, or the values by the readings of the text.

    Raises
    ------
    KeyError
        If no function recomputes it.

    Examples
    --------
    >>> f"{recompute('s6-Psurf'):.3f}"
    '0.374'
    """
    _all_modules()
    return _RECIPES[claim_id].function()


def function_of(claim_id: str) -> str:
    """Name the function that recomputes a claim.

    Parameters
    ----------
    claim_id : str
        Its id.

    Returns
    -------
    str
        The name with that of its module, empty if no function recomputes the claim.

    Raises
    ------
    KeyError
        If there is no such claim.

    Examples
    --------
    >>> function_of("s6-Psurf")
    'tptools.companion.claims.excitation.power_at_the_sample'
    """
    _all_modules()
    if CLAIMS[claim_id].id not in _RECIPES:
        return ""
    function = _made_by(_RECIPES[claim_id])
    return f"{function.__module__}.{function.__name__}"


def judge(claim_id: str) -> Judgement:
    """Give the verdict on a claim.

    Parameters
    ----------
    claim_id : str
        Its id.

    Returns
    -------
    Judgement
        What was found, and the verdict.

    Raises
    ------
    KeyError
        If there is no such claim.

    Examples
    --------
    >>> judge("s6-Psurf").verdict
    'reproduced'
    """
    _all_modules()
    return _judged(claim_id)


def judged_by(ids: Iterable[str], *modules: ModuleType) -> pd.DataFrame:
    """As `table`, of claims that some modules recompute, so that no other one is needed.

    Parameters
    ----------
    ids : iterable of str
        The claims to show.
    *modules : module
        Those beside this one that recompute them, or what they rest on.

    Returns
    -------
    DataFrame
        As of `table`.

    Raises
    ------
    KeyError
        If an id is unknown.
    ValueError
        If another module recomputes a claim.

    Examples
    --------
    >>> from tptools.companion.claims import excitation
    >>> judged_by(["s6-Psurf"], excitation).loc["s6-Psurf", "verdict"]
    'reproduced'
    """
    chosen, known = list(ids), {module.__name__ for module in modules}
    for one in chosen:
        _check_module(one, known)
    return _rows([_judged(one) for one in chosen])


def select(*, note: str | None = None, figure: str | None = None) -> list[str]:
    """List claims by where they stand.

    Parameters
    ----------
    note : str, optional
        Number of a Supplementary Note, or ``"main"`` for abstract and main text. Tables S1 and S2
        belong to Note 6.
    figure : str, optional
        Number of a figure, such as ``"4"`` or ``"S7"``: its panels.

    Returns
    -------
    list of str
        Ids, in the order of the paper; all claims if nothing is asked.

    Raises
    ------
    ValueError
        If no claim stands there.

    Examples
    --------
    >>> select(note="10")
    ['s10-tau']
    """
    ids = list(CLAIMS)
    if note is not None:
        ids = [one for one in ids if _part(one) == note]
    if figure is not None:
        ids = [one for one in ids if one.rstrip("abcdefgh") == f"fig{figure}"]
    if not ids:
        raise ValueError(f"no claim stands in note = {note!r}, figure = {figure!r}")
    return ids


def table(
    ids: Iterable[str] | None = None,
    *,
    note: str | None = None,
    figure: str | None = None,
    progress: bool = False,
) -> pd.DataFrame:
    """Set what the paper says beside what was found.

    Parameters
    ----------
    ids : iterable of str, optional
        The claims to show; by default those that `select` finds.
    note, figure : str, optional
        As for `select`.
    progress : bool, optional
        Show a bar while claims are recomputed.

    Returns
    -------
    DataFrame
        Columns ``quantity``, ``place``, ``reported``, ``recomputed`` and ``verdict``, all text; the
        claim's id as index.

    Raises
    ------
    KeyError
        If an id is unknown.
    ValueError
        As for `select`.

    Examples
    --------
    >>> table(["s6-Psurf"]).loc["s6-Psurf"].to_list()[2:]
    ['0.37 nW', '0.374 nW', 'reproduced']
    """
    _all_modules()
    chosen = select(note=note, figure=figure) if ids is None else list(ids)
    return _rows([_judged(one) for one in Bar(chosen, disable=not progress, unit="claim")])


def _rows(judgements: Iterable[Judgement]) -> pd.DataFrame:
    """What the paper says of some claims, beside what was found."""
    records = [
        {
            "claim": found.claim.id,
            "quantity": found.claim.quantity,
            "place": found.claim.place,
            "reported": str(found.claim.number or found.claim.reported),
            "recomputed": found.found,
            "verdict": found.verdict,
        }
        for found in judgements
    ]
    columns = ["claim", "quantity", "place", "reported", "recomputed", "verdict"]
    found = pd.DataFrame(records, columns=columns).set_index("claim")
    # a name above the index would take up a row of its own in a page
    return found.rename_axis(index=None, columns="claim")


def scoreboard(*, progress: bool = False) -> pd.DataFrame:
    """Count the verdicts on all claims.

    Parameters
    ----------
    progress : bool, optional
        Show a bar while claims are recomputed.

    Returns
    -------
    DataFrame
        Numbers of claims: one row for each kind of claim, ``all`` of them, and `PANEL`, apart,
        since a panel only takes over a verdict; one column for each verdict, then ``computed``,
        how many a function recomputed, and ``all``.

    Examples
    --------
    ::

        scoreboard().loc["all", "contradicted"]
    """
    _all_modules()
    judgements = [_judged(one) for one in Bar(CLAIMS, disable=not progress, unit="claim")]
    found = pd.DataFrame(
        [(one.claim.kind, one.verdict, one.computed) for one in judgements],
        columns=["kind", "verdict", "computed"],
    )
    counts = pd.crosstab(found["kind"], found["verdict"]).reindex(columns=VERDICTS, fill_value=0)
    counts["computed"] = found.groupby("kind")["computed"].sum()
    counts["all"] = found.groupby("kind").size()
    panels = counts.loc[PANEL]
    counts = counts.drop(index=PANEL)
    counts.loc["all"] = counts.sum()
    counts.loc[PANEL] = panels
    return counts.rename_axis(index=None, columns="kind of claim")


def _all_modules() -> tuple[ModuleType, ...]:
    """Load all that recomputes claims: here, for whoever judges some claims needs few modules."""
    from tptools.companion.claims import (
        diffusion,
        excitation,
        heat,
        light,
        memory,
        microscopy,
        samples,
        surfaces,
        validation,
    )

    return diffusion, excitation, heat, light, memory, microscopy, samples, surfaces, validation


def _check_module(claim_id: str, known: Collection[str]) -> None:
    """Refuse a claim that none of these modules recomputes, and that is not judged without."""
    one = CLAIMS[claim_id]
    for basis in one.rests_on:
        _check_module(basis, known)
    if one.why or one.rests_on:
        return
    module = _made_by(_RECIPES[claim_id]).__module__ if claim_id in _RECIPES else ""
    if module not in known:
        given = ", ".join(sorted(known)) or "any module"
        raise ValueError(
            f"claim {claim_id!r} is not recomputed by {given}; add the module that "
            f"function_of({claim_id!r}) names"
        )


def _made_by(recipe: Recipe) -> Callable[[], Recomputed]:
    """The function behind a recipe; the cells of a table share one."""
    function = unwrap(recipe.function)
    return function.func if isinstance(function, partial) else function


def _judged(claim_id: str) -> Judgement:
    """`judge`, by the modules that are loaded."""
    one = CLAIMS[claim_id]
    if claim_id in _RECIPES:
        return _computed(one, _RECIPES[claim_id])
    if one.rests_on:
        verdicts = [_judged(basis).verdict for basis in one.rests_on]
        worst = max(verdicts, key=lambda v: (v != "not checkable", VERDICTS.index(v)))
        return Judgement(one, "see " + ", ".join(one.rests_on), worst, computed=False)
    return Judgement(one, one.why, "not checkable", computed=False)


def _criterion(claim_id: str, expects: Bounds | None) -> Reported | Bounds:
    if claim_id not in CLAIMS:
        raise ValueError(f"claim {claim_id!r} is unknown; add it to claims.csv first")
    if claim_id in _RECIPES:
        raise ValueError(f"claim {claim_id!r} has a function already")
    known = CLAIMS[claim_id]
    if known.why or known.rests_on:
        raise ValueError(f"claim {claim_id!r} is judged by claims.csv; clear `why` and `rests_on`")
    criterion = expects or known.number
    if criterion is None:
        raise ValueError(f"claim {claim_id!r} prints no number; say what it `expects`")
    return criterion


def _read_only(found: Recomputed) -> Recomputed:
    """The same values; all who ask for a claim share them, so that none may change them."""
    if isinstance(found, Mapping):
        return MappingProxyType({name: _one_read_only(one) for name, one in found.items()})
    if isinstance(found, Sequence):
        return tuple(_one_read_only(one) for one in found)
    return _one_read_only(found)


def _one_read_only(one: One) -> One:
    if one is None or isinstance(one, Estimate):
        return one
    if not isinstance(one, Real):
        raise TypeError(f"{one!r} cannot be judged; return a number, an Estimate or None")
    return float(one)


def _computed(one: Claim, recipe: Recipe) -> Judgement:
    judged = partial(_recomputed, recipe)
    # nothing is known of what functions from elsewhere rest on
    ours = _made_by(recipe).__module__.startswith("tptools.")
    found, verdict = kept(one.id, judged) if ours else judged()
    return Judgement(one, found, verdict, computed=True)


def _recomputed(recipe: Recipe) -> tuple[str, str]:
    """What the function of a claim gives, in words, and the verdict on it."""
    value = recipe.function()
    found = describe(recipe.criterion, value)
    if rule := asked(recipe.criterion):
        found = f"{found} ({rule})"
    return found, compare(recipe.criterion, value, readings_of=recipe.readings_of)


def _part(claim_id: str) -> str:
    head = claim_id.partition("-")[0]
    if head in ("main", "abs"):
        return "main"
    return "6" if head in ("tabS1", "tabS2") else head.removeprefix("s")
