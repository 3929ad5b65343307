"""Tests of tptools.fitting.light on spots whose light is known."""

import numpy as np
import pytest
import xarray as xr

from tptools.fitting import whole_spot_light

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
    pulls = np.array([one.z(whole_spot_light(mean).value) for one in found])
    assert abs(pulls.mean()) < 3 / np.sqrt(200)
    assert abs(pulls.std() - 1) < 3 / np.sqrt(400)


def test_records_without_a_background_are_refused():
    """A record that starts with the pulse, or is spaced unevenly, is named as such."""
    with pytest.raises(ValueError, match="starts before the pulse"):
        whole_spot_light(scan(200.0).sel(time_ns=slice(0, None)))
    with pytest.raises(ValueError, match="equally spaced"):
        whole_spot_light(scan(200.0).isel(position_nm=[0, 1, 3, 4]))
