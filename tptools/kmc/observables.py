"""Diffusivity from simulated runs, by each convention in use."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Literal

import numpy as np
import xarray as xr

from tptools.arrays import FloatArray
from tptools.checks import check_choice, check_number
from tptools.estimate import Estimate
from tptools.fitting import fit_profiles
from tptools.fitting.slices import IN_THE_PLANE, MEAN_SQUARE_DISPLACEMENT
from tptools.records import as_dataset
from tptools.units import NM2_PER_NS_IN_CM2_S

Estimator = Literal["second_moment", "as_printed", "radial_profile", "gaussian", "slice_line"]


def mean_square_displacement(result: xr.Dataset) -> xr.DataArray:
    r"""Growth of <r^2> of the excitons alive at each time.

    Both averages are over the same excitons, so that the spot's own spread cancels:
    :math:`\langle r^2(t) \rangle - \langle r^2(0) \rangle`. On two axes it is 4Dt (Eq. 1), twice
    what a variance along one axis grows by, which `tptools.fitting.fit_growth` takes.

    Parameters
    ----------
    result : Dataset
        From `simulate` or `sweep`.

    Returns
    -------
    DataArray
        In nm2 over (train, time_ns), and over the conditions of a sweep.

    Raises
    ------
    ValueError
        If `result` lacks a variable of a run.

    Examples
    --------
    >>> from tptools.kmc import ExcitonModel, PulseTrain, simulate
    >>> run = simulate(ExcitonModel(), PulseTrain(0.08, 10, n_pulses=20), seed=1, n_trains=2)
    >>> mean_square_displacement(run).sel(time_ns=0).values.tolist()
    [0.0, 0.0]
    """
    result = _as_run(result, _MOMENTS)
    growth = result["r2_sum_nm2"] - result["initial_r2_sum_nm2"]
    msd = growth / result["exciton_count"]
    attrs = {"long_name": IN_THE_PLANE, "units": "nm2"}
    return msd.rename(MEAN_SQUARE_DISPLACEMENT).assign_attrs(attrs)


def density(result: xr.Dataset) -> xr.DataArray:
    r"""Mean density :math:`\rho(r, t)` of the excitons around the centre of the spot.

    Parameters
    ----------
    result : Dataset
        From `simulate` or `sweep`.

    Returns
    -------
    DataArray
        Excitons per site and pulse over (train, time_ns, r_nm), and over the conditions of a
        sweep.

    Raises
    ------
    ValueError
        If `result` lacks a variable of a run.

    Examples
    --------
    >>> from tptools.kmc import ExcitonModel, PulseTrain, simulate
    >>> run = simulate(ExcitonModel(), PulseTrain(0.08, 10, n_pulses=20), seed=1, n_trains=2)
    >>> density(run).dims
    ('train', 'time_ns', 'r_nm')
    """
    result = _as_run(result, ("radial_count", "sites_per_radius"))
    count = result["radial_count"]
    if "block" in count.dims:
        count = count.sum("block")
    # a sweep over the number of pulses has it as a coordinate
    n_pulses = result["n_pulses"] if "n_pulses" in result.coords else result.attrs["n_pulses"]
    rho = count / result["sites_per_radius"] / n_pulses
    return rho.assign_attrs(long_name="excitons per site and pulse", units="1")


def diffusivity(
    result: xr.Dataset,
    time_ns: float = 1.0,
    estimator: Estimator = "second_moment",
    *,
    window_ns: float = 3.0,
) -> Estimate:
    r"""Diffusivity of one simulated condition.

    Parameters
    ----------
    result : xarray.Dataset
        From `simulate`.
    time_ns : float
        Recorded time after the pulse at which the growth is read; not used by ``slice_line``.
    estimator : str
        One reading of "the diffusivity" (per-axis variance grows as 2Dt in Eq. 1):

        ``second_moment``
            :math:`(\langle r^2 \rangle_t - \langle r^2 \rangle_0) / 4t`, consistent with Eq. (1).
        ``as_printed``
            the same over 2t, as the main text prints it.
        ``radial_profile``
            over 2t, with :math:`\langle r^2 \rangle` the average over :math:`\rho(r)` as if r
            were a coordinate on a line.
        ``gaussian``
            growth over 2t of the variance of a Gaussian fitted to the profile along x and y.
        ``slice_line``
            the experiment's procedure (Note 3): Gaussian at every recorded time up to
            `window_ns`, line through the origin, half its slope.
    window_ns : float
        End of the line of ``slice_line``.

    Returns
    -------
    Estimate
        In cm2/s. The error is the jackknife over independent trains; for a single train it is
        over blocks of its pulses, which share their memory, and the note says so.

    Raises
    ------
    ValueError
        If the estimator is unknown, the time was not recorded, or `result` lacks a variable of a
        run or holds more than one condition.

    Examples
    --------
    >>> from tptools.kmc import ExcitonModel, PulseTrain, simulate
    >>> pulses = PulseTrain(excitation_density=0.08, period_us=10, n_pulses=50)
    >>> run = simulate(ExcitonModel(), pulses, seed=1, n_trains=4)
    >>> diffusivity(run).unit
    'cm2/s'
    """
    table = diffusivities(result, time_ns, estimator, window_ns=window_ns)
    if table["value"].ndim:
        raise ValueError(
            f"result holds conditions over {table['value'].dims} and must hold one; "
            "select it, or use diffusivities"
        )
    note = ""
    if "block" in result.dims:
        note = "error from blocks of one train, which share their memory: an underestimate"
    return Estimate(float(table["value"]), float(table["std_err"]), "cm2/s", estimator, note)


def diffusivities(
    result: xr.Dataset,
    time_ns: float = 1.0,
    estimator: Estimator = "second_moment",
    *,
    window_ns: float = 3.0,
) -> xr.Dataset:
    """Diffusivity of every condition of a `sweep`, as `diffusivity` does for one.

    Parameters
    ----------
    result : xarray.Dataset
        From `sweep` or `simulate`.
    time_ns, estimator, window_ns
        As for `diffusivity`.

    Returns
    -------
    xarray.Dataset
        ``value`` and ``std_err`` in cm2/s over the dimensions of the conditions, and for a
        `sweep` their ``time_between_excitations_us``.

    Raises
    ------
    ValueError
        As for `diffusivity`.

    Examples
    --------
    >>> from tptools.kmc import ExcitonModel, PulseTrain, simulate
    >>> run = simulate(ExcitonModel(), PulseTrain(0.08, 10, n_pulses=20), seed=1, n_trains=2)
    >>> diffusivities(run).value.units
    'cm2/s'
    """
    check_choice("estimator", estimator, tuple(_ESTIMATORS))
    read, variables = _ESTIMATORS[estimator]
    result = _as_run(result, ("time_ns", *variables))
    times = result["time_ns"].to_numpy()
    if estimator == "slice_line":
        window_ns = check_number("window_ns", window_ns, at_least=times[1], at_most=times[-1])
        selected = result[variables].sel(time_ns=slice(0, window_ns + times[1] / 2))
    else:
        selected = result[variables].sel(time_ns=[0, _recorded(times, time_ns)])
    value, std_err = _jackknife(selected, lambda sums: read(sums) * NM2_PER_NS_IN_CM2_S)
    table = xr.Dataset({"value": value, "std_err": std_err}, attrs={"estimator": estimator})
    for one in ("value", "std_err"):
        table[one].attrs = {"units": "cm2/s"}
    if "time_between_excitations_us" in result:
        time_us = result["time_between_excitations_us"]
        table["time_between_excitations_us"] = time_us.transpose(*value.dims)
    return table


def compare_at_equal_time(table: xr.Dataset) -> xr.Dataset:
    """Compare conditions that differ in <N> and period but not in T = period / <N>.

    Parameters
    ----------
    table : xarray.Dataset
        From `diffusivities` of a `sweep`.

    Returns
    -------
    xarray.Dataset
        `table` with ``relative``, the value over the plain mean of all values at the same
        ``time_between_excitations_us``, and its ``relative_err``; NaN where a T stands alone.

    Raises
    ------
    TypeError
        If `table` is no dataset.
    ValueError
        If it lacks a variable.

    Examples
    --------
    >>> times_us = [[5.0, 10.0], [2.5, 5.0]]
    >>> table = xr.Dataset({
    ...     "value": (("excitation_density", "period_us"), [[0.11, 0.06], [0.15, 0.09]]),
    ...     "std_err": (("excitation_density", "period_us"), [[0.01, 0.01], [0.01, 0.01]]),
    ...     "time_between_excitations_us": (("excitation_density", "period_us"), times_us),
    ... })
    >>> compare_at_equal_time(table).relative.values.round(3).tolist()
    [[1.1, nan], [nan, 0.9]]
    """
    needed = ("value", "std_err", "time_between_excitations_us")
    table = as_dataset(table, needed, "table", "tptools.kmc.diffusivities of a sweep")
    value = table["value"]
    time_us = table["time_between_excitations_us"].transpose(*value.dims).to_numpy()
    # equal up to the rounding of period / <N>
    _, group, size = np.unique(np.log(time_us).round(9), return_inverse=True, return_counts=True)
    means = np.bincount(group.ravel(), value.to_numpy().ravel()) / size
    mean = value.copy(data=np.where(size > 1, means, np.nan)[group].reshape(value.shape))
    table = table.assign(relative=value / mean, relative_err=table["std_err"] / mean)
    for one in ("relative", "relative_err"):
        table[one].attrs = {"units": "1"}
    return table


def _as_run(result: xr.Dataset, variables: Iterable[str]) -> xr.Dataset:
    """A run in memory; what lacks a variable that every run has is refused."""
    return as_dataset(result, variables, "result", "tptools.kmc.simulate")


def _recorded(times: FloatArray, time_ns: float) -> float:
    """The recorded time that ``time_ns`` means."""
    time_ns = check_number("time_ns", time_ns)
    nearest = times[np.abs(times - time_ns).argmin()]
    if not (nearest > 0 and np.isclose(nearest, time_ns, rtol=1e-9)):
        raise ValueError(
            f"time_ns = {time_ns!r} must be a recorded time after 0: "
            f"every {times[1]:g} ns up to {times[-1]:g} ns"
        )
    return float(nearest)


def _jackknife(
    result: xr.Dataset, read: Callable[[xr.Dataset], xr.DataArray]
) -> tuple[xr.DataArray, xr.DataArray]:
    """Reading of all groups together, and its error from leaving out one group at a time."""
    if "block" in result.dims:
        result = result.squeeze("train", drop=True).rename(block="train")
    summed = {name for name, array in result.items() if "train" in array.dims}
    groups = {name: result[name].astype(float) for name in summed}
    totals = {name: group.sum("train") for name, group in groups.items()}
    value, n = read(result.assign(totals)), result.sizes["train"]
    if n == 1:
        return value, xr.full_like(value, np.nan)
    # minus what is left out less the total: the trains stay the first axis, and sums run in memory
    left_out = read(result.assign({name: -(groups[name] - totals[name]) for name in summed}))
    spread = (n - 1) / n * ((left_out - left_out.mean("train")) ** 2).sum("train", skipna=False)
    return value, spread**0.5


def _growth_rate(quantity: xr.DataArray) -> xr.DataArray:
    """(q(t) - q(0)) / t between the two times."""
    first, last = quantity.transpose("time_ns", ...)
    return (last - first) / float(last["time_ns"])


def _second_moment(sums: xr.Dataset) -> xr.DataArray:
    return _growth_rate(mean_square_displacement(sums)) / 4


def _as_printed(sums: xr.Dataset) -> xr.DataArray:
    return _growth_rate(mean_square_displacement(sums)) / 2


def _radial_profile(sums: xr.Dataset) -> xr.DataArray:
    rho = sums["radial_count"] / sums["sites_per_radius"]
    r2 = sums["r_nm"] ** 2
    return _growth_rate((rho * r2).sum("r_nm") / rho.sum("r_nm")) / 2


def _variance(sums: xr.Dataset) -> xr.DataArray:
    """Variance of the Gaussian fitted to the sum of both axes' profiles."""
    along_y = sums["y_count"].rename(y_nm="position_nm")
    profile = sums["x_count"].rename(x_nm="position_nm") + along_y
    return fit_profiles(profile, background=False)["variance_nm2"]


def _gaussian(sums: xr.Dataset) -> xr.DataArray:
    return _growth_rate(_variance(sums)) / 2


def _slice_line(sums: xr.Dataset) -> xr.DataArray:
    variance, time = _variance(sums), sums["time_ns"]
    growth = variance - variance.isel(time_ns=0)
    return (growth * time).sum("time_ns", skipna=False) / (time**2).sum() / 2


_MOMENTS = ["exciton_count", "r2_sum_nm2", "initial_r2_sum_nm2"]
_PROFILES = ["x_count", "y_count"]
_ESTIMATORS: dict[str, tuple[Callable[[xr.Dataset], xr.DataArray], list[str]]] = {
    "second_moment": (_second_moment, _MOMENTS),
    "as_printed": (_as_printed, _MOMENTS),
    "radial_profile": (_radial_profile, ["radial_count", "sites_per_radius"]),
    "gaussian": (_gaussian, _PROFILES),
    "slice_line": (_slice_line, _PROFILES),
}
