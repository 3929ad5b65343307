"""A power series: its fit and its tests find what was put in."""

from __future__ import annotations

import math
import re
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import scans
from scipy.stats import chi2

from tptools.analysis import Answer, SeriesAnalysis, analyse, analyse_series, describe
from tptools.analysis.series import OPTICS, correlations_of
from tptools.analysis.text import shared_warnings
from tptools.estimate import Estimate, Goodness, covariance
from tptools.excitation import Excitation
from tptools.fitting import fit_power_law, fit_relaxation, relaxation_curve

POWERS = (0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 4.0, 4.0)
RATES = (2.5,) * 6 + (5.0, 10.0)


@pytest.fixture(scope="module")
def one():
    """Any analysis."""
    return analyse(scans.scan(), methods=["global"])


def series(one, value, scatter=0.0, **columns):
    """A series whose diffusivity is a function of power and time between excitations."""
    noise = np.random.default_rng(1).normal(0, 1, len(POWERS)) * scatter
    found, rows = {}, {}
    for k, (power, rate) in enumerate(zip(POWERS, RATES, strict=True)):
        time_us = Excitation(power, rate).time_between_excitations_us
        d = Estimate(value(time_us, rate) + noise[k], 1e-3, "cm2/s", "global")
        found[f"scan {k}"] = replace(one, diffusivities={"global": d})
        rows[f"scan {k}"] = {"power_nW": power, "rep_rate_MHz": rate, **columns}
    return found, pd.DataFrame(rows).T


def by_time(time_us, _):
    """A relaxation of 20 us."""
    return float(relaxation_curve(time_us, 0.01, 0.14, 20.0))


def answer(found, words):
    """The test whose question has these words."""
    return next(test for test in found.tests if words in test.question)


def test_relaxation_comes_back_with_its_covariance(one):
    """Time, limit and amplitude are those put in, and their errors are not independent."""
    found = analyse_series(*series(one, by_time, 1e-3))
    fit = found.relaxations["global"]
    assert abs(fit["tau_us"].z(20.0)) < 4
    assert abs(fit["limit_cm2_s"].z(0.01)) < 4
    shared = covariance([fit["tau_us"], fit["amplitude_cm2_s"]])[0][1]
    found_in = correlations_of(fit)["amplitude_cm2_s tau_us"]
    both = fit["tau_us"].std_err * fit["amplitude_cm2_s"].std_err
    assert found_in == pytest.approx(shared / both)
    assert -1 < found_in < 0
    assert f"tau_us {found_in:+.2f}" in describe(found)
    assert re.search(r"correlations: \w+\s+\w+\s+\S\d\.\d\d,\s", describe(found))


def test_collapse_on_power_is_told_from_none(one):
    """D by power alone passes; D that also falls with the rate does not."""
    collapsed = analyse_series(*series(one, by_time, 1e-3))
    assert answer(collapsed, "collapse").p_value > 0.01
    apart = analyse_series(*series(one, lambda t, rate: by_time(t, rate) - 2e-3 * rate, 1e-3))
    assert answer(apart, "collapse").p_value < 1e-4


@pytest.mark.parametrize(
    ("rise", "said"),
    [(1.0, "D rises with power"), (-1.0, "D falls with power"), (0.0, "D is not seen to rise")],
)
def test_power_is_followed_up_or_down_or_not(one, rise, said):
    """As far as its rank correlation is sure."""
    found, table = series(one, lambda time_us, _: 0.05 + rise / time_us, 1e-4)
    said_of = answer(analyse_series(found, table), "follow")
    assert said_of.answer.startswith(said)
    assert (said_of.p_value < 0.01) == (rise != 0)


def test_what_is_not_known_has_no_part(one):
    """A scan without a value, or without an error, is as one that was not made."""
    found, table = series(one, by_time, 1e-3)
    wrong = (("scan 0", math.nan, 1e-3), ("scan 1", 0.1, 0.0), ("scan 6", 0.1, math.inf))
    for name, *point in wrong:
        lost = Estimate(*point, "cm2/s", "global")
        found[name] = replace(found[name], diffusivities={"global": lost})
    kept = [name for name in table.index if name not in [row[0] for row in wrong]]
    some = analyse_series({name: found[name] for name in kept}, table)
    whole = analyse_series(found, table)
    assert whole.tests == some.tests
    tau, wanted = (each.relaxations["global"]["tau_us"] for each in (whole, some))
    assert (tau.value, tau.std_err) == (wanted.value, wanted.std_err)


