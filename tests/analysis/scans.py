"""Small scans of spots that are known."""

from __future__ import annotations

import numpy as np
import xarray as xr

from tptools.fitting import spreading_spot

POSITION_NM = np.linspace(-1200.0, 1200.0, 41)
D, VARIANCE_NM2, LIFETIME_NS = 0.05, 250.0**2, 2.2


def scan(seed=1, *, counts=4e3, background=1.0, across=False, position_nm=POSITION_NM, d=D):
    """Counts from -1 to 6 ns; a small detector loses what spreads `across` the line."""
    time = np.arange(-1.0, 6.0, 0.1)
    late = np.maximum(time, 0)
    light = counts * np.exp(-late / LIFETIME_NS) * (time > -1e-9) + 1e-9
    if across:
        light = light * (1 + 2e5 * d * late / VARIANCE_NM2) ** -0.5
    spot = {"diffusivity_cm2_s": d, "variance_nm2": VARIANCE_NM2, "background": background}
    mean = spreading_spot(late, position_nm, light, **spot).assign_coords(time_ns=time)
    drawn = mean.copy(data=np.random.default_rng(seed).poisson(mean))
    return xr.Dataset({"counts": drawn}, attrs={"fit_window_ns": [0.0, 3.0], "period_ns": 400.0})
