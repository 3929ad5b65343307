"""Tests of tptools.fitting.light on spots whose light, and films whose yield, is known."""

import math
from dataclasses import replace

import numpy as np
import pytest
import xarray as xr

from tptools.film import FILMS
from tptools.fitting import quantum_yield, whole_spot_light
from tptools.instruments import IntegratingSphere

X_NM = np.arange(-1500.0, 1501.0, 50.0)
TIME_NS = np.arange(-1.0, 5.0, 0.1)
PEAK = 40.0


def scan(sigma_nm, background=0.0):
    """A spot of one peak height that is there after the pulse, on a background."""
    spot = PEAK * np.exp(-(X_NM**2) / (2 * sigma_nm**2))
    counts = np.where(TIME_NS[:, None] > -0.05, spot, 0) + background
    return xr.DataArray(counts, {"time_ns": TIME_NS, "position_nm": X_NM})


@pytest.mark.parametrize("sigma_nm", [150.0, 250.0, 350.0])
@pytest.mark.parametrize("background", [0.0, 3.0])
def test_light_is_the_integral_over_the_plane(sigma_nm, background):
    """A Gaussian spot holds 2 pi sigma^2 times its peak, whatever its background."""
    n_bins = int((TIME_NS > -0.05).sum())
    wanted = 2 * np.pi * sigma_nm**2 * PEAK * n_bins
    assert whole_spot_light(scan(sigma_nm, background)).value == pytest.approx(wanted, rel=0.02)


def test_error_is_the_scatter_of_noisy_records():
    """Over Poisson records the light has pulls of mean 0 and width 1."""
    mean, rng = scan(200.0, 2.0), np.random.default_rng(1)
    found = [whole_spot_light(mean.copy(data=rng.poisson(mean))) for _ in range(200)]
    wanted = whole_spot_light(mean).value
    pulls = np.array([one.z(wanted) for one in found])
    assert abs(pulls.mean()) < 3 / np.sqrt(200)
    assert abs(pulls.std() - 1) < 3 / np.sqrt(400)


def test_records_without_a_background_are_refused():
    """A record that starts with the pulse, or is spaced unevenly, is named as such."""
    with pytest.raises(ValueError, match="starts before the pulse"):
        whole_spot_light(scan(200.0).sel(time_ns=slice(0, None)))
    with pytest.raises(ValueError, match="equally spaced"):
        whole_spot_light(scan(200.0).isel(position_nm=[0, 1, 3, 4, 5]))


@pytest.mark.parametrize("shift_nm", [-700.0, -130.0, 12.0, 700.0])
@pytest.mark.parametrize("background", [0.0, 3.0])
def test_light_does_not_depend_on_where_zero_is(shift_nm, background):
    """A scan whose positions count from elsewhere holds the same light."""
    here = scan(200.0, background)
    there = here.assign_coords(position_nm=X_NM + shift_nm)
    wanted = whole_spot_light(here)
    assert whole_spot_light(there).value == pytest.approx(wanted.value, rel=1e-6)
    assert whole_spot_light(there, centre_nm=shift_nm).value == pytest.approx(wanted.value)


@pytest.mark.parametrize("first", [10, 25, 28])
def test_what_one_side_lacks_the_other_stands_for(first):
    """A scan that starts near the centre, or far off, holds the same light as a whole one."""
    whole, part = scan(200.0, 1.0), scan(200.0, 1.0).isel(position_nm=slice(first, None))
    wanted = whole_spot_light(whole).value
    assert whole_spot_light(part).value == pytest.approx(wanted, rel=0.02)


def test_scans_without_a_centre_are_refused():
    """One position, a spot beyond the scan, and a scan without a spot have no rings."""
    with pytest.raises(ValueError, match="number of positions = 1 "):
        whole_spot_light(scan(200.0).isel(position_nm=[30]))
    with pytest.raises(ValueError, match="to both sides"):
        whole_spot_light(scan(200.0).isel(position_nm=slice(35, None)), centre_nm=0.0)
    with pytest.raises(ValueError, match=r"shows no spot .*give centre_nm"):
        whole_spot_light(scan(200.0).isel(position_nm=slice(36, None)))
    empty = xr.full_like(scan(200.0), 5.0)
    with pytest.raises(ValueError, match="shows no spot"):
        whole_spot_light(empty)
    assert whole_spot_light(empty, centre_nm=0.0).value == pytest.approx(0, abs=1e-3)


@pytest.mark.parametrize("exciton_absorbance", [0.01, 0.04, 0.07])
def test_quantum_yield_has_right_errors(exciton_absorbance):
    """From the thinnest to the thickest film of Note 1 the yield comes back within its error."""
    film = replace(FILMS["OLA/OA"].optics, exciton_absorbance=exciton_absorbance)
    found = [quantum_yield(IntegratingSphere().measure(film, seed=s)) for s in range(300)]
    pulls = np.array([one.z(0.68) for one in found])
    assert abs(pulls.mean()) < 4 / math.sqrt(pulls.size)
    assert abs(pulls.std() - 1) < 4 / math.sqrt(2 * pulls.size)


@pytest.mark.parametrize("sample_excitation", [1001, 1000, 950])
def test_sample_that_absorbs_nothing_has_no_yield(sample_excitation):
    """A difference of the wrong sign, or within its noise, gives NaN and says why."""
    counts = {"sample_emission": 10, "blank_emission": 10}
    counts |= {"sample_excitation": sample_excitation, "blank_excitation": 1000}
    repeats = {name: ("repeat", [n]) for name, n in counts.items()}
    found = quantum_yield(xr.Dataset(repeats, attrs={"lamp_drift": 0.0}))
    assert math.isnan(found.value)
    assert found.note == "the sample took no light off the lamp"


def test_lamp_of_unknown_drift_is_refused():
    """A drift that is NaN would make the error NaN, and is named instead."""
    names = ("sample_emission", "blank_emission", "sample_excitation", "blank_excitation")
    repeats = {name: ("repeat", [n]) for name, n in zip(names, (15, 1, 80, 100), strict=True)}
    with pytest.raises(ValueError, match="lamp_drift = nan"):
        quantum_yield(xr.Dataset(repeats, attrs={"lamp_drift": math.nan}))
    with pytest.raises(ValueError, match="record lacks lamp_drift"):
        quantum_yield(xr.Dataset(repeats))
