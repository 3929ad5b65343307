"""Tests of tptools.fitting.decays on decays whose answer is known."""

import math
from dataclasses import replace

import numpy as np
import pytest
import xarray as xr
from scipy import optimize
from scipy.special import xlogy

from tptools.estimate import Estimate
from tptools.fitting import (
    binned,
    fit_decay,
    fit_tail,
    level_before_pulse,
    prompt_fraction,
    systematic_deviation,
)
from tptools.fitting.decays import _share
from tptools.fitting.result import Fit
from tptools.kmc import ExcitonModel, PulseTrain, simulate

TIME_NS = np.arange(0.0125, 20, 0.025)
IRF_TIME_NS = np.arange(-0.4, 0.4001, 0.025)
IRF = xr.DataArray(np.exp(-((IRF_TIME_NS - 0.1) ** 2) / (2 * 0.08**2)), {"time_ns": IRF_TIME_NS})
N_RECORDS = 100


def decay(mean: np.ndarray, time_ns: np.ndarray = TIME_NS) -> xr.DataArray:
    return xr.DataArray(mean, {"time_ns": time_ns})


def blurred(signal, time_ns: np.ndarray) -> np.ndarray:
    """Convolution with the response by a hundred times finer sums."""
    fine = np.arange(-0.5, 0.7, 0.00025)
    response = np.exp(-((fine - 0.1) ** 2) / (2 * 0.08**2))
    return np.array([response @ signal(t - fine) for t in time_ns]) / response.sum()


GOOD = decay(np.round(1000 * np.exp(-TIME_NS / 2.2)))


def started(t):
    return np.where(t >= 0, np.exp(-np.maximum(t, 0) / 2.2), 0)


def pulls(fit, name, truth, mean, time_ns=TIME_NS):
    """Deviation of a parameter from the truth in standard errors, over Poisson records."""
    rng = np.random.default_rng(1)
    fits = [fit(decay(rng.poisson(mean), time_ns))[name] for _ in range(N_RECORDS)]
    return np.array([(p.value - truth) / p.std_err for p in fits])


@pytest.mark.parametrize("counts", [20, 1000])
def test_lifetime_and_error_are_right(counts):
    """At few and many counts per bin the lifetime has pulls of mean 0 and width 1."""
    pull = pulls(fit_decay, "lifetime_ns", 2.2, counts * np.exp(-TIME_NS / 2.2))
    assert abs(pull.mean()) < 4 / np.sqrt(N_RECORDS)
    assert 0.75 < pull.std() < 1.25


@pytest.mark.parametrize("counts", [10, 1000])
def test_exponent_and_error_are_right(counts):
    """The same for the exponent of the tail."""
    pull = pulls(fit_tail, "exponent", 1.6, counts * (TIME_NS / 3) ** -1.6)
    assert abs(pull.mean()) < 4 / np.sqrt(N_RECORDS)
    assert 0.75 < pull.std() < 1.25


def test_fit_is_the_maximum_of_the_likelihood_at_few_counts():
    """Of 200 counts of a short decay over dark ones no other minimiser finds a better place."""
    rng, time, width = np.random.default_rng(2), np.arange(0, 20, 0.05), 0.05
    for _ in range(5):
        counts = rng.poisson(100 * np.exp(-time / 0.1) + 0.05)
        fit = fit_decay(decay(counts, time), window_ns=(0, 20), background=None)

        def cost(log, counts=counts):
            height, lifetime, level = np.exp(log)
            lower, upper = (np.exp(-(time + half) / lifetime) for half in (-width / 2, width / 2))
            mean = height * lifetime / width * (lower - upper) + level + 1e-280
            return float((mean - xlogy(counts, mean)).sum())

        first = np.log([100, 0.1, 0.05])
        known = optimize.minimize(cost, first, method="Nelder-Mead", tol=1e-10)
        assert fit.converged
        assert cost(np.log([float(one) for one in fit.values()])) < known.fun + 1e-6
        assert fit["lifetime_ns"].value == pytest.approx(np.exp(known.x[1]), rel=1e-3)
        # without a background two lifetimes compete, of which the longer one is the better
        alone = fit_decay(decay(counts, time), window_ns=(0, 20))
        trials = [
            optimize.minimize(lambda log: cost([*log, -600.0]), np.log(one), method="Nelder-Mead")
            for one in ([100, 0.1], [10, 1.0])
        ]
        best = min(one.fun for one in trials)
        assert cost([*np.log([float(one) for one in alone.values()][:2]), -600.0]) < best + 1e-6


def test_a_background_is_found_though_its_start_is_none():
    """With dark counts fitted the lifetime is right in all draws, with an error."""
    rng, time = np.random.default_rng(1), np.arange(0, 20, 0.05)
    mean = 100 * np.exp(-time / 2.2) + 10
    how = {"window_ns": (0, 20), "background": None}
    found = [fit_decay(decay(rng.poisson(mean), time), **how)["lifetime_ns"] for _ in range(25)]
    pull = np.array([one.z(2.2) for one in found])
    assert np.abs(pull).max() < 4
    assert 0.6 < pull.std() < 1.4


def test_response_is_taken_out():
    """With the response the lifetime holds from before the pulse on; without it, it does not."""
    time = np.arange(-0.5, 3, 0.025)
    counts = decay(1e5 * blurred(started, time), time)
    window = (-0.5, 3.0)
    with_irf = fit_decay(counts, window_ns=window, irf=IRF)["lifetime_ns"].value
    assert with_irf == pytest.approx(2.2, rel=2e-3)
    without = fit_decay(counts, window_ns=window)["lifetime_ns"]
    assert np.isnan(without.value)
    assert "counts rise at first, to a maximum at 0.2" in without.note


def test_response_shifts_the_tail():
    """A response late by 0.1 ns makes a tail look flatter or steeper unless it is taken out."""
    time = TIME_NS[TIME_NS > 1]
    counts = decay(1e6 * blurred(lambda t: t**-1.6, time), time)
    window = (1.2, 20.0)
    assert fit_tail(counts, window_ns=window, irf=IRF)["exponent"].value == pytest.approx(
        1.6, rel=1e-4
    )
    assert abs(fit_tail(counts, window_ns=window)["exponent"].value - 1.6) > 0.03


