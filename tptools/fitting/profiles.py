"""Width of every time slice: one Gaussian, by least squares, for each spatial profile."""

from __future__ import annotations

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from tptools.arrays import FloatArray
from tptools.fitting import engine
from tptools.records import as_record

REASONS = {
    engine.GOOD: "",
    engine.NO_COUNTS: "no counts",
    engine.TOO_FEW_COUNTS: "too few counts",
    engine.NO_PEAK: "no peak",
    engine.NOT_SETTLED: "did not settle",
    engine.UNSURE: "variance within its error",
    engine.MASKED: "masked",
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
    counts = as_record(counts, "position_nm", masked=True)
    if any(str(one).startswith("time_") for one in counts.dims):
        counts = as_record(counts, "position_nm", "time_ns", masked=True)
    if counts.isnull().any():
        counts = counts.dropna("position_nm", how="all")
    position = counts["position_nm"].to_numpy()

    def fit_all(profiles: FloatArray) -> tuple[FloatArray, ...]:
        flat = profiles.reshape(-1, position.size).astype(float)
        fits, verdicts = fit_rows(position, flat, 4 if background else 3)
        reasons = reasons_of(verdicts).reshape(profiles.shape[:-1])
        return *np.moveaxis(fits.reshape(*profiles.shape[:-1], 5), -1, 0), reasons

    columns = xr.apply_ufunc(
        fit_all,
        counts,
        input_core_dims=[["position_nm"]],
        output_core_dims=[[] for _ in range(6)],
    )
    names = ("amplitude", "centre_nm", "variance_nm2", "background", "variance_err_nm2", "reason")
    return xr.Dataset(dict(zip(names, columns, strict=True)))


def fit_rows(
    position: FloatArray, profiles: FloatArray, n_parameters: int, *, likeliest: bool = False
) -> tuple[FloatArray, NDArray[np.int8]]:
    """`fit_profiles` of rows, without labels; or the Gaussians of highest Poisson likelihood.

    Amplitude, centre, variance, background and the error of the variance, (n_profiles, 5), and the
    verdicts of `tptools.fitting.engine`.

    Examples
    --------
    >>> x = np.linspace(-500, 500, 41)
    >>> fits, verdicts = fit_rows(x, 100 * np.exp(-(x**2) / (2 * 120**2))[None], 3)
    >>> fits[0, :4].round(3) + 0.0, reasons_of(verdicts).tolist()
    (array([  100.,     0., 14400.,     0.]), [''])
    """
    if position.size <= n_parameters:
        raise ValueError(
            f"counts has {position.size} positions and must have more than the {n_parameters} "
            "parameters of the fit"
        )
    fits, verdicts = np.empty((len(profiles), 5)), np.empty(len(profiles), np.int8)
    engine.fit_gaussians(position, profiles, n_parameters, likeliest, fits, verdicts)
    return fits, verdicts


def reasons_of(verdicts: NDArray[np.int8]) -> NDArray[np.str_]:
    """Why profiles have no width; empty where they have one."""
    reasons: NDArray[np.str_] = np.array([*REASONS.values()])[verdicts]
    return reasons
