"""Tests of tptools.inference."""

from dataclasses import replace

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

from tptools.excitation import Excitation
from tptools.fitting import relaxation_curve
from tptools.inference import CONTROLS, calibrate, calibration, curve_numbers, measure_curve
from tptools.kmc import ExcitonModel

FILM = ExcitonModel(
    hop_rate_ground_per_ps=0.02,
    hop_rate_modified_per_ps=0.5,
    relaxation_time_us=0.5,
    lifetime_ns=2.0,
)
# a small spot has few excitons where it is as dense as a large one
LASERS = [Excitation(power, 5, spot_fwhm_nm=300) for power in (60, 12, 4, 1.2)]
DARK = [replace(one, power_nW=one.power_nW / 20) for one in LASERS]
QUICK = {"seed": 1, "n_excitons": 500}


@settings(deadline=None, max_examples=25)  # the first fit is slow
@given(
    limit=st.floats(0.001, 0.1),
    amplitude=st.floats(0.05, 1),
    tau=st.floats(3, 20),
    seed=st.integers(0, 100),
)
def test_numbers_of_an_exact_exponential(limit, amplitude, tau, seed):
    """Limit, time and first point come back, in any order of the points."""
    time_us = np.geomspace(1, 100, 12)
    mixed = np.random.default_rng(seed).permutation(time_us)
    values = relaxation_curve(mixed, limit, amplitude, tau)
    axis = {"disc_time_between_excitations_us": ("laser", mixed)}
    numbers = curve_numbers(xr.Dataset({"diffusivity_cm2_s": ("laser", values)}, axis))
    highest = limit + amplitude * np.exp(-1 / tau)
    assert numbers.keys() == CONTROLS.keys()
    found = [numbers[name] for name in ("limit_cm2_s", "highest_cm2_s", "tau_us")]
    np.testing.assert_allclose(found, [limit, highest, tau], rtol=1e-3, atol=1e-5)


def test_curve_of_a_film_without_memory_is_flat_and_right():
    """Every laser finds the diffusivity of a free walk."""
    film = replace(FILM, hop_rate_ground_per_ps=0.5)
    curve = measure_curve(film, DARK, seed=2, n_excitons=10_000)
    truth = film.free_walk_diffusivity_cm2_s(0.5)
    # single points scatter by about 3 % with so few excitons
    np.testing.assert_allclose(curve.diffusivity_cm2_s, truth, rtol=0.12)
    assert float(curve.diffusivity_cm2_s.mean()) == pytest.approx(truth, rel=0.06)


def test_curve_of_a_film_with_memory_falls():
    """Points are those of the lasers, with both times, and rare excitation is slow."""
    curve = measure_curve(FILM, LASERS, seed=1, n_excitons=4000)
    for name in ("time_between_excitations_us", "disc_time_between_excitations_us"):
        assert curve[name].values.tolist() == [getattr(one, name) for one in LASERS]
    assert float(curve.diffusivity_cm2_s[0]) > 3 * float(curve.diffusivity_cm2_s[-1])


def test_each_laser_has_a_point_of_its_own():
    """Three lasers of one power have one T and three points; none depends on the others."""
    lasers = [Excitation(5, rate, spot_fwhm_nm=300) for rate in (5, 10, 20)]
    curve = measure_curve(FILM, lasers, seed=1, n_excitons=500)
    assert curve.rep_rate_MHz.values.tolist() == [5, 10, 20]
    np.testing.assert_allclose(
        curve.time_between_excitations_us, lasers[0].time_between_excitations_us
    )
    assert len(set(curve.diffusivity_cm2_s.values)) == 3
    alone = measure_curve(FILM, lasers[1:2], seed=1, n_excitons=500)
    assert alone.diffusivity_cm2_s[0] == curve.diffusivity_cm2_s[1]


def test_curve_is_that_of_its_seed():
    """The same seed gives the same curve, another one another."""
    one, again, other = (measure_curve(FILM, DARK, seed=s, n_excitons=500) for s in (1, 1, 9))
    xr.testing.assert_identical(one, again)
    assert (one.diffusivity_cm2_s != other.diffusivity_cm2_s).all()