@pytest.mark.parametrize("fit", [fit_decay, fit_tail])
def test_background_is_given_or_found(fit):
    """A constant background is no harm if its value is given or fitted."""
    shape = np.exp(-TIME_NS / 2.2) if fit is fit_decay else (TIME_NS / 3) ** -1.6
    counts = decay(1000 * shape + 30)
    name, truth = ("lifetime_ns", 2.2) if fit is fit_decay else ("exponent", 1.6)
    assert fit(counts, background=30)[name].value == pytest.approx(truth, rel=1e-3)
    free = fit(counts, background=None)
    assert free[name].value == pytest.approx(truth, rel=1e-2)
    assert free["background"].value == pytest.approx(30, rel=0.05)
    assert abs(fit(counts)[name].value - truth) > 0.03


EDGES_NS = np.concatenate([[0.0], np.geomspace(0.1, 30, 70)])


def uneven(mean_before, edges=EDGES_NS):
    """Bins between edges, named by their starts as in the histograms of emission."""
    mean = np.diff(mean_before(edges))
    record = xr.DataArray(mean, {"delay_ns": edges[:-1]})
    return record.assign_coords(delay_end_ns=("delay_ns", edges[1:]))


def exponential_before(t):
    return 5000 * 2.2 * -np.expm1(-t / 2.2) + 40 * t


def power_law_before(t):
    return 3000 * (3 - t**-0.6 / 0.6) + 5 * t


@pytest.mark.parametrize("background", [None, "given"])
@pytest.mark.parametrize("masked", [False, True])
def test_bins_of_unequal_width_are_integrals(background, masked):
    """Lifetime, exponent and background hold for any bins, also with some of them masked."""
    for fit, before, span, rate, truth in (
        (fit_decay, exponential_before, (0, 29), 40, 2.2),
        (fit_tail, power_law_before, (1, 29), 5, 1.6),
    ):
        record = uneven(before, EDGES_NS if fit is fit_decay else EDGES_NS[1:])
        width = float(np.median(record.delay_end_ns - record.delay_ns))
        if masked:
            record = record.where(np.arange(record.size) % 3 > 0)
        level = None if background is None else rate * width
        found = fit(record, window_ns=span, background=level)
        name = "lifetime_ns" if fit is fit_decay else "exponent"
        assert found[name].value == pytest.approx(truth, rel=1e-5)
        assert found["background"].value == pytest.approx(rate * width, rel=1e-4)
        height = 5000 if fit is fit_decay else 3000
        assert found["amplitude"].value == pytest.approx(height * width, rel=1e-4)


def test_merged_bins_leave_what_is_found():
    """Late bins that are merged four by four change no parameter by more than its error."""
    rng = np.random.default_rng(3)
    edges = np.append(TIME_NS - 0.0125, 20.0)
    counts = rng.poisson(400 * np.exp(-TIME_NS / 2.2) + 10)
    first = np.r_[0:200, 200:800:4]
    merged = xr.DataArray(np.add.reduceat(counts, first), {"time_ns": edges[first]})
    ends = np.append(edges[first[1:]], 20.0)
    merged = merged.assign_coords(time_end_ns=("time_ns", ends))
    how = {"window_ns": (0, 20), "background": None}
    one, two = fit_decay(decay(counts), **how), fit_decay(merged, **how)
    for name in one:
        per_ns = [float(fit[name]) / width for fit, width in ((one, 0.025), (two, 0.025))]
        assert abs(np.diff(per_ns)) < 0.3 * one[name].std_err / 0.025
        assert two[name].std_err == pytest.approx(one[name].std_err, rel=0.1)


def test_unknown_widths_are_refused():
    """An uneven axis without widths is an error that says what to give."""
    with pytest.raises(ValueError, match="give the width of every bin"):
        fit_tail(decay(GOOD.values[::2], np.geomspace(1, 20, 400)))


def test_masked_bins_are_left_out():
    """Whatever stood there, a fit of the other bins is the same."""
    rng = np.random.default_rng(4)
    counts = decay(rng.poisson(1000 * np.exp(-TIME_NS / 2.2)).astype(float))
    bad = np.isin(np.arange(800), [3, 50, 51, 52, 700])
    fit = fit_decay(counts.where(~bad), window_ns=(0, 20))
    spoiled = fit_decay(counts.where(~bad, 1e5).where(~bad), window_ns=(0, 20))
    assert fit["lifetime_ns"].value == spoiled["lifetime_ns"].value
    assert fit["lifetime_ns"].z(2.2) < 4
    assert fit.n_points == 795


def lamp(height, time=TIME_NS, at=1.5, floor=1.0):
    return np.where(time > at, height * np.exp(-(time - at) / 2.2), 0) + floor


@pytest.mark.parametrize("background", [0.0, None])
@pytest.mark.parametrize(
    "mean",
    [
        lamp(1000),
        lamp(1e5),
        lamp(1000, at=10),
        0 * TIME_NS + 20,
        0 * TIME_NS + 0.1,
        5 + TIME_NS,
        5 + 50 * TIME_NS,
    ],
)
def test_a_lifetime_that_is_not_there_is_none(mean, background):
    """Late pulses, levels and rises have no lifetime: NaN, the reason, and no success."""
    for seed in range(3):
        counts = decay(np.random.default_rng(seed).poisson(mean))
        fit = fit_decay(counts, window_ns=(0, 20), background=background)
        assert np.isnan(fit["lifetime_ns"].value)
        assert "not determined by this record" in fit["lifetime_ns"].note
        assert not fit.converged
        assert not fit["lifetime_ns"].converged
        assert np.isfinite(fit.fitted).all()


def test_light_in_one_bin_has_no_lifetime():
    """All but dark counts in the first bin: no lifetime is short enough to be told from none."""
    mean = np.where(TIME_NS < 0.02, 1000, 0.2)
    found = fit_decay(decay(np.random.default_rng(1).poisson(mean)), background=None)
    assert np.isnan(found["lifetime_ns"].value)
    assert "light in no time" in found.message


def test_a_tail_of_nothing_has_no_exponent():
    """Over a fitted background a level has none; rising counts have none in any case."""
    counts = decay(np.random.default_rng(1).poisson(0 * TIME_NS + 20))
    assert np.isnan(fit_tail(counts, background=None)["exponent"].value)
    level = fit_tail(counts)["exponent"]
    assert level.value < 4 * level.std_err
    assert np.isnan(fit_tail(decay(5 + 50 * TIME_NS))["exponent"].value)