def test_a_record_may_say_its_rate(one):
    """Where the table does not."""
    found, table = series(replace(one, settings={"rep_rate_MHz": 5.0}), by_time)
    assert [*analyse_series(found, table).conditions.rep_rate_MHz] == [*RATES]
    own = table.drop(columns="rep_rate_MHz")
    assert {*analyse_series(found, own).conditions.rep_rate_MHz} == {5.0}


@pytest.mark.parametrize("apart", [0.001, 0.01])
def test_the_collapse_is_a_chi_square_about_the_mean_of_a_power(one, apart):
    """Of scans at that power and several rates, within two percent; others have no part."""
    values = np.array([0.05, 0.05 + apart, 0.05 - apart, 0.052])
    errors = np.array([1e-3, 2e-3, 1e-3, 3e-3])
    conditions = pd.DataFrame(
        {"power_nW": [4, 4.02, 4, 4.04, 1, 1], "rep_rate_MHz": [2.5, 2.5, 5, 10, 2.5, 2.5]}
    )
    points = zip([*values, 0.01, 0.09], [*errors, 1e-3, 1e-3], strict=True)
    found = {
        k: replace(one, diffusivities={"global": Estimate(*point, "cm2/s", "global")})
        for k, point in enumerate(points)
    }
    said = analyse_series(found, conditions)
    mean = np.average(values, weights=errors**-2.0)
    chi_square = (((values - mean) / errors) ** 2).sum()
    p_value = chi2.sf(chi_square, 3)
    assert answer(said, "collapse").p_value == pytest.approx(p_value)
    word = "no difference is seen" if p_value > 0.01 else "D at one power differs between rates"
    told = f"{word}: chi2/nu = {chi_square / 3:.2g}, p = {p_value:.2g}"
    assert answer(said, "collapse").answer == told
    assert (p_value > 0.01) == (apart == 0.001)
    two = analyse_series({k: found[k] for k in (0, 2, 4, 5)}, conditions)
    assert answer(two, "follow")  # from two powers on


def test_a_curve_that_is_no_exponential_depends_on_its_range(one):
    """For two decays the time changes with the range, for one it does not."""
    single = analyse_series(*series(one, by_time))
    double = analyse_series(*series(one, lambda t, r: by_time(t, r) + 0.1 * np.exp(-t / 2.0)))

    def spread(found):
        return float(answer(found, "range").answer.rsplit("factor of ")[1])

    shifted = analyse_series(*series(one, by_time, 1e-3))
    time_us = shifted.conditions.time_between_excitations_us.to_numpy()
    d = np.array([each.value for each in shifted.diffusivities("global")])
    order = np.argsort(time_us)
    for which, kept in (("shortest times", order[2:]), ("longest", order[:-2])):
        tau = fit_relaxation(time_us[kept], d[kept], np.full(kept.size, 1e-3))["tau_us"]
        assert f"without the two {which}: {tau}" in answer(shifted, "range").answer
    assert spread(single) == pytest.approx(1, abs=0.01)
    assert spread(double) > 1.2


def test_questions_wait_for_enough_scans(one):
    """Four for a relaxation and for the power, six for the range, two rates for the collapse."""
    found, table = series(one, by_time, 1e-3)
    asked = {}
    for n in (3, 4, 5, 6, 7):
        some = analyse_series(dict([*found.items()][:n]), table.iloc[:n])
        asked[n] = [test.question.split()[:2] for test in some.tests]
        assert bool(some.relaxations) == (n >= 4)
        few = [f"The series has {n} powers; a relaxation fit and the tests need 4."]
        assert [*some.warnings[1:]] == (few if n == 3 else [])
    power, rates, fitted = ["Does", "D"], ["Do", "rates"], ["Does", "the"]
    assert asked == {3: [], 4: [power], 5: [power], 6: [power, fitted], 7: [power, rates, fitted]}
    alike = ["scan 3", "scan 6", "scan 7", "again"]
    found["again"], table.loc["again"] = found["scan 3"], table.loc["scan 3"]
    some = analyse_series({name: found[name] for name in alike}, table.loc[alike])
    assert [test.question.split()[:2] for test in some.tests] == [rates]


