"""Temperature of a film after a pulse or many: one interface for all methods."""

import math
from typing import Literal, get_args

import numpy as np
import scipy
import xarray as xr
from numpy.typing import ArrayLike

from tptools.arrays import FloatArray
from tptools.checks import (
    SMALLEST,
    check_choice,
    check_fits,
    check_integer,
    check_number,
    check_type,
)
from tptools.heat import exact, explicit, substrate
from tptools.heat.model import HeatedFilm
from tptools.records import as_numbers

__all__ = ["centre_temperature", "cooling_time", "heat_accumulation", "temperature"]

Method = Literal["exact", "explicit"]


_CELLS = (200, 20)
_ACCURACY = 1e-6
_SHOWN_SPOTS = 4.0  # full widths of the spot from the centre to the edge of a wide film's field


def temperature(
    film: HeatedFilm,
    times_ns: ArrayLike,
    method: Method = "exact",
    *,
    cells: tuple[int, int] = _CELLS,
    period_ns: float | None = None,
    step_ns: float | None = None,
    accuracy: float | None = None,
) -> xr.DataArray:
    """Temperature everywhere in a film, in units of that at the centre of its top at the pulse.

    Parameters
    ----------
    film : HeatedFilm
        What is heated, with or without a substrate.
    times_ns : array_like
        Times after the pulse, ascending.
    method : {"exact", "explicit"}, optional
        The closed form, or on a substrate that of its Laplace transform; or explicit finite
        differences, for a film of finite radius without a substrate.
    cells : tuple of int, optional
        Steps of the grid along r and z. The grid of a wide film ends four spots from the centre.
    period_ns : float, optional
        Time between pulses of a train without end, of which `times_ns` counts from the last; by
        default there is a single pulse. Needs a substrate: a film that keeps its heat has no
        steady state.
    step_ns : float, optional
        Longest time step, of the explicit method alone. The default is half the stable one.
    accuracy : float, optional
        Largest error, of the closed form without a substrate alone; 1e-6 by default. On a substrate
        the error is below 1e-8 at any time.

    Returns
    -------
    DataArray
        Over ``time_ns``, ``r_um`` and ``z_nm``; the nodes include the axis, top and bottom.

    Raises
    ------
    ValueError
        If times are not ascending, negative or NaN, another number is out of its range or does not
        apply, the step is unstable, or the method does not fit the film.

    Examples
    --------
    >>> film = HeatedFilm(radius_um=5, thickness_nm=35, thermal_diffusivity_m2_s=1e-7)
    >>> field = temperature(film, [0, 1, 100])
    >>> [round(float(one), 3) for one in field.sel(r_um=0, z_nm=0)]
    [1.0, 0.939, 0.632]
    """
    period_ns, step_ns, accuracy = _check_options(film, method, period_ns, step_ns, accuracy)
    cells = explicit.check_cells(cells)
    times_s = _seconds(times_ns)
    shown_um = 1e-3 * _SHOWN_SPOTS * film.spot_fwhm_nm
    edge = film.radius_um if math.isfinite(film.radius_um) else shown_um
    r_um, z_nm = explicit.nodes(edge, film.thickness_nm, cells)
    if method == "explicit":
        field = explicit.march(film, times_s, cells, step_ns)
    else:
        field = _exact(film, times_s, 1e-6 * r_um, 1e-9 * z_nm, period_ns, accuracy)
    return _labelled(field, times_ns, ("r_um", r_um, "distance from the axis", "µm"),
                     ("z_nm", z_nm, "depth", "nm"))  # fmt: skip