@pytest.mark.parametrize(
    ("mean", "lifetime_ns", "background"),
    [
        (100 * np.exp(-TIME_NS / 60), 60, 0.0),
        (2 * np.exp(-TIME_NS / 2.2) + 0.05, 2.2, None),
        (500 * np.exp(-TIME_NS / 0.02), 0.02, 0.0),
    ],
)
def test_a_lifetime_that_is_there_is_kept(mean, lifetime_ns, background):
    """Three windows long, at few counts or shorter than a bin: right, without a word."""
    rng = np.random.default_rng(5)
    how = {"window_ns": (0, 20), "background": background}
    start = np.diff(np.append(TIME_NS - 0.0125, 20)) / 0.025
    found = [fit_decay(decay(rng.poisson(mean * start)), **how) for _ in range(20)]
    pull = np.array([fit["lifetime_ns"].z(lifetime_ns) for fit in found])
    assert np.abs(pull).max() < 4
    assert sum(bool(fit["lifetime_ns"].note) for fit in found) <= 1


def test_counts_that_rise_a_little_are_noted():
    """A rounded start keeps its lifetime, with a note of the rise."""
    mean = 5000 * np.exp(-TIME_NS / 2.2) * (1 - np.exp(-TIME_NS / 0.03))
    fit = fit_decay(decay(mean))
    assert fit.converged
    assert fit["lifetime_ns"].note.startswith("counts rise at first, to a maximum at 0.1")


@pytest.mark.parametrize("level", [0, 10])
def test_dark_counts_under_the_response_are_no_light(level):
    """Through a response on a level, with its noise, a lifetime of 1 ns is 1 ns."""
    rng, time = np.random.default_rng(6), np.arange(-1, 20, 0.05)
    response = 4000 * np.exp(-((time - 0.1) ** 2) / (2 * 0.08**2)) + level
    irf = xr.DataArray(rng.poisson(response), {"time_ns": time})
    light = blurred(lambda t: np.where(t >= 0, np.exp(-np.maximum(t, 0)), 0), time)
    how = {"window_ns": (-1, 20), "background": None, "irf": irf}
    found = fit_decay(decay(rng.poisson(500 * light + 2), time), **how)["lifetime_ns"]
    assert found.value == pytest.approx(1, abs=0.03)
    assert found.std_err < 0.015


@pytest.mark.parametrize("with_irf", [False, True])
def test_light_of_earlier_pulses_is_in_the_model(with_irf):
    """At a period of four lifetimes these are right with it, and wrong without."""
    rng, time = np.random.default_rng(7), np.arange(0.025, 20, 0.05)

    def light(t):
        return np.exp(-np.mod(t, 20) / 5)

    mean = 1000 * (blurred(light, time) if with_irf else light(time))
    counts = decay(rng.poisson(mean), time)
    how = {"window_ns": (0, 20), "irf": IRF if with_irf else None}
    assert abs(fit_decay(counts, period_ns=20, **how)["lifetime_ns"].z(5)) < 4
    flat = {"window_ns": (0, 20), "period_ns": 8.0}
    assert not fit_decay(counts, **flat).goodness.p_value > 1e-3


def test_a_tail_of_many_pulses_is_that_of_one():
    """With the period the exponent is that of one pulse; it must be above 1 and fit in."""
    time = TIME_NS[TIME_NS > 1]
    k = np.arange(20000)
    mean = np.array([((t + 20 * k) ** -1.6).sum() + ((20 * k[-1]) ** -0.6) / 12 for t in time])
    counts = decay(1e4 * mean, time)
    how = {"window_ns": (1.2, 19.9)}
    found = fit_tail(counts, period_ns=20, **how)["exponent"]
    assert found.value == pytest.approx(1.6, abs=1e-3)
    assert fit_tail(counts, **how)["exponent"].value < 1.45
    with pytest.raises(ValueError, match=r"^period_ns"):
        fit_tail(counts, period_ns=10, **how)


def test_curve_takes_times_of_any_shape():
    """The fitted curve at the middles of the bins is what was fitted."""
    fit = fit_decay(GOOD, background=3.0)
    np.testing.assert_allclose(fit.curve(TIME_NS[TIME_NS < 3]), fit.fitted)
    assert fit.curve(1.0).shape == ()
    assert fit.curve(1.0, amplitude=0.0) == 3.0


def test_prompt_fraction_is_that_of_the_counts():
    """The fraction of an exponential is 1 - exp(-3/tau), with a binomial error."""
    mean = 2000 * np.exp(-TIME_NS / 2.2) + 10
    exact = prompt_fraction(decay(2000 * np.exp(-TIME_NS / 2.2)))
    assert exact.value == pytest.approx(-np.expm1(-3 / 2.2), rel=1e-3)
    assert (exact.unit, exact.method) == ("", "prompt fraction")
    rng = np.random.default_rng(3)
    found = [prompt_fraction(decay(rng.poisson(mean)), background=10) for _ in range(400)]
    values = np.array([e.value for e in found])
    assert abs(values.mean() - exact.value) < 4 * values.std() / 20
    assert found[0].std_err == pytest.approx(values.std(), rel=0.15)


def test_nothing_above_background_has_no_fraction():
    """Without counts above the background the fraction is NaN with a note."""
    found = prompt_fraction(decay(np.zeros(TIME_NS.size)))
    assert np.isnan(found.value)
    assert found.note == "no counts above the background"


@pytest.mark.parametrize("until_ns", [3.0, 3.21])
def test_prompt_fraction_does_not_depend_on_the_bins(until_ns):
    """In bins of any width, of which one may hold the end, it is that of the light."""
    counts = uneven(exponential_before)
    level = 40 * float(np.median(counts.delay_end_ns - counts.delay_ns))
    found = prompt_fraction(counts, until_ns=until_ns, background=level)
    known = -np.expm1(-until_ns / 2.2) / -np.expm1(-30 / 2.2)
    assert found.value == pytest.approx(known, abs=0.01)