def test_a_range_without_enough_times_has_no_time(one):
    """Of six scans at four times none is left to compare with, and no factor is told.

    Where one time has three of them, one fit is left without two.
    """
    found, table = series(one, by_time, 1e-3)
    names = [f"scan {k}" for k in (0, 1, 2, 3)]
    for again, name in (("a", "scan 0"), ("b", "scan 3")):
        found[again], table.loc[again] = found[name], table.loc[name]
    some = [*names, "a", "b"]
    alike = analyse_series({name: found[name] for name in some}, table.loc[some])
    said = answer(alike, "range").answer
    assert f"all: {alike.relaxations['global']['tau_us']};" in said
    assert said.endswith("without the two longest: nan ± nan us")
    assert "factor" not in said
    found["b"], table.loc["b"] = found["scan 0"], table.loc["scan 0"]
    alike = analyse_series({name: found[name] for name in some}, table.loc[some])
    said = answer(alike, "range").answer
    assert "without the two shortest times: nan ± nan us;" in said
    assert ", a factor of" in said


@pytest.mark.parametrize("std_err", [0.0, math.nan, math.inf])
def test_what_has_no_error_has_no_correlation(std_err):
    """One such parameter leaves none to tell."""
    fit = fit_power_law([1, 2, 4, 8], [3.0, 5.9, 12.1, 24.0])
    exact = {"exponent": replace(fit["exponent"], std_err=std_err)}
    assert correlations_of(fit)
    assert correlations_of(replace(fit, parameters={**fit.parameters, **exact})) == {}


def test_what_the_table_does_not_say_is_said(one):
    """Optics that are taken from elsewhere are named; a density of one's own needs none."""
    told = analyse_series(*series(one, by_time))
    assumed = [name for name in OPTICS if name != "convention"]
    said = ", ".join(f"{name} = {told.conditions[name].iloc[0]:g}" for name in assumed)
    assert f"nanocrystals with {said}, which" in told.warnings[0]
    own = analyse_series(*series(one, by_time, excitation_density=0.02))
    assert own.warnings == ()
    assert own.conditions.time_between_excitations_us.iloc[0] == pytest.approx(1 / 2.5 / 0.02)


def test_what_is_missing_is_named(one):
    """A scan without a row, a power or a rate is refused by its name."""
    found, table = series(one, by_time)
    for wrong, words in (
        (table.drop("scan 3"), "no row for the scan 'scan 3'"),
        (table.drop(columns="power_nW"), "no power_nW of the scan 'scan 0'"),
        (table.drop(columns="rep_rate_MHz"), "no rep_rate_MHz of the scan 'scan 0'"),
        (table.assign(excitation_density=-1.0), "is -1 and must be > 0"),
        (table.assign(excitation_density=0.0), "is 0 and must be > 0"),
    ):
        with pytest.raises(ValueError, match=words):
            analyse_series(found, wrong)
    for scans_, rows, name in ((found | {"a": 1}, table, r"scans\['a'\]"),
                               (found, [1], "conditions")):  # fmt: skip
        with pytest.raises(TypeError, match=f"^{name} is of type"):
            analyse_series(scans_, rows)
    with pytest.raises(ValueError, match="scans is empty"):
        analyse_series({}, table)


def test_description_has_paragraphs(one):
    """Each with an empty line before it, for a scan and for a series."""

    def starts(found):
        return [part.split()[:2] for part in describe(found).split("\n\n")]

    light = ["Lifetime", "of"]
    assert starts(replace(one, name="x y", warnings=("a",))) == [
        ["x", "y:"], ["Diffusivity", "from"], ["Most", "to"], light, ["What", "to"]
    ]  # fmt: skip
    found = analyse_series(*series(one, by_time))
    assert starts(found) == [["scan", "power"], ["Relaxation", "by"], ["Does", "D"], ["What", "to"]]