def centre_temperature(
    film: HeatedFilm,
    times_ns: ArrayLike,
    method: Method = "exact",
    *,
    cells: tuple[int, int] | None = None,
    period_ns: float | None = None,
    step_ns: float | None = None,
    accuracy: float | None = None,
) -> xr.DataArray:
    """Temperature at the centre of the top, in units of that at the pulse.

    Parameters
    ----------
    film, times_ns, method, period_ns, step_ns, accuracy
        As for `temperature`.
    cells : tuple of int, optional
        Steps of the grid along r and z, of the explicit method alone; (200, 20) by default.

    Returns
    -------
    DataArray
        Over ``time_ns``.

    Raises
    ------
    ValueError
        As for `temperature`.

    Examples
    --------
    >>> film = HeatedFilm(radius_um=5, thickness_nm=35, thermal_diffusivity_m2_s=1e-7)
    >>> print(f"{float(centre_temperature(film, 100)):.6f}")
    0.632352
    """
    period_ns, step_ns, accuracy = _check_options(film, method, period_ns, step_ns, accuracy)
    if cells is not None:
        _check_applies("cells", cells, method == "explicit", 'method = "explicit"')
    times_s = _seconds(times_ns)
    if method == "explicit":
        field = explicit.march(film, times_s, cells or _CELLS, step_ns)[:, 0, 0]
    else:
        origin = np.zeros(1)
        field = _exact(film, times_s, origin, origin, period_ns, accuracy)[:, 0, 0]
    return _labelled(field, times_ns)


def cooling_time(film: HeatedFilm, fraction: float) -> float:
    """Time after which the centre of the top has cooled to a fraction of its first temperature.

    Parameters
    ----------
    film : HeatedFilm
        What is heated.
    fraction : float
        Between 0 and 1.

    Returns
    -------
    float
        In ns; infinite if a film that keeps its heat ends warmer than that.

    Raises
    ------
    ValueError
        If `fraction` does not lie between 0 and 1.

    Examples
    --------
    >>> film = HeatedFilm(radius_um=5, thickness_nm=35, thermal_diffusivity_m2_s=1e-7)
    >>> f"{cooling_time(film, 0.5):.0f} ns"
    '186 ns'
    """
    check_type("film", film, HeatedFilm)
    fraction = check_number("fraction", fraction, above=0, below=1)
    if film.final_temperature >= fraction:
        return math.inf

    def excess(log_time: float) -> float:
        """How far the centre is above the wanted fraction."""
        return float(centre_temperature(film, math.exp(log_time))) - fraction

    late = 0.0
    while excess(late) > 0:
        late += math.log(10)
    early = late
    while excess(early) < 0:
        early -= math.log(10)
    return math.exp(scipy.optimize.brentq(excess, early, late, xtol=1e-8))


def heat_accumulation(film: HeatedFilm, period_ns: float, n_pulses: int) -> xr.DataArray:
    """Heat that earlier pulses have left at the centre of the top, just before each pulse.

    Parameters
    ----------
    film : HeatedFilm
        What is heated.
    period_ns : float
        Time between pulses.
    n_pulses : int
        Number of pulses.

    Returns
    -------
    DataArray
        Over ``pulse``, from 1, in units of the step that one pulse makes.

    Raises
    ------
    ValueError
        If the period is not positive, or there is no pulse.

    Examples
    --------
    >>> film = HeatedFilm(radius_um=5, thickness_nm=35, thermal_diffusivity_m2_s=1e-7)
    >>> [round(float(left), 2) for left in heat_accumulation(film, period_ns=400, n_pulses=3)]
    [0.0, 0.33, 0.53]
    """
    check_type("film", film, HeatedFilm)
    period_ns = check_number("period_ns", period_ns, above=0)
    n_pulses = check_integer("n_pulses", n_pulses, at_least=1)
    check_fits(f"n_pulses = {n_pulses}", 8 * 9 * n_pulses, "lower it")
    # the first pulse finds a cold film
    one: ArrayLike = []
    if n_pulses > 1:
        one = centre_temperature(film, period_ns * np.arange(1, n_pulses))
    left = np.concatenate([[0.0], np.cumsum(one)])
    attrs = {"long_name": "temperature before the pulse", "units": "1"}
    return xr.DataArray(left, {"pulse": np.arange(1, n_pulses + 1)}, "pulse", attrs=attrs)