def test_emission_of_a_simulation_has_the_lifetime_of_the_model():
    """Its histogram has bins of many widths, the last without end: all fits take it as it is."""
    pulses = PulseTrain(excitation_density=0.08, period_us=10, n_pulses=60)
    run = simulate(ExcitonModel(), pulses, seed=1, n_trains=2)
    emission = run.emission_count.sum(["train", "r_nm"])
    assert len(set(np.diff(emission.delay_ns).round(6))) > 10
    lifetime = fit_decay(emission, window_ns=(0, 30))["lifetime_ns"]
    assert abs(lifetime.z(ExcitonModel().lifetime_ns)) < 4
    fraction = prompt_fraction(emission)
    assert abs(fraction.z(-np.expm1(-3 / ExcitonModel().lifetime_ns))) < 4
    with pytest.raises(ValueError, match="bin without end"):
        prompt_fraction(emission, background=1.0)


def test_prompt_fraction_is_possible_or_says_so():
    """Whatever the background, a value beyond 0 and 1 is NaN or has a note."""
    rng = np.random.default_rng(8)
    mean = 2 * np.exp(-TIME_NS / 2.2) + 10
    seen = set()
    for background in np.linspace(0, 13, 60):
        found = prompt_fraction(decay(rng.poisson(mean)), background=float(background))
        possible = 0 <= found.value <= 1
        assert possible or found.note
        seen.add((possible, bool(found.note)))
    assert len(seen) >= 2
    dim = prompt_fraction(decay(rng.poisson(mean)), background=10.1)
    assert "not determined" in dim.note


def test_prompt_fraction_takes_what_came_before_for_late_light():
    """A period that is recorded from before the pulse has the fraction of one from the pulse on."""
    time = np.arange(-4.975, 15, 0.05)
    light = np.exp(-np.mod(time, 20) / 2.2)
    found = prompt_fraction(decay(1e4 * light, time), period_ns=20.0)
    assert found.value == pytest.approx(-np.expm1(-3 / 2.2) / -np.expm1(-20 / 2.2), rel=1e-3)
    with pytest.raises(ValueError, match="length of counts"):
        prompt_fraction(decay(1e4 * light, time), period_ns=10.0)


def test_a_masked_bin_has_no_sum():
    """A fraction of what is not known is an error, where a level is that of the other bins."""
    with pytest.raises(ValueError, match="must be finite"):
        prompt_fraction(GOOD.where(TIME_NS > 1))
    level = xr.DataArray([2.0, np.nan, 4.0, 9.0], {"time_ns": [-1.0, -0.8, -0.6, -0.4]})
    assert level_before_pulse(level, -0.5) == pytest.approx(3)


def test_level_is_counts_of_a_median_bin():
    """Of unequal bins it is their rate times the median width; one over the pulse is none."""
    edges = np.array([-4, -2, -1, 0.5, 1.5, 2.5])
    counts = xr.DataArray([8.0, 4.0, 90.0, 30, 10], {"time_ns": edges[:-1]})
    counts = counts.assign_coords(time_end_ns=("time_ns", edges[1:]))
    assert level_before_pulse(counts) == 4.0


@pytest.mark.parametrize("measure", [fit_decay, fit_tail, prompt_fraction])
@pytest.mark.parametrize(
    ("counts", "message"),
    [
        (GOOD.where(TIME_NS > 1, np.inf), "must be finite"),
        (GOOD - 5, "are negative"),
        (GOOD[[0, 2, 1, *range(3, 800)]], "time_ns must increase"),
        (GOOD.rename(time_ns="t"), "must have 'time_ns'"),
        (GOOD.expand_dims(position_nm=[0.0, 30.0]), "must have 'time_ns' only"),
    ],
)
def test_unusable_decays_are_refused(measure, counts, message):
    """What is wrong with a decay is a ValueError that names it."""
    with pytest.raises(ValueError, match=message):
        measure(counts)


@pytest.mark.parametrize(
    ("fit", "arguments", "message"),
    [
        (fit_decay, {"window_ns": (3, 3)}, "^window_ns"),
        (fit_decay, {"window_ns": 3}, "^window_ns"),
        (fit_decay, {"window_ns": (0, "a")}, "^window_ns"),
        (fit_decay, {"window_ns": (30, 40)}, "0 bins with counts"),
        (fit_decay, {"irf": IRF * 0}, "sum of irf"),
        (fit_decay, {"background": -1.0}, "^background = -1.0"),
        (fit_decay, {"period_ns": 0.0}, "^period_ns"),
        (fit_tail, {"window_ns": (0.0, 20)}, "start of window_ns"),
        (fit_tail, {"window_ns": (0.3, 20), "irf": IRF}, "start of window_ns"),
        (prompt_fraction, {"until_ns": 0.0}, "^until_ns"),
    ],
)
def test_unusable_settings_are_refused(fit, arguments, message):
    """A setting out of range is a ValueError that names it."""
    with pytest.raises(ValueError, match=message):
        fit(GOOD, **arguments)


def test_deviation_is_that_of_the_curve_and_not_of_the_noise():
    """With a hundred times the photons it stays, where chi-square grows."""
    shape, rng = np.exp(-TIME_NS / 1) + np.exp(-TIME_NS / 4), np.random.default_rng(1)
    exact = systematic_deviation([fit_decay(decay(1e9 * shape))])
    for counts in (1000, 100_000):
        fits = [fit_decay(decay(rng.poisson(counts * shape))) for _ in range(20)]
        assert abs(systematic_deviation(fits).z(exact)) < 3


def test_right_curve_deviates_by_nothing_but_noise():
    """For exponentials the square of the deviation has mean 0; where it is negative, a note."""
    rng, mean = np.random.default_rng(1), 1000 * np.exp(-TIME_NS / 2.2)
    fits = [fit_decay(decay(rng.poisson(mean))) for _ in range(N_RECORDS)]
    assert systematic_deviation(fits).value < 0.01
    notes = [systematic_deviation([fit]).note for fit in fits]
    assert 0.3 < np.mean([bool(note) for note in notes]) < 0.7
    with pytest.raises(ValueError, match=r"^fits is empty"):
        systematic_deviation([])


def test_level_is_that_before_the_pulse():
    """Only bins before the response count, over all positions; without any it is an error."""
    counts = xr.DataArray([[1.0, 3.0], [9.0, 9.0]], {"time_ns": [-0.5, 0.5]}, ("time_ns", "x"))
    assert level_before_pulse(counts) == 2
    with pytest.raises(ValueError, match=r"until_ns = -0\.6 is before the first bin"):
        level_before_pulse(counts, -0.6)


