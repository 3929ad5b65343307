"""Maps with a known answer: spots of any shape that spread, and repeated Poisson records."""

from __future__ import annotations

import numpy as np
import xarray as xr
from scipy.ndimage import gaussian_filter1d

TIME_NS = np.linspace(0, 3, 61)
POSITION_NM = np.linspace(-900, 900, 61)
FINE_NM = np.arange(-6000.0, 6000.0, 5.0)
INTENSITY = np.exp(-TIME_NS / 2.2)

SHAPES = {
    "pedestal": np.exp(-(FINE_NM**2) / (2 * 150**2)) + 0.25 * np.exp(-(FINE_NM**2) / (2 * 400**2)),
    "flat top": gaussian_filter1d((abs(FINE_NM) < 300) * 1.0, 12),
    "sinc2": np.sinc(FINE_NM / 800) ** 2,
}


def spread(
    shape: np.ndarray, diffusivity_cm2_s: float, slice_counts: float, background: float = 0.0
) -> xr.DataArray:
    """Expected counts of a spot on `FINE_NM` that diffuses, by convolution on the fine grid."""
    rows = []
    for time, intensity in zip(TIME_NS, INTENSITY, strict=True):
        sigma = np.sqrt(2 * diffusivity_cm2_s * 1e5 * time) / 5
        profile = gaussian_filter1d(shape, sigma, mode="constant", truncate=8) if sigma else shape
        profile = np.interp(POSITION_NM, FINE_NM, profile / profile.sum()) * 30 / 5
        rows.append(slice_counts * intensity * profile + background)
    return xr.DataArray(rows, {"time_ns": TIME_NS, "position_nm": POSITION_NM})


def records(mean: xr.DataArray, n: int, seed: int) -> list[xr.DataArray]:
    """Poisson records of an expected map."""
    rng = np.random.default_rng(seed)
    return [mean.copy(data=rng.poisson(mean)) for _ in range(n)]