def _exact(
    film: HeatedFilm,
    times_s: FloatArray,
    r_m: FloatArray,
    z_m: FloatArray,
    period_ns: float | None,
    accuracy: float | None,
) -> FloatArray:
    what = f"{times_s.size} times_ns at {r_m.size} x {z_m.size} places"
    fields = 1 if film.substrate is None else 4
    each = fields * r_m.size * z_m.size + r_m.size + z_m.size + 3
    check_fits(what, 8 * times_s.size * each, "give fewer")
    if film.substrate is None:
        left_out = _ACCURACY if accuracy is None else accuracy
        radial = exact.along_r(film, r_m, times_s, left_out)
        return radial[:, :, None] * exact.along_z(film, z_m, times_s, left_out)[:, None, :]
    if period_ns is None:
        return substrate.after_one_pulse(film, times_s, r_m, z_m)
    return substrate.after_many_pulses(film, times_s, r_m, z_m, 1e-9 * period_ns)


def _check_options(
    film: HeatedFilm,
    method: str,
    period_ns: float | None,
    step_ns: float | None,
    accuracy: float | None,
) -> tuple[float | None, float | None, float | None]:
    """Refuse options that are out of range or would be ignored; period, step, accuracy plain."""
    check_type("film", film, HeatedFilm)
    check_choice("method", method, get_args(Method))
    if step_ns is not None:
        step_ns = check_number("step_ns", step_ns, above=0)
        _check_applies("step_ns", step_ns, method == "explicit", 'method = "explicit"')
    if accuracy is not None:
        accuracy = check_number("accuracy", accuracy, at_least=1e-9, below=1)
        closed = method == "exact" and film.substrate is None
        _check_applies("accuracy", accuracy, closed, 'method = "exact" without a substrate')
    if period_ns is not None:
        period_ns = check_number("period_ns", period_ns, above=0)
        if film.substrate is None or film.substrate.interface_conductance_MW_m2K == 0:
            raise ValueError(
                f"period_ns = {period_ns!r}: a film that keeps its heat has no steady state; "
                "give it a conducting substrate, or see heat_accumulation"
            )
    return period_ns, step_ns, accuracy


def _check_applies(name: str, value: object, applies: bool, where: str) -> None:
    if not applies:
        raise ValueError(f"{name} = {value!r} applies to {where} only; leave it out")


def _seconds(times_ns: ArrayLike) -> FloatArray:
    """Times in s, once they have passed."""
    times = np.atleast_1d(as_numbers("times_ns", times_ns))
    if times.ndim > 1 or times.size == 0:
        raise ValueError(f"times_ns of shape {times.shape} must be a number or a list of numbers")
    for time in times:
        check_number("times_ns", float(time), at_least=0)
    if np.any(np.diff(times) < 0):
        where = int(np.argmax(np.diff(times) < 0))
        raise ValueError(
            f"times_ns = {times[where]:g}, {times[where + 1]:g} must ascend; sort them"
        )
    # so short a time after the pulse is none
    return 1e-9 * np.where(times < SMALLEST, 0.0, times)


def _labelled(
    field: FloatArray, times_ns: ArrayLike, *axes: tuple[str, FloatArray, str, str]
) -> xr.DataArray:
    attrs = {"long_name": "temperature relative to the first at the centre", "units": "1"}
    coords = {"time_ns": ("time_ns", np.atleast_1d(as_numbers("times_ns", times_ns)))}
    coords |= {name: (name, values) for name, values, _, _ in axes}
    labelled = xr.DataArray(field, coords, ["time_ns", *(name for name, *_ in axes)], attrs=attrs)
    labelled.time_ns.attrs = {"long_name": "time after the pulse", "units": "ns"}
    for name, _, long_name, units in axes:
        labelled[name].attrs = {"long_name": long_name, "units": units}
    # a single time gives a single value
    return labelled if np.ndim(times_ns) else labelled.isel(time_ns=0)