def bins(counts, edges):
    """Counts between edges."""
    record = xr.DataArray(counts, {"time_ns": edges[:-1]}, "time_ns")
    return record.assign_coords(time_end_ns=("time_ns", edges[1:]))


def test_prompt_fraction_by_hand():
    """Bins of their own widths over a background per median one; one holds the end in part.

    The median is that of the record, as for the level before the pulse.
    """
    edges = np.array([-3.0, -2.0, -1.0, 0.0, 1.0, 3.0, 6.0])
    counts = np.array([4.0, 4.0, 4.0, 900.0, 700.0, 500.0])
    background = level_before_pulse(bins(counts, edges))
    assert background == 4
    found = prompt_fraction(bins(counts, edges), until_ns=1.5, background=background)
    light = counts[3:] - 4 * np.array([1, 2, 3])
    share = (light[0] + light[1] / 4) / light.sum()
    assert found.value == pytest.approx(share)
    prompt = np.array([1, 0.25, 0])
    error = math.sqrt(counts[3:] @ (prompt - share) ** 2) / light.sum()
    assert found.std_err == pytest.approx(error)
    usual = prompt_fraction(bins(counts, edges))
    assert usual == prompt_fraction(bins(counts, edges), until_ns=3.0, background=0.0)
    # a bin about the pulse belongs to it
    about = prompt_fraction(bins([50.0, 50.0], np.array([-0.5, 0.5, 4.5])), until_ns=0.5)
    assert about.value == 0.5


def test_periods_have_an_end():
    """A record may be as long as the period, to a thousandth, and prompt ends before it does."""
    edges = np.array([-1.0, 0.0, 2.0, 3.0])
    counts = bins([100.0, 500.0, 200.0], edges)
    found = prompt_fraction(counts, until_ns=2.0, period_ns=4.0)
    assert found.value == pytest.approx(5 / 8)
    assert prompt_fraction(counts, until_ns=2.0, period_ns=3.9965).value == found.value
    with pytest.raises(ValueError, match="length of counts"):
        prompt_fraction(counts, until_ns=2.0, period_ns=3.99)
    late = bins([300.0, 200.0, 500.0], edges + 2)  # the last bin follows the next pulse
    assert prompt_fraction(late, until_ns=2.0, period_ns=4.0).value == pytest.approx(0.8)
    with pytest.raises(ValueError, match=r"^period_ns"):
        prompt_fraction(counts, until_ns=5.0, period_ns=4.0)


@pytest.mark.parametrize(
    ("total", "known"), [(-5.0, False), (0.0, False), (0.5, False), (29.0, False), (31.0, True)]
)
def test_light_must_be_three_errors_above_the_background(total, known):
    """Below there is no fraction, and the note says how little there is."""
    values, light = np.array([64.0, 36.0]), np.array([0.75, 0.25]) * total
    found = _share(values, light, np.array([1.0, 0.0]))
    assert (found.unit, found.method) == ("", "prompt fraction")
    if known:
        assert found.value == 0.75
        assert found.std_err == pytest.approx(math.sqrt(64 * 0.25**2 + 36 * 0.75**2) / total)
        assert found.note == ""
    else:
        assert math.isnan(found.value)
        some = f"not determined: {total:.3g} ± 10 counts above the background"
        assert found.note == (some if total > 0 else "no counts above the background")


@pytest.mark.parametrize("prompt", [(1.0, 0.0), (0.0, 1.0)])
@pytest.mark.parametrize("errors", [-0.1, 0.1, 2.9, 3.1])
def test_fractions_beyond_one_by_three_errors_are_none(prompt, errors):
    """Either part may be below its background by less, which is noted."""
    values = np.array([10_000.0, 2_500.0])

    def share(lost):
        return _share(values, np.array([3000.0, -lost]), np.array(prompt))

    def beyond(lost):
        """By hand, in standard errors."""
        fraction = 3000 / (3000 - lost)
        error = math.sqrt(values @ (np.array([1.0, 0.0]) - fraction) ** 2) / (3000 - lost)
        return (fraction - 1) / error

    lost = optimize.brentq(lambda one: beyond(one) - errors, -900, 900)
    found = share(lost)
    assert math.isnan(found.value) == (errors > 3)
    assert ("below the background" in found.note) == (errors > 0)
    assert found.note.startswith("not determined") == (errors > 3)
    assert found.unit == ""


def test_level_counts_bins_before_a_time():
    """By their middles, to the rounding of it; before the response unless told."""
    time = np.round(np.arange(-0.6, 0.6, 0.1), 1)
    counts = decay(np.arange(12.0), time)
    assert level_before_pulse(counts) == pytest.approx(1.5)
    for until_ns, last in ((-0.3, 3), (-0.31, 2), (0.25, 8)):
        level = level_before_pulse(counts, until_ns)
        assert level == pytest.approx(np.mean(np.arange(last + 1)))


def test_deviation_by_hand():
    """Root of what chi-square has beyond its expected value, over the counts of all fits."""
    fit = fit_decay(GOOD)
    one = replace(fit, chi_square=150.0, n_free=100.0, fitted=np.full(4, 200.0))
    two = replace(fit, chi_square=80.0, n_free=50.0, fitted=np.full(4, 50.0), converged=False)
    found = systematic_deviation([one, two])
    square, error = 80 / 1000, math.sqrt(4 * 230 - 2 * 150) / 1000
    assert found.value == pytest.approx(math.sqrt(square))
    assert found.std_err == pytest.approx(error / (2 * math.sqrt(square)))
    assert (found.unit, found.converged) == ("", False)
    assert systematic_deviation([one, one]).converged
    assert systematic_deviation([replace(one, chi_square=100.0)]).note == "within the noise"
    none = systematic_deviation([replace(one, chi_square=90.0)])
    assert (none.value, none.unit, none.note) == (0.0, "", "within the noise")
    assert none.std_err == pytest.approx((2 * 100) ** 0.25 / math.sqrt(800))
    for wrong, said in (("all", "fits"), ([1.0], r"fits\[0\]")):
        with pytest.raises(TypeError, match=f"^{said} "):
            systematic_deviation(wrong)


