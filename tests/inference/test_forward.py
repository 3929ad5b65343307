"""Tests of tptools.inference.forward."""

from concurrent.futures import ThreadPoolExecutor

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
