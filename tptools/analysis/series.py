"""A power series: D against power and the time between excitations, and what it says of memory."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import pandas as pd
import scipy

from tptools.analysis.scan import Analysis
from tptools.checks import check_type
from tptools.estimate import Estimate, covariance
from tptools.excitation import Excitation
from tptools.fitting import Fit, fit_relaxation, rank_correlation

__all__ = ["Answer", "SeriesAnalysis", "analyse_series"]

AT_LEAST = 4
"""Points that a relaxation fit and a rank correlation need."""

SAME_POWER = 0.02
OPTICS = tuple(
    one.name for one in fields(Excitation) if one.name not in ("power_nW", "rep_rate_MHz")
)


@dataclass(frozen=True)
class Answer:
    """One question to a series, with its answer in numbers and in words.

    Parameters
    ----------
    question, answer : str
        In plain words.
    method : str
        Whose diffusivities were asked.
    p_value : float
        Chance of such data where there is no effect; NaN where none belongs to the question.
    """

    question: str
    answer: str
    method: str
    p_value: float = math.nan


@dataclass(frozen=True, eq=False)
class SeriesAnalysis:
    """What a power series says.

    Parameters
    ----------
    scans : mapping of str to Analysis
        By name.
    conditions : DataFrame
        By name of the scan: power, rate, the parameters of `tptools.excitation.Excitation`,
        ``excitation_density`` at the centre of the spot and ``time_between_excitations_us``.
    relaxations : mapping of str to Fit
        By method: from `tptools.fitting.fit_relaxation`, where there are four points.
    tests : tuple of Answer
        Whether D follows power, whether it does so whatever the rate, and whether the fitted time
        depends on the range.
    warnings : tuple of str
        In plain words.
    """

    scans: Mapping[str, Analysis]
    conditions: pd.DataFrame
    relaxations: Mapping[str, Fit]
    tests: tuple[Answer, ...]
    warnings: tuple[str, ...]

    def diffusivities(self, method: str) -> list[Estimate]:
        """D of every scan by one method.

        Parameters
        ----------
        method : str
            One that the scans were analysed by.

        Returns
        -------
        list of Estimate
            In the order of the scans.

        Examples
        --------
        ::

            analyse_series(scans, conditions).diffusivities("global")
        """
        return [one.diffusivities[method] for one in self.scans.values()]


def analyse_series(scans: Mapping[str, Analysis], conditions: pd.DataFrame) -> SeriesAnalysis:
    """Find what several scans at other powers or rates say together.

    Parameters
    ----------
    scans : mapping of str to Analysis
        From `analyse`, by name.
    conditions : DataFrame
        By the same names: ``power_nW``; ``rep_rate_MHz``, unless the records say it; other
        parameters of `tptools.excitation.Excitation`, or ``excitation_density`` at the centre of
        the spot where it is known otherwise.

    Returns
    -------
    SeriesAnalysis

    Raises
    ------
    TypeError
        If `scans` holds no analyses, or `conditions` is no table.
    ValueError
        If a scan has no conditions, or a number is missing or out of range.

    Examples
    --------
    ::

        analyse_series({"1 nW": one, "10 nW": other}, pd.read_csv("powers.csv", index_col="scan"))
    """
    check_type("scans", scans, Mapping, remedy="give analyses by name")
    if not scans:
        raise ValueError("scans is empty; give at least one analysis")
    for name, one in scans.items():
        check_type(f"scans[{name!r}]", one, Analysis, remedy="give what analyse returns")
    check_type("conditions", conditions, pd.DataFrame)
    rows = {name: _condition(name, one, conditions) for name, one in scans.items()}
    table = pd.DataFrame.from_dict(rows, orient="index").rename_axis("scan")
    methods = list(next(iter(scans.values())).diffusivities)
    points = {name: _Points.of(name, scans, table) for name in methods}
    relaxations = {
        name: fit_relaxation(one.time_us, one.value, one.std_err)
        for name, one in points.items()
        if one.can_be_fitted
    }
    tests = tuple(test for one in points.values() for test in one.tests(relaxations))
    return SeriesAnalysis(scans, table, relaxations, tests, tuple(_warnings(table, conditions)))


def correlations_of(fit: Fit) -> dict[str, float]:
    """Correlations of the parameters of a fit, by their names; none where an error is not known.

    Examples
    --------
    >>> from tptools.fitting import fit_power_law
    >>> correlations_of(fit_power_law([1, 2, 4, 8], [3.0, 5.9, 12.1, 24.0])).keys()
    dict_keys(['exponent prefactor'])
    """
    if not all(one.std_err > 0 and math.isfinite(one.std_err) for one in fit.values()):
        return {}
    matrix = covariance(list(fit.values()))
    return {
        f"{one} {other}": matrix[i][j] / (fit[one].std_err * fit[other].std_err)
        for (i, one), (j, other) in itertools.combinations(enumerate(fit), 2)
    }


def _condition(name: str, found: Analysis, conditions: pd.DataFrame) -> dict[str, Any]:
    """Laser of one scan, its density and its time."""
    if name not in conditions.index:
        raise ValueError(
            f"conditions has no row for the scan {name!r}; its rows are "
            f"{', '.join(map(str, conditions.index))}"
        )
    row = {str(k): v for k, v in conditions.loc[name].to_dict().items() if not pd.isna(v)}
    row.setdefault("rep_rate_MHz", found.settings.get("rep_rate_MHz"))
    for needed in ("power_nW", "rep_rate_MHz"):
        if row.get(needed) is None:
            raise ValueError(
                f"conditions says no {needed} of the scan {name!r}, and the record does not; add "
                f"a column {needed}"
            )
    laser = {k: row[k] for k in ("power_nW", "rep_rate_MHz", *OPTICS) if k in row}
    light = Excitation(**laser)
    density = float(row.get("excitation_density", light.excitation_density))
    if not density > 0:
        raise ValueError(f"excitation_density of the scan {name!r} is {density:g} and must be > 0")
    return {
        **{one.name: getattr(light, one.name) for one in fields(Excitation)},
        "excitation_density": density,
        "time_between_excitations_us": light.period_us / density,
    }


def _warnings(table: pd.DataFrame, conditions: pd.DataFrame) -> Iterator[str]:
    if "excitation_density" not in conditions:
        assumed = [one for one in OPTICS if one not in conditions and one != "convention"]
        if assumed:
            said = ", ".join(f"{one} = {table[one].iloc[0]:g}" for one in assumed)
            yield (
                f"The time between excitations is that of CsPbBr3 nanocrystals with {said}, which "
                "the table does not say. Columns of these names, or excitation_density, give yours."
            )
    if table["power_nW"].nunique() < AT_LEAST:
        yield (
            f"The series has {table['power_nW'].nunique()} powers; a relaxation fit and the tests "
            f"need {AT_LEAST}."
        )


@dataclass(frozen=True)
class _Points:
    """Diffusivities by one method that are known, with their conditions."""

    method: str
    power: Any
    rate: Any
    time_us: Any
    value: Any
    std_err: Any

    @classmethod
    def of(cls, method: str, scans: Mapping[str, Analysis], table: pd.DataFrame) -> _Points:
        """Those of a method that have a value and an error."""
        found = [one.diffusivities[method] for one in scans.values()]
        columns = [table[one].to_numpy(float) for one in
                   ("power_nW", "rep_rate_MHz", "time_between_excitations_us")]  # fmt: skip
        columns += [
            np.array([one.value for one in found]),
            np.array([one.std_err for one in found]),
        ]
        known = np.isfinite(columns[3]) & np.isfinite(columns[4]) & (columns[4] > 0)
        return cls(method, *(one[known] for one in columns))

    @property
    def can_be_fitted(self) -> bool:
        """Whether there are enough different times."""
        return np.unique(self.time_us).size >= AT_LEAST

    def tests(self, relaxations: Mapping[str, Fit]) -> Iterator[Answer]:
        """What the book asks of a series."""
        if np.unique(self.power).size >= 2 and self.power.size >= AT_LEAST:
            yield self._rank()
        if (collapse := self._collapse()) is not None:
            yield collapse
        if self.method in relaxations and self.power.size >= AT_LEAST + 2:
            yield self._range(relaxations[self.method])

    def _rank(self) -> Answer:
        rank = rank_correlation(self.power, self.value)
        says = "D rises with power" if rank.low > 0 else "D is not seen to rise with power"
        if rank.high < 0:
            says = "D falls with power"
        answer = f"{says}: rank correlation {rank}"
        return Answer("Does D follow the power?", answer, self.method, rank.p_value)

    def _collapse(self) -> Answer | None:
        """Whether D at one power is the same at all rates."""
        order = np.argsort(self.power)
        starts = np.flatnonzero(np.diff(np.log(self.power[order]), prepend=-np.inf) > SAME_POWER)
        chi_square, n_free = 0.0, 0
        for group in np.split(order, starts[1:]):
            if np.unique(self.rate[group]).size > 1:
                weight = self.std_err[group] ** -2.0
                level = np.average(self.value[group], weights=weight)
                chi_square += float(weight @ (self.value[group] - level) ** 2)
                n_free += group.size - 1
        if not n_free:
            return None
        p_value = float(scipy.special.chdtrc(n_free, chi_square))
        says = "D at one power differs between rates" if p_value < 0.01 else "no difference is seen"
        answer = f"{says}: chi2/nu = {chi_square / n_free:.2g}, p = {p_value:.2g}"
        question = "Do rates matter at one power (collapse on power)?"
        return Answer(question, answer, self.method, p_value)

    def _range(self, whole: Fit) -> Answer:
        """The fitted time without the strongest and without the weakest two scans."""
        order = np.argsort(self.time_us)
        found = {
            "all": whole["tau_us"],
            "without the two shortest times": self._tau(order[2:]),
            "without the two longest": self._tau(order[:-2]),
        }
        known = [one.value for one in found.values() if math.isfinite(one.value)]
        listed = "; ".join(f"{name}: {one}" for name, one in found.items())
        spread = f", a factor of {max(known) / min(known):.2g}" if len(known) > 1 else ""
        question = "Does the fitted time depend on the range of powers?"
        return Answer(question, f"tau = {listed}{spread}", self.method)

    def _tau(self, chosen: Any) -> Estimate:
        if np.unique(self.time_us[chosen]).size < AT_LEAST:
            return Estimate(math.nan, math.nan, "us", "single exponential", "too few points")
        fit = fit_relaxation(self.time_us[chosen], self.value[chosen], self.std_err[chosen])
        return fit["tau_us"]