@pytest.mark.parametrize(("fit", "window_ns"), [(fit_decay, (0.0, 3.0)), (fit_tail, (3.0, 20.0))])
def test_what_is_not_said_is_usual(fit, window_ns):
    """An exponential of the first 3 ns, and a tail after it, without background."""
    late = np.arange(0.0125, 25, 0.025)
    counts = decay(np.round(1000 * np.exp(-late / 2.2)), late)
    usual, told = fit(counts), fit(counts, window_ns=window_ns, background=0.0)
    assert usual.n_points == told.n_points
    assert [float(one) for one in usual.values()] == [float(one) for one in told.values()]
    assert usual.method == {fit_decay: "exponential", fit_tail: "power-law tail"}[fit]


def test_a_tail_starts_after_zero_and_after_the_response():
    """The bin that holds its start may begin before it, by less than is left."""
    coarse = decay(np.round(1e5 * np.arange(0.25, 20, 0.5) ** -1.6), np.arange(0.25, 20, 0.5))
    with pytest.raises(ValueError, match="start of window_ns"):
        fit_tail(coarse, window_ns=(0.2, 20))
    assert np.isfinite(fit_tail(coarse, window_ns=(0.26, 20))["exponent"].value)
    with pytest.raises(ValueError, match="start of window_ns"):
        fit_tail(GOOD, window_ns=(0.4, 20), irf=IRF)
    assert fit_tail(GOOD, window_ns=(0.45, 20), irf=IRF).n_points > 700
    assert fit_tail(GOOD, window_ns=(1.0, 20), period_ns=20.0).n_points > 700


@pytest.mark.parametrize("lifetime_ns", [0.005, 5e3])
def test_lifetimes_far_from_the_bins_are_started_from(lifetime_ns):
    """A fifth of a bin, and hundreds of windows, are found in counts without noise."""
    edges = np.arange(0, 20.0001, 0.025)
    mean = -1e9 * np.diff(np.exp(-edges / lifetime_ns)) * lifetime_ns / 0.025
    fit = fit_decay(bins(mean.round(), edges), window_ns=(0, 20))
    assert fit["lifetime_ns"].value == pytest.approx(lifetime_ns, rel=1e-3)


EDGES = np.array([[0.0, 1.0], [1.0, 2.0], [2.0, 4.0], [6.0, 8.0]])
BINS = binned.Bins(EDGES, np.array([4.0, 3, 2, 1]), 0.5, 0.2)


def test_bins_are_as_wide_as_they_are():
    """Over the width of the reference; those around times have this, and lie as the record's do."""
    np.testing.assert_allclose(BINS.widths, [2, 2, 4, 4])
    around = BINS.around(np.array([3.0, 7.0, 9.0]))
    np.testing.assert_allclose(around, [[2.8, 3.3], [6.8, 7.3], [8.8, 9.3]])


def test_bins_of_a_window_have_their_middle_in_it():
    """At its ends as well, but for rounding; masked ones are none."""
    start = np.array([0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.7])
    counts = xr.DataArray([9.0, 8, 1, 6, 5, 4, 3], {"time_ns": start})
    ends = np.array([0.1, 0.2, 0.3, 0.4, 0.5, 0.7, 0.9])
    counts = counts.assign_coords(time_end_ns=("time_ns", ends))
    found = binned.bins_of(counts, (0.05, 0.6))
    assert found.counts.tolist() == [9, 8, 1, 6, 5, 4]
    np.testing.assert_allclose(found.edges, np.stack([start, ends], axis=1)[:6])
    assert (found.width_ns, found.before_ns) == (pytest.approx(0.1), 0)
    assert binned.bins_of(counts, (0.05 + 1e-12, 0.6 - 1e-12)).counts.size == 6
    assert binned.bins_of(counts, (0.05 + 1e-8, 0.6 - 1e-8)).counts.tolist() == [8, 1, 6, 5]
    masked = counts.where(counts.time_ns != 0.1)
    assert binned.bins_of(masked, (0, 1)).counts.tolist() == [9, 1, 6, 5, 4, 3]
    middle = decay(np.array([9.0, 8, 7, 6]), np.array([0.5, 1.5, 2.5, 3.5]))
    assert binned.bins_of(middle, (0, 5)).before_ns == 0.5
    with pytest.raises(ValueError, match=r"^counts has 3 bins with counts within"):
        binned.bins_of(counts.where(counts > 1, 0), (0.05, 0.35))


def test_units_of_a_decay_are_counts_and_times():
    """Of all parameters, also of those without a value; the exponent has none."""
    for fit, unit in (
        (fit_decay(GOOD, background=None), "ns"),
        (fit_decay(decay(0 * TIME_NS + 20)), "ns"),
        (fit_tail(GOOD, background=None), ""),
    ):
        units = {name: one.unit for name, one in fit.items()}
        name = "lifetime_ns" if unit else "exponent"
        assert units == {"amplitude": "counts", name: unit, "background": "counts"}


def test_backgrounds_are_counts_of_a_bin():
    """Up to what sums of products can hold; the error names them."""
    for background in (-1.0, 1.1e15):
        with pytest.raises(ValueError, match=r"^background = "):
            fit_decay(GOOD, background=background)
    fit_tail(GOOD, background=1e15)


def test_groups_hold_a_hundredth_of_the_counts():
    """Bins with more are a group alone; empty ones belong to the group before them."""
    even = binned._equally_filled(np.ones(256))
    assert even.size == 100
    assert {*np.diff(even)} == {2, 3}
    assert binned._equally_filled(np.array([70.0, 0, 0, 30])).tolist() == [0, 1]
    assert binned._equally_filled(np.array([50.0, 30, 20])).tolist() == [0, 1, 2]
    rare = binned._equally_filled(np.array([999.0, 5, 4, 0.5, 0.5, 991]))
    assert rare.tolist() == [0, 1, 2]


def falling_shape(edges, lifetime):
    return -lifetime * np.diff(np.exp(-edges / lifetime))[:, 0]


def falling_bins(lifetime, level=3.0):
    """Expected counts of a decay in bins of two widths."""
    edges = np.r_[np.arange(0, 20, 0.5), 20, 24, 30]
    edges = np.stack([edges[:-1], edges[1:]], axis=1)
    widths = np.diff(edges)[:, 0] / 0.5
    return binned.Bins(edges, 700 * falling_shape(edges, lifetime) + level * widths, 0.5, 0.25)