@pytest.fixture(scope="module")
def found():
    """Calibrate from 30 % off, to what other random numbers measure of a known film."""
    wanted = curve_numbers(measure_curve(FILM, LASERS, seed=100, n_excitons=8000))
    start = replace(FILM, hop_rate_modified_per_ps=0.7 * FILM.hop_rate_modified_per_ps)
    targets = {"highest_cm2_s": wanted["highest_cm2_s"]}
    return calibrate(start, targets, LASERS, seed=1, n_excitons=8000)


def test_known_film_is_recovered(found):
    """The parameter returns to that of the film, and the target is met."""
    truth = FILM.hop_rate_modified_per_ps
    assert found.model.hop_rate_modified_per_ps == pytest.approx(truth, rel=0.1)
    assert abs(found.residuals["highest_cm2_s"]) < 0.05


def test_a_search_cut_short_says_so(found, monkeypatch):
    """One model is not enough to find a root, and the result is marked."""
    assert found.converged
    monkeypatch.setattr(calibration, "_OPTIONS", calibration._OPTIONS | {"maxfev": 1})
    short = calibration.calibrate(FILM, {"highest_cm2_s": 1.0}, LASERS, seed=1, n_excitons=1000)
    assert not short.converged


def test_only_what_a_target_controls_is_turned(found):
    """All other parameters stay, and the history holds the one that moved."""
    truth = FILM.hop_rate_modified_per_ps
    assert replace(found.model, hop_rate_modified_per_ps=truth) == FILM
    assert set(found.history) == {"hop_rate_modified_per_ps", *CONTROLS}
    assert found.history.hop_rate_modified_per_ps[0] == pytest.approx(0.7 * truth)


def test_history_has_each_model_once(found):
    """MINPACK asks for the start three times; it is one row."""
    assert not found.history.duplicated().any()
    assert len(found.history) > 2


def test_the_best_that_was_tried_is_returned(found):
    """Model and curve are those of the row with the smallest residual."""
    misses = (found.history.highest_cm2_s / found.targets["highest_cm2_s"] - 1).abs()
    best = found.history.loc[misses.idxmin()]
    assert found.model.hop_rate_modified_per_ps == best.hop_rate_modified_per_ps
    assert curve_numbers(found.curve) == best[list(CONTROLS)].to_dict()
    assert abs(found.residuals["highest_cm2_s"]) == misses.min()


@pytest.mark.parametrize(
    ("targets", "message"),
    [
        ({}, "targets is empty; name at least one of limit_cm2_s, highest_cm2_s, tau_us"),
        ({"tau_ns": 1.0}, "target = 'tau_ns' must be one of 'limit_cm2_s', 'highest_cm2_s'"),
        ({"tau_us": -1.0}, "tau_us = -1.0 must be a finite number above 0"),
        ({"tau_us": 6.0, "limit_cm2_s": 0}, "limit_cm2_s = 0 must be a finite number above 0"),
    ],
    ids=["empty", "unknown", "negative", "zero"],
)
def test_targets_that_cannot_be_are_refused(targets, message):
    """The message names the target and what may stand there, before anything is simulated."""
    with pytest.raises(ValueError, match=message):
        calibrate(FILM, targets, LASERS, **QUICK)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"seed": -1}, "seed = -1 must be an integer of at least 0"),
        ({"n_excitons": 0}, "n_excitons = 0 must be an integer of at least 1"),
    ],
    ids=["seed", "n_excitons"],
)
def test_unusable_settings_are_refused(wrong, message):
    """Seed and size of the simulation are checked wherever they enter."""
    with pytest.raises(ValueError, match=message):
        measure_curve(FILM, DARK, **QUICK | wrong)
    with pytest.raises(ValueError, match=message):
        calibrate(FILM, {"tau_us": 6.0}, DARK, **QUICK | wrong)


def test_too_few_lasers_make_no_curve():
    """Three points do not determine an exponential."""
    with pytest.raises(ValueError, match="at least 4"):
        calibrate(FILM, {"tau_us": 6.0}, DARK[:3], **QUICK)


def test_a_curve_without_a_relaxation_time_ends_the_search():
    """A film that forgets nothing of note has no time to turn, and the error says where."""
    film = replace(FILM, hop_rate_ground_per_ps=0.5)
    with pytest.raises(ValueError, match=r"relaxation_time_us = 0\.5 determines no tau_us; start"):
        calibrate(film, {"tau_us": 6.0}, DARK, **QUICK)
