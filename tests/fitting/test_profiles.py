"""Tests of tptools.fitting.profiles against curve_fit and known Gaussians."""

import numpy as np
import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import curve_fit

from tptools.fitting import fit_profiles

POSITION_NM = np.linspace(-900, 900, 61)


def gaussian(x, amplitude, centre, variance, background=0.0):
    return amplitude * np.exp(-((x - centre) ** 2) / (2 * variance)) + background


def profiles(values: np.ndarray) -> xr.DataArray:
    return xr.DataArray(
        values, {"position_nm": POSITION_NM}, [*"ab"[: np.ndim(values) - 1], "position_nm"]
    )


@given(
    amplitude=st.floats(1, 1e6),
    centre=st.floats(-200, 200),
    sigma=st.floats(60, 300),
    background=st.floats(0, 1e3),
)
def test_exact_gaussians_are_recovered(amplitude, centre, sigma, background):
    """Without noise every parameter comes back."""
    fit = fit_profiles(profiles(gaussian(POSITION_NM, amplitude, centre, sigma**2, background)))
    assert fit.variance_nm2 == pytest.approx(sigma**2, rel=1e-4)
    assert fit.centre_nm == pytest.approx(centre, abs=1e-2)
    assert fit.amplitude == pytest.approx(amplitude, rel=1e-4)
    assert fit.background == pytest.approx(background, abs=1e-4 * (amplitude + background))


@pytest.mark.parametrize("background", [True, False])
def test_noisy_fits_are_those_of_curve_fit(background):
    """Variances, their errors and all other parameters equal scipy's on Poisson counts."""
    rng = np.random.default_rng(1)
    mean = gaussian(POSITION_NM, 200, 20, 210**2, 15 if background else 0)
    counts = rng.poisson(mean, (20, 61))
    fit = fit_profiles(profiles(counts), background=background)
    start = [200, 0, 200**2, 10] if background else [200, 0, 200**2]
    for i, row in enumerate(counts):
        best, covariance = curve_fit(gaussian, POSITION_NM, row, start)
        assert fit.variance_nm2[i] == pytest.approx(best[2], rel=1e-5)
        assert fit.variance_err_nm2[i] == pytest.approx(np.sqrt(covariance[2, 2]), rel=1e-3)
        assert fit.amplitude[i] == pytest.approx(best[0], rel=1e-5)
        assert fit.centre_nm[i] == pytest.approx(best[1], abs=1e-3)


def test_a_profile_without_counts_is_nan():
    """An all-zero profile gives NaN in every variable and leaves its neighbours alone."""
    both = np.stack([np.zeros(61), gaussian(POSITION_NM, 50, 0, 150**2)])
    fit = fit_profiles(profiles(both))
    assert all(np.isnan(fit[name][0]) for name in fit)
    assert fit.variance_nm2[1] == pytest.approx(150**2)


def test_other_dimensions_are_kept():
    """Profiles over any dimensions give a dataset over the same ones."""
    stack = np.broadcast_to(gaussian(POSITION_NM, 5, 0, 1e4), (2, 3, 61))
    assert fit_profiles(profiles(stack)).sizes == {"a": 2, "b": 3}


@pytest.mark.parametrize(
    ("counts", "message"),
    [
        (xr.DataArray(np.ones(9), dims="x"), "must have 'position_nm'"),
        (xr.DataArray(np.ones(4), {"position_nm": range(4)}), "more than the 4"),
        (xr.DataArray(np.ones(5), {"position_nm": [0, 1, 1, 2, 3]}), "must increase"),
        (profiles(np.where(POSITION_NM == 0, np.nan, 1.0)), "finite"),
    ],
)
def test_unusable_counts_are_refused(counts, message):
    """Wrong dimensions, too few or unsorted positions and NaN are ValueErrors that say so."""
    with pytest.raises(ValueError, match=message):
        fit_profiles(counts)
