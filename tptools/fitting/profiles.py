"""Width of every time slice: one Gaussian, by least squares, for each spatial profile."""

from __future__ import annotations

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from tptools.fitting import gaussians
from tptools.records import as_record

REASONS = {
    gaussians.GOOD: "",
    gaussians.NO_COUNTS: "no counts",
    gaussians.TOO_FEW_COUNTS: "too few counts",
    gaussians.NO_PEAK: "no peak",
    gaussians.NOT_SETTLED: "did not settle",
    gaussians.UNSURE: "variance within its error",
    gaussians.MASKED: "masked",
}


def fit_profiles(counts: xr.DataArray, *, background: bool = True) -> xr.Dataset:
    r"""Fit a Gaussian to every profile, each point with the same weight.

    .. math:: n(x) = A \exp\!\left(-\frac{(x - c)^2}{2 \sigma^2}\right) + b

    Parameters
    ----------
    counts : xarray.DataArray
        Profiles along the dimension ``position_nm``, at increasing positions; any other
        dimensions, such as ``time_ns``, number the profiles. NaN, as ``counts.where(good)`` gives,
        is left out.
    background : bool
        Whether to fit the constant b; without it b = 0.

    Returns
    -------
    xarray.Dataset
        ``variance_nm2``, ``variance_err_nm2``, ``centre_nm``, ``amplitude`` and ``background``
        over the other dimensions, NaN where ``reason`` is not empty:

        ``no counts``
            every count is zero.
        ``too few counts``
            no more positions have counts than the fit has parameters.
        ``no peak``
            the profile is flat, has a hole, or its centre lies beyond the positions.
        ``did not settle``
            no optimum was found.
        ``variance within its error``
            the noise allows any width.
        ``masked``
            there is no reading.

    Raises
    ------
    ValueError
        If there is no ``position_nm``, positions or times do not increase, there are no more
        positions than parameters, or a count is negative or infinite.

    Notes
    -----
    Levenberg-Marquardt with the analytic Jacobian J; the errors are those of
    :math:`s^2 (J^T J)^{-1}` with :math:`s^2` the residual variance, as in Supplementary Note 3.

    Examples
    --------
    >>> x = np.linspace(-500, 500, 41)
    >>> profile = xr.DataArray(100 * np.exp(-(x**2) / (2 * 120**2)), {"position_nm": x})
    >>> round(float(fit_profiles(profile).variance_nm2) ** 0.5, 3)
    120.0
    """
    counts = _record(counts)
    position, profiles = counts["position_nm"].to_numpy(), counts.to_numpy()
    flat = profiles.reshape(-1, position.size)
    fits, verdicts = gaussians.fit_rows(position, flat, 4 if background else 3)
    columns = [*fits.T, reasons_of(verdicts)]
    dims, shape = counts.dims[:-1], counts.shape[:-1]
    known = {key: one for key, one in counts.attrs.items() if key not in ("long_name", "units")}
    attrs = {
        "amplitude": counts.attrs,
        "centre_nm": known | {"units": "nm"},
        "variance_nm2": known | {"units": "nm2"},
        "background": counts.attrs,
        "variance_err_nm2": known | {"units": "nm2"},
        "reason": known,
    }
    # one dataset of plain arrays: each labelled array takes xarray as long as a hundred fits
    return xr.Dataset(
        {
            name: (dims, column.reshape(shape), own)
            for (name, own), column in zip(attrs.items(), columns, strict=True)
        },
        counts.coords.to_dataset().drop_dims("position_nm").coords,
    )


def _record(given: xr.DataArray) -> xr.DataArray:
    """The record with positions along its last axis, without those that are masked throughout."""
    counts = as_record(given, "position_nm", masked=True)
    if any(str(one).startswith("time_") for one in counts.dims):
        counts = as_record(counts, "position_nm", "time_ns", masked=True)
    counts = counts.transpose(..., "position_nm")
    if np.isnan(counts.to_numpy()).any():
        counts = counts.dropna("position_nm", how="all")
    return counts


def reasons_of(verdicts: gaussians.Verdicts) -> NDArray[np.str_]:
    """Why profiles have no width; empty where they have one."""
    reasons: NDArray[np.str_] = np.array([*REASONS.values()])[verdicts]
    return reasons
