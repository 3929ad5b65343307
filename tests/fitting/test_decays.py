"""Tests of tptools.fitting.decays on decays whose answer is known."""

import numpy as np
import pytest
import xarray as xr

from tptools.fitting import (
    fit_decay,
    fit_tail,
    level_before_pulse,
    prompt_fraction,
    systematic_deviation,
)

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


def test_poisson_weights_are_maximum_likelihood():
    """The fit meets the condition of the Poisson optimum: n/mean - 1 is orthogonal to slopes."""
    counts = np.random.default_rng(2).poisson(5 * np.exp(-TIME_NS / 2.2))
    fit = fit_decay(decay(counts))
    used = TIME_NS <= 3
    excess = counts[used] / fit.fitted - 1
    assert abs(excess @ fit.fitted) < 1e-3
    assert abs(excess @ (TIME_NS[used] * fit.fitted)) < 1e-3


def test_response_is_taken_out():
    """With the response the lifetime holds from before the pulse on; without it, it does not."""
    time = np.arange(-0.5, 3, 0.025)
    counts = decay(1e5 * blurred(started, time), time)
    window = (-0.5, 3.0)
    with_irf = fit_decay(counts, window_ns=window, irf=IRF)["lifetime_ns"].value
    assert with_irf == pytest.approx(2.2, rel=2e-3)
    assert fit_decay(counts, window_ns=window)["lifetime_ns"].value > 1.2 * 2.2


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


def test_prompt_fraction_is_that_of_the_counts():
    """The fraction of an exponential is 1 - exp(-3/tau), with a binomial error."""
    mean = 2000 * np.exp(-TIME_NS / 2.2) + 10
    exact = prompt_fraction(decay(2000 * np.exp(-TIME_NS / 2.2)))
    assert exact.value == pytest.approx(-np.expm1(-3 / 2.2), rel=1e-3)
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


GOOD = decay(np.round(1000 * np.exp(-TIME_NS / 2.2)))


@pytest.mark.parametrize("measure", [fit_decay, fit_tail, prompt_fraction])
@pytest.mark.parametrize(
    ("counts", "message"),
    [
        (GOOD.where(TIME_NS > 1), "must be finite"),
        (GOOD - 5, "are negative"),
        (GOOD[[0, 2, 1, *range(3, 800)]], "time_ns must increase"),
        (GOOD.rename(time_ns="t"), "must have 'time_ns'"),
    ],
)
def test_unusable_decays_are_refused(measure, counts, message):
    """What is wrong with a decay is a ValueError that names it."""
    with pytest.raises(ValueError, match=message):
        measure(counts)


@pytest.mark.parametrize(
    ("fit", "arguments", "message"),
    [
        (fit_decay, {"window_ns": (3, 3)}, "window_ns"),
        (fit_decay, {"window_ns": (30, 40)}, "0 bins with counts"),
        (fit_decay, {"irf": IRF * 0}, "sum of irf"),
        (fit_decay, {"background": -1.0}, "background = -1.0"),
        (fit_tail, {"window_ns": (0.0, 20)}, "start of window_ns"),
        (fit_tail, {"window_ns": (0.3, 20), "irf": IRF}, "start of window_ns"),
        (prompt_fraction, {"until_ns": 0.0}, "until_ns"),
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
    with pytest.raises(ValueError, match="fits is empty"):
        systematic_deviation([])


def test_level_is_that_before_the_pulse():
    """Only bins before the response count, over all positions; without any it is an error."""
    counts = xr.DataArray([[1.0, 3.0], [9.0, 9.0]], {"time_ns": [-0.5, 0.5]}, ("time_ns", "x"))
    assert level_before_pulse(counts) == 2
    with pytest.raises(ValueError, match=r"until_ns = -0\.6 is before the first bin"):
        level_before_pulse(counts, -0.6)
