"""How the time that is read off one film depends on choices of laser, detector and fit."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any

import numpy as np
import xarray as xr

from tptools import kmc
from tptools.companion.recipes import CURVE_LASERS
from tptools.companion.search import LASERS
from tptools.excitation import Excitation
from tptools.fitting.slices import line_through_slices
from tptools.inference import curve_numbers
from tptools.instruments import ColumnScan, Microscope, Timer
from tptools.randomness import derive_seed

__all__ = ["CHARGED", "CHOICES", "charged_curves", "read_by_choices"]

CHARGED = kmc.ExcitonModel(0.08, 0.95, modified_by="excitation")
"""A film that light charges where it is absorbed; hop rates as allowed films have them."""
CHARGE_TIMES_US = (6.0, 20.0, 60.0)
N_TRAINS = 2
_RECORDING = kmc.Recording(until_ns=4.0)
_TIMER = Timer(window_end_ns=4.0)
_SQUARE = Microscope(timer=_TIMER)
_COLUMN = Microscope(timer=_TIMER, scan=ColumnScan())
_FEWER, _STRONGER = CURVE_LASERS[1::2], CURVE_LASERS[3:]


def _slices(run: xr.Dataset, microscope: Microscope = _SQUARE, **options: Any) -> float:
    counts = microscope.expected(run).counts
    return line_through_slices(counts, goodness=False, **options).value


@dataclass(frozen=True)
class _Choice:
    """One departure from the usual procedure: conditions, traps, or from a run to D in cm2/s."""

    lasers: Sequence[Excitation] = CURVE_LASERS
    traps: bool = True
    read: Callable[[xr.Dataset], float] = _slices


CHOICES: Mapping[str, _Choice] = MappingProxyType(
    {
        "as in this book": _Choice(),
        "every other power": _Choice(lasers=_FEWER),
        "no power below 2.5 nW": _Choice(lasers=_STRONGER),
        "10 MHz instead of 2.5": _Choice(
            lasers=tuple(Excitation(one.power_nW, 10) for one in CURVE_LASERS)
        ),
        "line with a free intercept": _Choice(read=lambda run: _slices(run, free_intercept=True)),
        "background from the ends": _Choice(read=lambda run: _slices(run, background="edges")),
        "detector as tall as the image": _Choice(read=lambda run: _slices(run, _COLUMN)),
        "second moment at 1 ns": _Choice(read=lambda run: kmc.diffusivity(run).value),
        "spot of 250 nm": _Choice(
            lasers=tuple(
                replace(one, power_nW=one.power_nW / 4, spot_fwhm_nm=250) for one in CURVE_LASERS
            )
        ),
        "no traps": _Choice(traps=False),
        "the paper's light": _Choice(
            lasers=tuple(replace(one, convention="paper") for one in CURVE_LASERS)
        ),
    }
)
"""By what is chosen otherwise; all else stays as in the first."""


def read_by_choices(model: kmc.ExcitonModel, *, seed: int, n_excitons: int = 20_000) -> xr.Dataset:
    """Read the relaxation curve of one film by every choice, without photon noise.

    Parameters
    ----------
    model : ExcitonModel
        The film.
    seed : int
        Of the simulations; the same film under the same laser is simulated once.
    n_excitons : int, optional
        At each condition, about.

    Returns
    -------
    Dataset
        ``tau_us``, ``limit_cm2_s`` and ``highest_cm2_s`` over ``choice``, on the time axis of the
        disc that the nominal lasers have.

    Examples
    --------
    ::

        read_by_choices(FILMS["Note 2"].hopping, seed=1).tau_us.sel(choice="no traps")
    """
    runs: dict[tuple[kmc.ExcitonModel, Excitation], xr.Dataset] = {}
    rows = []
    for choice in CHOICES.values():
        film = model if choice.traps else replace(model, trap_rate_per_ps=0.0)
        read = []
        for laser in choice.lasers:
            if (film, laser) not in runs:
                runs[film, laser] = _run(film, laser, seed, n_excitons)
            read.append(choice.read(runs[film, laser]))
        rows.append(curve_numbers(_curve(choice.lasers, read)))
    units = {"tau_us": "us", "limit_cm2_s": "cm2/s", "highest_cm2_s": "cm2/s"}
    columns = {
        name: ("choice", [one[name] for one in rows], {"units": unit})
        for name, unit in units.items()
    }
    return xr.Dataset(columns, {"choice": list(CHOICES)})


def _run(film: kmc.ExcitonModel, laser: Excitation, seed: int, n_excitons: int) -> xr.Dataset:
    pulses = kmc.pulse_train(laser, n_excitons=n_excitons / N_TRAINS)
    stream = derive_seed(seed, laser)
    return kmc.simulate(film, pulses, seed=stream, n_trains=N_TRAINS, recording=_RECORDING)


def _curve(lasers: Sequence[Excitation], read: Sequence[float]) -> xr.Dataset:
    """A curve on the axis of the disc; a smaller spot of the same density keeps its place."""
    time_us = [one.disc_time_between_excitations_us for one in lasers]
    axis = {"disc_time_between_excitations_us": ("laser", np.array(time_us))}
    return xr.Dataset({"diffusivity_cm2_s": ("laser", np.array(read))}, axis)


def charged_curves(*, seed: int, n_excitons: int = 2500) -> xr.Dataset:
    """Diffusivities of films in which a charge stays where light was absorbed.

    Parameters
    ----------
    seed : int
        Of the simulations.
    n_excitons : int, optional
        In each of two trains, about.

    Returns
    -------
    Dataset
        ``charged_cm2_s`` and ``charged_err_cm2_s`` of the excitons over (charge_us, laser), at the
        conditions of the search.

    Examples
    --------
    ::

        charged_curves(seed=1).charged_cm2_s.sel(charge_us=20)
    """
    found = [
        [
            kmc.film_diffusivity(
                replace(CHARGED, relaxation_time_us=time_us),
                laser,
                seed=seed,
                n_excitons=n_excitons,
                n_trains=N_TRAINS,
            )
            for laser in LASERS
        ]
        for time_us in CHARGE_TIMES_US
    ]
    dims, units = ("charge_us", "laser"), {"units": "cm2/s"}
    return xr.Dataset(
        {
            "charged_cm2_s": (dims, [[one.value for one in row] for row in found], units),
            "charged_err_cm2_s": (dims, [[one.std_err for one in row] for row in found], units),
        },
        {"charge_us": list(CHARGE_TIMES_US)},
    )
