"""Tests of tptools.inference.forward."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import Event

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from tptools.excitation import Excitation
from tptools.inference import READINGS, conditions, forward, measure_films
from tptools.kmc import (
    ExcitonModel,
    diffusivity,
    pulse_train,
    simulate,
    slab_diffusivity_ratio,
)

FILM = {
    "hop_rate_ground_per_ps": 0.3,
    "hop_rate_modified_per_ps": 0.3,
    "relaxation_time_us": 0.5,
    "lifetime_ns": 1.5,
    "spot_fwhm_nm": 300.0,
}
LASERS = [Excitation(10, 2.5), Excitation(5, 20)]


def test_another_spot_keeps_the_density_and_another_light_does_not():
    """The centre of a small spot is as dense; what Note 6 takes for it is 1/ln 2 as dense."""
    [(_, narrow)] = conditions({"spot_fwhm_nm": 250.0}, LASERS[:1])
    assert narrow.excitation_density == pytest.approx(LASERS[0].excitation_density)
    assert narrow.spot_fwhm_nm == 250
    [(_, bright)] = conditions({"peak_over_disc": 1.0}, LASERS[:1])
    assert bright.excitation_density == pytest.approx(LASERS[0].disc_excitation_density)
    [(_, brighter)] = conditions({"peak_over_disc": 2.0}, LASERS[:1])
    assert brighter.power_nW == pytest.approx(2 * bright.power_nW)
    [(_, usual)] = conditions({"peak_over_disc": np.log(2)}, LASERS[:1])
    assert usual.power_nW == pytest.approx(LASERS[0].power_nW)


def test_layers_are_summed():
    """Without memory a film of three layers reads less than one by the closed form."""
    films = pd.DataFrame([FILM | {"n_layers": n} for n in (1.0, 3.0)])
    found = measure_films(films, LASERS, seed=2, n_excitons=6000)
    moment = found.diffusivity_cm2_s.sel(reading="second_moment").mean("laser").values
    assert moment[1] / moment[0] == pytest.approx(slab_diffusivity_ratio(3), abs=0.06)


@pytest.fixture(scope="module")
def read():
    """Two films, with few excitons."""
    films = pd.DataFrame([FILM, FILM | {"relaxation_time_us": 5.0}])
    return measure_films(films, LASERS, seed=1, n_excitons=3000)


def test_a_film_without_memory_is_read_right(read):
    """All readings find the diffusivity of a free walk, at every laser."""
    truth = ExcitonModel().free_walk_diffusivity_cm2_s(0.3)
    assert read.diffusivity_cm2_s.dims == ("film", "laser", "reading")
    mean = read.diffusivity_cm2_s.mean(["film", "laser"])
    np.testing.assert_allclose(mean.sel(reading=list(READINGS)), truth, rtol=0.15)


def test_films_are_the_same_on_any_executor_and_from_the_cache(read, tmp_path):
    """What a film reads hangs on its own numbers and the seed, not on where or with whom it ran."""
    films = read[list(FILM)].to_dataframe()[list(FILM)]
    with ThreadPoolExecutor(1) as executor:
        alone = measure_films(
            films[1:], LASERS, seed=1, n_excitons=3000, executor=executor, cache_dir=tmp_path
        )
    xr.testing.assert_identical(alone.diffusivity_cm2_s, read.diffusivity_cm2_s[1:])
    kept = measure_films(films[1:], LASERS, seed=1, n_excitons=3000, cache_dir=tmp_path)
    xr.testing.assert_identical(kept, alone)
    other = measure_films(films[1:], LASERS[:1], seed=2, n_excitons=3000)
    assert (other.diffusivity_cm2_s != alone.diffusivity_cm2_s[:, :1]).all()


def test_short_ways_are_those_of_the_library():
    """Second moment and slices are those of `kmc.diffusivity` and `fitting.diffusivity`."""
    from tptools import fitting

    [(model, laser)] = conditions(FILM, LASERS[:1])
    run = simulate(model, pulse_train(laser, n_excitons=500), seed=1, recording=forward.RECORDING)
    assert forward._second_moment(run) == pytest.approx(diffusivity(run).value)
    counts = forward._MICROSCOPES["cut"].expected(run).counts
    assert forward._slices(counts) == pytest.approx(fitting.diffusivity(counts).value)


def test_burn_in_is_long_enough():
    """Nine in ten of the sites are modified that a film of long memory has after three times it."""
    film = FILM | {"relaxation_time_us": 20.0, "lifetime_ns": 2.5, "modification_probability": 0.02}
    [(model, laser)] = conditions(film, [Excitation(25, 2.5)])
    short = forward.burn_in_pulses(model, laser)
    sites = []
    for n in (short, 3 * short):
        run = simulate(model, pulse_train(laser, 10, n), seed=1, recording=forward.RECORDING)
        sites.append(float(run.modified_sites.isel(time_ns=0).sum()))
    assert short < 2 * model.relaxation_time_us / laser.period_us
    assert 0.87 < sites[0] / sites[1] < 1


def test_what_a_film_does_not_say_is_that_of_the_model():
    """Numbers of the film go before those of the model, layers as a count, for every laser."""
    usual = ExcitonModel(relaxation_time_us=9.0, lifetime_ns=2.0)
    found = conditions({"relaxation_time_us": 0.5, "n_layers": 2.0}, LASERS, usual)
    assert [model for model, _ in found] == 2 * [replace(usual, relaxation_time_us=0.5, n_layers=2)]
    assert conditions({"n_layers": 1.0}, LASERS[:1]) == [(ExcitonModel(), LASERS[0])]


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"film": [1.0]}, "film "),
        ({"film": {"colour": 1.0}}, "parameter of films = 'colour'"),
        ({"film": {"n_layers": 0.0}}, "n_layers = 0"),
        ({"lasers": LASERS[0]}, "lasers "),
        ({"lasers": [5.0]}, "lasers "),
        ({"model": None}, "model "),
    ],
)
def test_what_is_no_film_under_lasers_is_refused(wrong, said):
    """By the name of what is wrong."""
    with pytest.raises((TypeError, ValueError), match=f"^{said}"):
        conditions(**{"film": FILM, "lasers": LASERS} | wrong)


def test_burn_in_is_that_of_the_faster_of_two_ends():
    """Four memories in the dark, and in the light until a film that forgets nothing is paved.

    There the light at a tenth of the peak finds the sites of an exciton and a third of its hops;
    the rates of both ends add.
    """
    laser = Excitation(10, 1000)
    film = ExcitonModel(relaxation_time_us=50.0, lifetime_ns=2.0, modification_probability=0.3)

    def time_us(film, laser=laser):
        return forward.burn_in_pulses(film, laser) * laser.period_us

    dark_us = time_us(film, replace(laser, power_nW=1e-9))
    assert dark_us == pytest.approx(4 * 50, abs=laser.period_us)
    eternal_us = time_us(replace(film, relaxation_time_us=1e9))
    D = film.free_walk_diffusivity_cm2_s(film.hop_rate_ground_per_ps)
    hops = 4e5 * D * film.lifetime_ns / film.lattice_spacing_nm**2
    paved_us = laser.time_between_excitations_us / (0.1 * 0.3 * (1 + 0.3 * hops))
    assert eternal_us == pytest.approx(4 * paved_us, abs=laser.period_us)
    assert time_us(film) == pytest.approx(1 / (1 / dark_us + 1 / eternal_us), rel=1e-4)


def test_microscopes_see_what_is_recorded():
    """Both with the same steps, to the end of the recording; traps are followed for 200 ns."""
    assert forward.RECORDING.follow_ns == 200
    cut, projection = forward._MICROSCOPES.values()
    assert cut.timer == projection.timer
    assert cut.timer.window_end_ns == forward.RECORDING.until_ns > 3
    assert cut.scan.scan_step_nm == projection.scan.scan_step_nm
    assert READINGS == ("cut", "projection", "second_moment")


@pytest.mark.parametrize("n_layers", [1, 3])
def test_excitons_are_those_that_are_asked_for(monkeypatch, n_layers):
    """In all layers together, on one thread; at most one pulse more than needed."""
    [(model, laser)] = conditions(FILM | {"n_layers": n_layers}, LASERS[:1])
    seen = []

    def capture(model, pulses, **settings):
        seen.append((pulses, settings))
        raise InterruptedError

    monkeypatch.setattr(forward, "simulate", capture)
    with pytest.raises(InterruptedError):
        forward._measure(model, laser, 1, 3000)
    [(pulses, settings)] = seen
    one = 2 * np.pi * pulses.spot_sigma_sites**2 * pulses.excitation_density
    one *= model.illuminated_layers
    assert 3000 <= one * pulses.n_pulses < 3000 + one
    assert pulses.burn_in_pulses == forward.burn_in_pulses(model, laser)
    assert settings == {"seed": 1, "n_threads": 1, "recording": forward.RECORDING}


def test_a_table_says_what_it_holds(monkeypatch, capsys):
    """D by film, laser and reading, with the numbers of both, units, and how they were made."""

    def power(model, laser, *_):
        return [laser.power_nW, model.lifetime_ns, 0.0]

    monkeypatch.setattr(forward, "_measure", power)
    films = pd.DataFrame({"lifetime_ns": [1.5, 2.5, 2.0]})
    found = measure_films(films, LASERS, seed=0, n_excitons=1)
    assert capsys.readouterr().err == ""
    assert measure_films(films, LASERS, seed=0).attrs["n_excitons"] == 6000
    measure_films(films, LASERS, seed=0, n_excitons=1, progress=True)
    assert "3/3" in capsys.readouterr().err
    assert found.diffusivity_cm2_s.sel(reading="cut").values.tolist() == 3 * [[10, 5]]
    D = found.diffusivity_cm2_s.sel(reading="projection")
    assert D.T.values.tolist() == 2 * [[1.5, 2.5, 2.0]]
    assert D.dims == ("film", "laser")
    assert found.lifetime_ns.dims == ("film",)
    assert found.attrs == {"origin": "simulated", "seed": 0, "n_excitons": 1}
    units = {"power_nW": "nW", "rep_rate_MHz": "MHz", "disc_excitation_density": "1"}
    units |= {"disc_time_between_excitations_us": "us"}
    for name, unit in units.items():
        assert found[name].dims == ("laser",)
        assert found[name].values.tolist() == [getattr(one, name) for one in LASERS]
        assert found[name].attrs == {"units": unit}
    assert found.diffusivity_cm2_s.attrs == {"units": "cm2/s"}
    assert set(found.coords) == {"reading", *units}


def test_a_film_that_fails_ends_the_others(monkeypatch):
    """What has not begun does not begin; an executor of ours is closed, another one is not."""
    ended, begun, pools = Event(), [], []

    class Pool(ThreadPoolExecutor):
        def __init__(self, *_):
            super().__init__(1)
            pools.append(self)

    def failing(model, *_):
        begun.append(model)
        if len(begun) == 1:
            raise InterruptedError
        ended.wait(5)
        return [0.0, 0.0, 0.0]

    films = pd.DataFrame({"lifetime_ns": np.linspace(1, 2, 9)})
    monkeypatch.setattr(forward, "_measure", failing)
    with ThreadPoolExecutor(1) as executor:
        with pytest.raises(InterruptedError):
            measure_films(films, LASERS[:1], seed=1, executor=executor)
        ended.set()
        assert executor.submit(int).result() == 0
    assert len(begun) <= 2
    monkeypatch.setattr(forward, "ThreadPoolExecutor", Pool)
    measure_films(films, LASERS[:1], seed=1)
    with pytest.raises(RuntimeError):
        pools[0].submit(int)


@pytest.mark.parametrize(
    ("name", "wrong", "said"),
    [
        ("films", [FILM], "films "),
        ("films", pd.DataFrame(), "films has 0 rows"),
        ("lasers", [], "films has 1 rows and lasers 0"),
        ("seed", -1, "seed "),
        ("n_excitons", 0, "n_excitons "),
        ("executor", "all", "executor "),
    ],
)
def test_what_cannot_be_measured_is_refused(name, wrong, said):
    """Before anything is simulated, by name."""
    given = {"films": pd.DataFrame([FILM]), "lasers": LASERS, "seed": 1} | {name: wrong}
    with pytest.raises((TypeError, ValueError), match=f"^{said}"):
        measure_films(**given)
