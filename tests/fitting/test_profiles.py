"""Tests of tptools.fitting.profiles against curve_fit and known Gaussians."""

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
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


@settings(deadline=None)  # the first example compiles
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


@pytest.mark.parametrize(
    ("profile", "reason"),
    [
        (np.zeros(61), "no counts"),
        (np.full(61, 3.0), "no peak"),
        (gaussian(POSITION_NM, 9, 1200, 200**2), "no peak"),
        (np.eye(61)[30], "too few counts"),
        (np.eye(61)[[10, 30, 50]].sum(0), "too few counts"),
        (np.random.default_rng(0).poisson(0.5, 61), "variance within its error"),
        (np.full(61, np.nan), "masked"),
    ],
)
def test_a_profile_without_a_width_says_why(profile, reason):
    """Every number of such a profile is NaN, with a reason, and its neighbours are left alone."""
    fit = fit_profiles(profiles(np.stack([profile, gaussian(POSITION_NM, 50, 0, 150**2)])))
    numbers = fit.drop_vars("reason").isel(a=0)
    assert all(np.isnan(numbers[name]) for name in numbers)
    assert fit.reason.values.tolist() == [reason, ""]
    assert fit.variance_nm2[1] == pytest.approx(150**2)


@settings(deadline=None)
@given(st.lists(st.integers(0, 5), min_size=61, max_size=61))
def test_every_number_has_a_width_or_a_reason(counts):
    """On any few counts the fit gives either a positive variance above its error or a reason."""
    fit = fit_profiles(profiles(np.array(counts)))
    if fit.reason == "":
        assert fit.variance_nm2 > fit.variance_err_nm2 >= 0
        assert POSITION_NM[0] <= fit.centre_nm <= POSITION_NM[-1]
    else:
        assert np.isnan(fit.variance_nm2)


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
        (profiles(np.where(POSITION_NM == 0, np.inf, 1.0)), "1 of 61 are not"),
        (profiles(np.where(POSITION_NM == 0, -2.0, 1.0)), "the lowest -2"),
        (
            profiles(np.ones((2, 61))).rename(a="time_ns").assign_coords(time_ns=[1, 1]),
            "time_ns = 1",
        ),
    ],
)
def test_unusable_counts_are_refused(counts, message):
    """Wrong dimensions, too few or unsorted positions and NaN are ValueErrors that say so."""
    with pytest.raises(ValueError, match=message):
        fit_profiles(counts)


def test_times_of_profiles_must_increase_and_stay():
    """Beside any other dimension; with what is known of them, and readings that are masked."""
    counts = profiles(np.tile(gaussian(POSITION_NM, 50, 0, 150**2, 3.0), (2, 3, 1)))
    counts = counts.rename(b="time_ns").assign_coords(time_ns=[0.0, 1.0, 2.0], side=("a", [5, 6]))
    counts = counts.assign_attrs(film="F", long_name="light", units="kHz")
    counts[0, 1, :10] = np.nan
    counts[:, :, -1] = np.nan
    fit = fit_profiles(counts.transpose("position_nm", "time_ns", "a"))
    assert fit.sizes == {"time_ns": 3, "a": 2}
    assert set(fit.coords) == {"time_ns", "side"}
    assert fit.time_ns.values.tolist() == [0, 1, 2]
    light, other = counts.attrs, {"film": "F"}
    assert {name: one.attrs for name, one in fit.items()} == {
        "amplitude": light,
        "centre_nm": other | {"units": "nm"},
        "variance_nm2": other | {"units": "nm2"},
        "background": light,
        "variance_err_nm2": other | {"units": "nm2"},
        "reason": other,
    }
    np.testing.assert_allclose(fit.variance_nm2, 150**2, rtol=1e-4)
    np.testing.assert_allclose(fit.background, 3, rtol=1e-4)
    assert [*fit] == [
        "amplitude",
        "centre_nm",
        "variance_nm2",
        "background",
        "variance_err_nm2",
        "reason",
    ]
    with pytest.raises(ValueError, match="time_ns"):
        fit_profiles(counts.assign_coords(time_ns=[0.0, 1.0, 1.0]))


def test_without_a_background_four_positions_are_enough():
    """It is zero then."""
    x = np.array([-200.0, -100.0, 0.0, 100.0])
    counts = xr.DataArray(gaussian(x, 50, -30, 90.0**2), {"position_nm": x})
    fit = fit_profiles(counts, background=False)
    assert float(fit.variance_nm2) == pytest.approx(90**2, rel=1e-4)
    assert float(fit.background) == 0