def falling_model(*trials):
    return binned.Model("given", "lifetime_ns", falling_shape, np.array(trials), "none", "infinite")


@pytest.mark.parametrize("background", [None, 3.0])
def test_a_fit_of_bins_starts_at_the_best_trial(background):
    """On counts without noise, with the amplitude and background that belong to it."""
    bins, model = falling_bins(3.0), falling_model(0.3, 1.0, 3.0, 9.0)
    amplitude, trial, level = binned._start(model, model.trials, bins, background)
    assert trial == 3.0
    assert amplitude == pytest.approx(700, rel=0.05)
    assert level == pytest.approx(3.0, rel=0.5 if background is None else 1e-9)
    mean = amplitude * falling_shape(bins.edges, trial) + level * bins.widths
    assert mean.sum() == pytest.approx(bins.counts.sum(), rel=0.02)
    assert binned._start(model, model.trials[3:], bins, background)[1] == 9.0


@pytest.mark.parametrize("lifetime", [0.5, 2.0, 8.0])
@pytest.mark.parametrize("background", [None, 3.0])
def test_a_fit_of_bins_ends_anywhere_between_its_limits(lifetime, background):
    """From the first trial to the last; the background is zero or more, or what it is held at."""
    bins = falling_bins(lifetime)
    for trials in ((0.3, 1.0, 3.0, 9.0), (0.3, 9.0)):
        fit = binned.fit_bins(falling_model(*trials), bins, background)
        assert fit["lifetime_ns"].value == pytest.approx(lifetime)
        assert fit["background"].value == pytest.approx(3.0)
        assert (fit["background"].std_err == 0) == (background is not None)
        assert fit.method == "given"
        np.testing.assert_allclose(fit.curve(bins.edges[:40, 0] + 0.25), bins.counts[:40])
    dark = replace(bins, counts=np.where(bins.edges[:, 0] < 3, bins.counts, 0))
    assert binned.fit_bins(falling_model(0.3, 9.0), dark, None)["background"].value == 0


def rising_fit(fitted, level=0.0):
    """A fit of these counts, with a background in bins of the width of the reference."""
    parameters = {
        name: Estimate(*numbers, "counts", "given", "noted")
        for name, numbers in {"background": (level, 0.0), "amplitude": (5.0, 1.0)}.items()
    }
    return Fit(parameters, "given", np.asarray(fitted, float), 1.0, 1.0, np.zeros_like)


def steps_of(counts, widths):
    """Errors by which bins exceed as many before them, by 1, 2, 4, ... bins."""
    found = []
    for n in (1, 2, 4, 8):
        before, after = counts[:n].sum(), counts[n : 2 * n].sum()
        first, second = widths[:n].sum(), widths[n : 2 * n].sum()
        noise = np.sqrt(before / first**2 + max(after, 1) / second**2)
        found.append((after / second - before / first) / noise)
    return np.array(found)


@pytest.mark.parametrize("n", [1, 2, 4, 8])
@pytest.mark.parametrize("width", [1.0, 3.0])
def test_counts_rise_by_five_errors_at_any_scale(n, width):
    """From so many bins to as many after them, in rates where widths differ."""
    widths = np.where(np.arange(17) % 2, width, 1.0)
    widths[:2] = 1.0
    for errors, rises in ((4.9, False), (5.1, True)):

        def too_high(size, errors=errors):
            rate = np.where(np.arange(17) >= n, 20 + size, 20.0)
            rate[2 * n :] = 0
            return steps_of(rate * widths, widths).max() - errors

        size = optimize.brentq(too_high, 0, 400)
        rate = np.where(np.arange(17) >= n, 20 + size, 20.0)
        rate[2 * n :] = 0
        edges = np.concatenate([[0], np.cumsum(widths)])
        bins = binned.Bins(np.stack([edges[:-1], edges[1:]], axis=1), rate * widths, 1.0, 0.0)
        reason, note = binned._rise(rising_fit(rate * widths), bins, False)
        assert reason == ""
        assert note.startswith("counts rise at first") == rises
        assert bool(note) == rises


def test_a_rise_is_noted_or_spoils_the_fit():
    """By the light that is missing before its maximum, or where the fit is at a limit."""
    edges, light = np.arange(65.0), np.full(64, 1000.0)
    light[8] = 1200
    flat = 2 * 1000.0  # in bins that are twice as wide as that of the reference
    text = "counts rise at first, to a maximum at 8.5 ns"
    wanted = f"not determined by this record: {text}; start window_ns there, or give irf"
    fit = rising_fit(light + flat, level=1000.0)
    for missing, spoilt in ((0.049, False), (0.051, True)):
        counts = light + flat
        counts[:8] -= missing * light.sum() / 8
        bins = binned.Bins(np.stack([edges[:-1], edges[1:]], axis=1), counts, 0.5, 0.25)
        found = binned._rise(fit, bins, False)
        assert found == ((wanted, "") if spoilt else ("", text))
        assert binned._rise(fit, bins, True) == (wanted, "")


def test_the_maximum_of_few_counts_is_that_of_a_hundred():
    """One bin of many among few is noise; where there are enough counts it is the maximum."""
    edges = np.arange(129.0)
    for unit, top in ((1.0, 48), (100.0, 100)):
        rate = np.where(np.arange(128) < 32, 0.0, 2.0)
        rate[40:57] = 4
        rate[100] = 9
        bins = binned.Bins(np.stack([edges[:-1], edges[1:]], axis=1), unit * rate, 1.0, 0.5)
        _, note = binned._rise(rising_fit(unit * rate + 1e-9), bins, False)
        at = float(note.rpartition("at ")[2].split(" ")[0])
        assert abs(at - top) <= (6 if unit == 1 else 0.5)


def test_what_is_not_determined_has_no_value_but_what_was_held():
    """The reason is in the notes and the message; a note more stands before the others."""
    fit = binned._without_values(rising_fit([1.0, 2.0]), "why")
    assert (fit["background"].value, fit["background"].note) == (0.0, "noted")
    lost = fit["amplitude"]
    assert np.isnan([lost.value, lost.std_err]).all()
    assert (lost.unit, lost.method, lost.note, lost.converged) == ("counts", "given", "why", False)
    assert (fit.converged, fit.message) == (False, "why")
    noted = binned._noted(rising_fit([1.0, 2.0]), "first")
    assert {one.note for one in noted.values()} == {"first; noted"}
    assert binned._noted(fit, "")["amplitude"].note == "why"


