"""Tests of tptools.instruments.integrating_sphere against numbers known without it."""

import math
from dataclasses import replace

import numpy as np
import pytest
import xarray as xr
from streams import text_of

from tptools.film import FILMS
from tptools.fitting import quantum_yield
from tptools.instruments import IntegratingSphere

FILM = FILMS["OLA/OA"].optics
STEADY = IntegratingSphere(lamp_drift=0)


def test_absorptance_is_that_of_the_film_alone():
    """Scattering returns its light to the sphere and absorbs none."""
    absorbed = float(FILM.absorbance(370) - FILM.baseline(370))
    assert STEADY.absorptance(FILM) == pytest.approx(1 - 10**-absorbed)
    hazy = replace(FILM, baseline_absorbance=0.5)
    assert STEADY.absorptance(hazy) == pytest.approx(STEADY.absorptance(FILM))


def test_four_counts_are_poisson_about_their_means():
    """Lamp, what the film leaves of it, background, and background plus emission."""
    long = replace(STEADY, n_repeats=2000)
    record = long.measure(FILM, seed=1)
    share = long.absorptance(FILM)
    means = {
        "blank_excitation": 1e8,
        "sample_excitation": 1e8 * (1 - share),
        "blank_emission": 1e4,
        "sample_emission": 1e4 + 1e8 * share * 0.68,
    }
    for name, mean in means.items():
        counts = record[name].to_numpy()
        assert counts.dtype == np.int64
        assert abs(counts.mean() - mean) < 5 * math.sqrt(mean / counts.size)
        assert counts.var() / mean == pytest.approx(1, abs=5 * math.sqrt(2 / counts.size))


def test_lamp_drifts_between_measurements():
    """Blank excitation scatters by the drift, far beyond photon noise."""
    drifting = IntegratingSphere(lamp_drift=0.01, n_repeats=2000)
    counts = drifting.measure(FILM, seed=2).blank_excitation
    assert float(np.log(counts).std()) == pytest.approx(0.01, rel=0.1)


def test_streams_stay_what_they_were():
    """All of a record with a lamp that drifts, bit by bit."""
    dim = IntegratingSphere(
        lamp_photons=1e6, background_counts=20, lamp_drift=0.1, reabsorption=0.2
    )
    assert text_of(dim.expected(FILM), dim.measure(FILM, seed=6)) == "1c52f8ee7473c2b8"


def test_drift_leaves_the_mean_of_the_lamp():
    """A lamp that drifts is as bright on average, and the background does not drift with it."""
    drifting = IntegratingSphere(lamp_drift=0.19, n_repeats=4000, background_counts=1e7)
    record = drifting.measure(FILM, seed=5)
    lamp, dark = record.blank_excitation, record.blank_emission
    assert float(lamp.mean()) == pytest.approx(1e8, rel=4 * 0.19 / math.sqrt(4000))
    assert float(np.log(lamp).std()) == pytest.approx(0.19, rel=0.05)
    assert float(dark.std()) == pytest.approx(math.sqrt(1e7), rel=0.05)


def test_a_record_says_what_it_holds():
    """Four counts over repetitions."""
    record = IntegratingSphere().measure(FILM, seed=1)
    assert {name: (one.dims, one.units) for name, one in record.data_vars.items()} == dict.fromkeys(
        ["sample_emission", "blank_emission", "sample_excitation", "blank_excitation"],
        (("repeat",), "1"),
    )


@pytest.mark.parametrize(("share", "true"), [(0.0, 0.68), (0.3, 0.68), (0.3, 1.0)])
def test_reabsorption_is_a_series_of_chances(share, true):
    """Emitted light leaves or is absorbed and emitted once more, and so on."""
    series = sum(true * (1 - share) * (true * share) ** k for k in range(200))
    sphere = replace(STEADY, reabsorption=share)
    assert sphere.apparent_yield(true) == pytest.approx(series)
    sample = replace(FILM, quantum_yield=true)
    found = quantum_yield(sphere.measure(sample, seed=3))
    assert abs(found.z(series)) < 4


def test_record_survives_netcdf_and_the_seed_fixes_it(tmp_path):
    """Counts and attributes come back from a file."""
    record = IntegratingSphere().measure(FILM, seed=4)
    record.to_netcdf(tmp_path / "record.nc", engine="h5netcdf")
    xr.testing.assert_identical(xr.load_dataset(tmp_path / "record.nc"), record)
    xr.testing.assert_identical(record, IntegratingSphere().measure(FILM, seed=4))
    wanted = {"origin": "simulated", "seed": 4, "excitation_nm": 370.0, "n_repeats": 3}
    assert wanted.items() <= record.attrs.items()


def test_seed_must_be_an_integer():
    """A seed of noise is given, not guessed."""
    with pytest.raises(ValueError, match="seed = -1"):
        STEADY.measure(FILM, seed=-1)
