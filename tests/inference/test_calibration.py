"""Tests of tptools.inference."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

from tptools.excitation import Excitation
from tptools.fitting import relaxation_curve
from tptools.inference import (
    CONTROLS,
    Calibration,
    calibrate,
    calibration,
    curve_numbers,
    measure_curve,
)
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


def exact_curve(film, lasers, *, seed, n_excitons=200_000):
    """Exponential whose limit, first point and time are the three numbers of a film."""
    time_us = np.array([one.disc_time_between_excitations_us for one in lasers])
    assert n_excitons == 200_000  # as `calibrate` has it
    limit, tau = film.hop_rate_ground_per_ps, film.relaxation_time_us
    amplitude = (film.hop_rate_modified_per_ps - limit) * np.exp(time_us.min() / tau)
    axis = {"disc_time_between_excitations_us": ("laser", time_us)}
    values = relaxation_curve(time_us, limit, amplitude, tau)
    return xr.Dataset({"diffusivity_cm2_s": ("laser", values)}, axis)


TARGETS = {"tau_us": 3.0, "limit_cm2_s": 0.03, "highest_cm2_s": 0.4}


def test_all_numbers_are_met_at_once(monkeypatch, capsys):
    """Each by its own parameter; the first steps are 0.15 on the scale of each."""
    monkeypatch.setattr(calibration, "measure_curve", exact_curve)
    start = replace(FILM, relaxation_time_us=2.0)
    found = calibrate(start, TARGETS, LASERS, seed=1)
    turned = [getattr(found.model, CONTROLS[name]) for name in TARGETS]
    np.testing.assert_allclose(turned, [*TARGETS.values()], rtol=0.05)
    assert found.targets == TARGETS
    assert found.converged
    history = found.history
    np.testing.assert_allclose(history[[*CONTROLS.values()]].iloc[0], [0.02, 0.5, 2.0])
    times = history["relaxation_time_us"]
    assert np.log(times[1] / times[0]) == pytest.approx(0.15)
    for k, name in ((2, "hop_rate_ground_per_ps"), (3, "hop_rate_modified_per_ps")):
        odds = history[name] / (1 - history[name])
        assert np.log(odds[k] / odds[0]) == pytest.approx(0.15)
    assert capsys.readouterr().err == ""
    calibrate(start, TARGETS, LASERS, seed=1, progress=True)
    assert f"{len(history)}model" in capsys.readouterr().err.replace(" ", "")


def test_residuals_are_relative():
    """What was measured over what was wanted, less one, of each target."""
    curve = exact_curve(FILM, LASERS, seed=1)
    wanted = {"tau_us": 0.4, "limit_cm2_s": 0.04}
    found = Calibration(FILM, wanted, pd.DataFrame(), curve)
    assert found.residuals == pytest.approx({"tau_us": 0.25, "limit_cm2_s": -0.5}, rel=1e-4)
    assert found.converged


def test_the_nearest_misses_least_in_all_targets_together():
    """Not the one that meets a single target, nor the largest numbers."""
    history = pd.DataFrame({"tau_us": [6.0, 5.5, 12.0, 1.0], "limit_cm2_s": [4.0, 2.2, 4.0, 1.0]})
    assert calibration._nearest(history, {"tau_us": 6.0, "limit_cm2_s": 2.0}) == 1


@pytest.mark.parametrize("n_layers", [1, 3])
def test_as_many_excitons_as_are_asked_for(monkeypatch, n_layers):
    """In two trains and all layers together, less a pulse of each; on a lattice of any spacing."""
    film, seen = replace(FILM, n_layers=n_layers, lattice_spacing_nm=5.0), []

    def capture(model, pulses, **settings):
        seen.append((pulses, settings["n_trains"]))
        raise InterruptedError

    monkeypatch.setattr(calibration, "simulate", capture)
    with pytest.raises(InterruptedError):
        measure_curve(film, LASERS[:1], seed=0, n_excitons=10_000)
    [(pulses, n_trains)] = seen
    assert pulses.spot_sigma_sites == pytest.approx(300 / 5 / np.sqrt(8 * np.log(2)))
    one = 2 * np.pi * pulses.spot_sigma_sites**2 * pulses.excitation_density
    one *= film.illuminated_layers * n_trains
    assert n_trains == 2
    assert 10_000 <= one * pulses.n_pulses < 10_000 + one
    with pytest.raises(InterruptedError):
        measure_curve(film, LASERS[:1], seed=0, n_excitons=1)


def test_a_curve_says_its_units(monkeypatch):
    """D and all that is known of its lasers, point by point."""
    monkeypatch.setattr(calibration, "_measure", lambda model, laser, *_: laser.power_nW)
    curve = measure_curve(FILM, LASERS, seed=1)
    assert curve.diffusivity_cm2_s.values.tolist() == [one.power_nW for one in LASERS]
    units = {name: one.attrs["units"] for name, one in curve.variables.items()}
    assert units == {
        "diffusivity_cm2_s": "cm2/s",
        "power_nW": "nW",
        "rep_rate_MHz": "MHz",
        "excitation_density": "1",
        "disc_excitation_density": "1",
        "time_between_excitations_us": "us",
        "disc_time_between_excitations_us": "us",
    }
    assert {one.dims for one in curve.variables.values()} == {("laser",)}
    sizes = []
    monkeypatch.setattr(calibration, "_measure", lambda *given: sizes.append(given[-1]) or 0.1)
    measure_curve(FILM, LASERS[:1], seed=1)
    assert sizes == [200_000]
    assert calibration.RECORDING.until_ns == calibration.MICROSCOPE.timer.window_end_ns > 3


def test_lasers_and_films_that_are_none_are_refused():
    """By the names that they have in each function; a curve without its axis says where from."""
    for wrong, said in ((LASERS[0], "excitations "), ([5.0], r"excitations\[0\] ")):
        with pytest.raises(TypeError, match=f"^{said}"):
            measure_curve(FILM, wrong, **QUICK)
    with pytest.raises(TypeError, match=r"^model "):
        measure_curve(None, LASERS, **QUICK)
    with pytest.raises(TypeError, match=r"^start "):
        calibrate(None, {"tau_us": 6.0}, LASERS, **QUICK)
    with pytest.raises(TypeError, match=r"^targets "):
        calibrate(FILM, ["tau_us"], LASERS, **QUICK)
    with pytest.raises(ValueError, match=r"^curve lacks .*what measure_curve returns"):
        curve_numbers(xr.Dataset())


def test_all_that_a_curve_lacks_is_named():
    """With all parameters that were turned."""
    numbers, turned = {"a": np.nan, "b": 1.0, "c": np.inf}, {"x": 0.5, "y": 2.0}
    with pytest.raises(ValueError, match=r"at x = 0\.5, y = 2 determines no a and no c;"):
        calibration._check_numbers(numbers, turned)
    calibration._check_numbers({"b": 1.0}, turned)