def test_the_maximum_of_a_rise_is_one_of_rates():
    """A wide bin with more counts in all is none."""
    widths = np.r_[np.ones(20), 8, np.ones(11)]
    rate = np.r_[np.zeros(4), np.full(28, 400.0)]
    rate[6] = 900
    edges = np.r_[0, np.cumsum(widths)]
    bins = binned.Bins(np.stack([edges[:-1], edges[1:]], axis=1), rate * widths, 1.0, 0.5)
    _, note = binned._rise(rising_fit(rate * widths), bins, False)
    assert note.endswith("to a maximum at 6.5 ns")


def test_smoothing_goes_no_farther_than_a_quarter_of_the_rise():
    """Of few counts, as many bins together as hold a hundred, or fewer."""
    edges, rate = np.arange(33.0), np.r_[np.zeros(8), np.full(24, 4.0)]
    rate[9], rate[13:15] = 7, 6
    bins = binned.Bins(np.stack([edges[:-1], edges[1:]], axis=1), rate, 1.0, 0.5)
    # two of eight: the pair has more than the single bin with a neighbour
    _, note = binned._rise(rising_fit(rate), bins, False)
    assert note.endswith("to a maximum at 14.5 ns")


def limit_fit(value, std_err, light, level=0.0):
    """A fit with a lifetime, of bins that hold this light."""
    numbers = {"lifetime_ns": (value, std_err), "background": (level, 0.0)}
    parameters = {name: Estimate(*one, "ns", "given") for name, one in numbers.items()}
    return Fit(parameters, "given", np.asarray(light) + level, 1.0, 1.0, np.zeros_like)


@pytest.mark.parametrize(
    ("value", "std_err", "share", "asked"),
    [
        (2.0, 0.39, 0.5, False),
        (2.0, 0.41, 0.5, True),
        (2.0, 0.1, 0.89, False),
        (2.0, 0.1, 0.91, True),
        (1.0, 0.1, 0.5, True),
        (1.01, 0.1, 0.5, False),
        (9.0, 0.1, 0.5, True),
        (8.99, 0.1, 0.5, False),
    ],
)
def test_limits_are_tried_where_an_error_does_not_exclude_them(value, std_err, share, asked):
    """It does below a fifth of the value, within the limits, unless one bin has nearly all."""
    light = np.r_[share * 1000, np.full(4, (1 - share) * 250)]
    edges = np.arange(6.0)
    # bins of twice the reference: a background of 300 is 600 in each
    bins = binned.Bins(np.stack([edges[:-1], edges[1:]], axis=1), light + 600, 0.5, 0.25)
    model, tried = falling_model(1.0, 2.0, 9.0), []

    def search(trials):
        tried.append(trials.tolist())
        return limit_fit(trials[0], 0.0, np.full(5, 4000.0))

    fit = replace(limit_fit(value, std_err, light, level=300.0), fitted=light + 600)
    assert binned._undetermined(fit, search, model, bins) == ""
    assert tried == ([[9.0], [1.0]] if asked else [])


def test_a_limit_fits_as_well_below_a_growth_of_twelve():
    """Of the deviance; the highest first, and those that have no words are none."""
    counts, edges = np.full(4, 1e4), np.arange(5.0)
    bins = binned.Bins(np.stack([edges[:-1], edges[1:]], axis=1), counts, 1.0, 0.5)
    fit = limit_fit(2.0, 1.0, counts)

    def found(high, low, **words):
        def search(trials):
            growth = high if trials[0] == 9 else low
            # of many counts each is off by a root of its mean for one of deviance
            return limit_fit(trials[0], 0.0, counts + np.sqrt(counts * growth / 4))

        return binned._undetermined(
            fit, search, replace(falling_model(1.0, 2.0, 9.0), **words), bins
        )

    assert found(12.3, 12.3) == ""
    for high, low, words in ((11.7, 3.0, "infinite"), (12.3, 11.7, "none"), (12.3, 5.0, "none")):
        reason = found(high, low)
        assert reason.startswith(f"not determined by this record: {words} fits as well")
        size = high if words == "infinite" else low
        assert float(reason.split("larger by ")[1].split(",")[0]) == pytest.approx(size, abs=0.2)
        assert reason.endswith("less than 12")
    assert found(3.0, 20.0, highest="") == ""
    assert found(20.0, 3.0, lowest="") == ""


@pytest.mark.parametrize("trials", [(0.5, 2.0), (6.0, 20.0)])
def test_a_rise_spoils_a_fit_at_its_limit(trials):
    """Unless rises are expected; within the limits it is noted."""
    edges = np.arange(65.0)
    rate = 1e6 * np.exp(-np.arange(64) / 4.0)
    rate[0] *= 0.75
    bins = binned.Bins(np.stack([edges[:-1], edges[1:]], axis=1), rate, 1.0, 0.5)
    model = replace(falling_model(*trials), lowest="", highest="")
    wide = replace(model, trials=np.array([0.5, 2.0, 6.0, 20.0]))
    within = binned.fit_bins(wide, bins, 0.0)["lifetime_ns"]
    assert within.value == pytest.approx(4, rel=0.1)
    assert within.note.startswith("counts rise at first, to a maximum at 1.5 ns")
    beyond = binned.fit_bins(model, bins, 0.0)["lifetime_ns"]
    assert np.isnan(beyond.value)
    assert "counts rise at first" in beyond.note
    expected = binned.fit_bins(model, bins, 0.0, rises=True)["lifetime_ns"]
    assert expected.value in trials


def test_what_fits_as_well_is_named():
    """A level where there is nothing else; over a background, light at the start is as good."""
    level = decay(np.random.default_rng(1).poisson(0 * TIME_NS + 20))
    said = "not determined by this record: {} fits as well, "
    assert fit_decay(level, window_ns=(0, 20)).message.startswith(said.format("a level"))
    tail = fit_tail(level, background=None).message
    assert tail.startswith(said.format("light at the start only"))