def test_description_has_the_light(one):
    """Lifetimes and the tail where there are any, and a word where they are not known."""

    def said(found):
        lines = describe(found).splitlines()
        return [
            line.split("  ")[-1].strip() for line in lines if line[:8] in ("Lifetime", "Exponent")
        ]

    light = [one.lifetime["lifetime_ns"], one.lifetime_of_spot, one.tail["exponent"]]
    assert said(one) == [*map(str, light)]
    unknown = replace(light[1], value=math.nan)
    told = replace(one, lifetime_of_spot=unknown, tail=None)
    assert said(told) == [str(light[0]), "not determined"]
    assert said(replace(one, lifetime=None)) == [str(light[2])]


def test_description_of_a_series_has_numbers_under_their_names(one):
    """Power, rate and time end where their heads end, and D starts where its method does."""
    scans_, table = series(one, by_time)
    table = table.rename({"scan 3": "the scan at 4 nW"})
    scans_ = {
        name: replace(each, diffusivities={"global": d, "slices": 2 * d})
        for name, each in zip(table.index, scans_.values(), strict=True)
        for d in each.diffusivities.values()
    }
    found = analyse_series(scans_, table)
    head, *lines = describe(found).splitlines()
    conditions = found.conditions[["power_nW", "rep_rate_MHz", "time_between_excitations_us"]]
    for line, name in zip(lines, scans_, strict=False):
        assert line.startswith(name)
        for column, value in zip(
            ("power nW", "rate MHz", "T us"), conditions.loc[name], strict=True
        ):
            place = slice(head.index(column), head.index(column) + len(column))
            assert float(line[place]) == pytest.approx(value, rel=0.01)
        for method, d in scans_[name].diffusivities.items():
            said = line[head.index(method) :]
            assert said.startswith(str(d).removesuffix(" cm2/s") + " ")


def test_description_says_how_well_a_method_fits(one):
    """Reduced chi square and its chance, and nothing where there is no goodness."""
    d = one.diffusivities["global"]
    said = f"chi2/nu {d.goodness.reduced_chi_square:.2f}, p {d.goodness.p_value:.2g}"
    assert said in describe(one)
    for none in (None, Goodness(math.nan, math.nan, math.nan)):
        unknown = replace(one, diffusivities={"global": replace(d, goodness=none)})
        assert "chi2/nu" not in describe(unknown)


def test_description_lists_what_is_to_be_known(one):
    """Notes under their numbers; reasons and warnings with a mark, in lines that are wrapped."""
    (d,) = one.diffusivities.values()
    told = replace(
        one,
        diffusivities={"global": replace(d, note="dim", goodness=None)},
        slices_reasons=("first", "second"),
        warnings=("word " * 30,),
    )
    lines = describe(told).splitlines()
    k = lines.index(f"  global      {d!s:28}")
    assert lines[k + 1] == " " * 14 + "dim"
    k = lines.index("Slices are not to be trusted here:")
    assert lines[k + 1 : k + 3] == ["  - first", "  - second"]
    k = lines.index("What to know of this record:")
    assert lines[k + 1] == "  - " + " ".join(["word"] * 18)
    assert lines[k + 2] == "    " + " ".join(["word"] * 12)
    dark = replace(d, value=math.nan)
    said = describe(replace(one, diffusivities={"global": dark})).splitlines()
    assert "This record gives no diffusivity: no method gives a value." in said
    assert any(line.startswith("  global      not determined  ") for line in said)
    scans_ = {name: replace(one, warnings=("all", "some")) for name in ("a", "b")}
    scans_["c"] = replace(one, warnings=("all",))
    tests = [Answer(*each) for each in (("q", "no", "m"), ("r", "yes", "m"), ("q", "well", "n"))]
    columns = ["power_nW", "rep_rate_MHz", "time_between_excitations_us"]
    found = SeriesAnalysis(scans_, pd.DataFrame(1.0, [*"abc"], columns), {}, (*tests,), ())
    assert [*shared_warnings(found)] == ["All: all", "a, b: some"]
    lines = describe(found).splitlines()
    k = lines.index("q")
    assert lines[k : k + 5] == ["q", "  - m: no", "  - n: well", "r", "  - m: yes"]


def test_results_are_the_same_only_as_themselves(one):
    """Counts are not compared, so that results can be kept in sets."""
    whole = SeriesAnalysis({"a": one}, pd.DataFrame(), {}, (), ())
    for found in (one, whole):
        assert found != replace(found)
        assert {found, found} == {found}
