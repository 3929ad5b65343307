"""What the chapter on photoluminescence records and computes: spectra, losses, pile-up."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

import pandas as pd
import xarray as xr

from tptools import fitting
from tptools.companion.paper import REPORTED
from tptools.estimate import Estimate
from tptools.excitation import Excitation
from tptools.film import Optics
from tptools.instruments import Microscope, Spectrometer, WholeSpot
from tptools.kinetics import annihilation_partners, annihilation_yield
from tptools.randomness import derive_seed

__all__ = [
    "loss_exponent",
    "meeting_yield",
    "paper_diffusivity_cm2_s",
    "parameter",
    "record_spectra",
    "unfiltered_decay",
]

Key = TypeVar("Key")


def parameter(fits: Mapping[Key, fitting.Fit], name: str) -> dict[Key, Estimate]:
    """Take one parameter of several fits.

    Parameters
    ----------
    fits : mapping of Fit
        By power, or whatever differs.
    name : str
        Of the parameter.

    Returns
    -------
    dict of Estimate
        By the same keys.

    Examples
    --------
    >>> fit = fitting.fit_power_law([1, 2, 4, 8], [3.0, 5.9, 12.1, 24.0])
    >>> parameter({"a": fit}, "exponent")["a"] == fit["exponent"]
    True
    """
    return {key: fit[name] for key, fit in fits.items()}


def record_spectra(
    optics: Optics, lasers: Sequence[Excitation], *, seed: int, spectrometer: Spectrometer
) -> tuple[xr.DataArray, dict[float, fitting.Fit]]:
    """Record and fit a spectrum under each laser.

    Parameters
    ----------
    optics : Optics
        Of the film.
    lasers : sequence of Excitation
        Each has a stream of noise of its own.
    seed : int
        Of the noise.
    spectrometer : Spectrometer
        With which.

    Returns
    -------
    spectra : DataArray
        Mean frames less background over the height of the fitted peak, over (power_nW,
        wavelength_nm).
    fits : dict of Fit
        By power in nW: from `tptools.fitting.fit_peak`.

    Examples
    --------
    >>> from tptools.film import FILMS
    >>> lasers = [Excitation(power, 2.5) for power in (1.0, 10.0)]
    >>> shown, fits = record_spectra(
    ...     FILMS["OLA/OA"].optics, lasers, seed=1, spectrometer=Spectrometer())
    >>> shown.power_nW.values.tolist(), round(fits[10.0]["peak_nm"].value)
    ([1.0, 10.0], 515)
    """
    spectra, fits = [], {}
    for laser in lasers:
        record = spectrometer.measure(optics, laser, seed=derive_seed(seed, laser))
        fits[laser.power_nW] = fit = fitting.fit_peak(record)
        background = fit["background"].value
        light = fitting.reject_cosmic_rays(record)["counts"] - background
        spectra.append(light / (fit.fitted.max() - background))
    return xr.concat(spectra, pd.Index(list(fits), name="power_nW")), fits


def loss_exponent(lasers: Sequence[Excitation], yield_of: Callable[[Excitation], float]) -> float:
    """Exponent of the light against power where the light per exciton is known.

    Parameters
    ----------
    lasers : sequence of Excitation
        Of different powers.
    yield_of : callable
        From a laser to the light per exciton.

    Returns
    -------
    float

    Examples
    --------
    >>> lasers = [Excitation(power, 2.5) for power in (1, 4, 16)]
    >>> round(loss_exponent(lasers, lambda laser: laser.power_nW**-0.5), 6)
    0.5
    """
    powers = [laser.power_nW for laser in lasers]
    light = [laser.power_nW * yield_of(laser) for laser in lasers]
    return fitting.fit_power_law(powers, light)["exponent"].value


def paper_diffusivity_cm2_s(laser: Excitation) -> float:
    """Diffusivity on the relaxation curve that the paper prints.

    Parameters
    ----------
    laser : Excitation
        Condition; the curve is one over the T of the disc.

    Returns
    -------
    float
        In cm2/s.

    Examples
    --------
    >>> round(paper_diffusivity_cm2_s(Excitation(0.01, 2.5)), 3)
    0.01
    """
    slow, fast = REPORTED["main-D-inf"].value, REPORTED["main-D-enhanced"].value
    time_us, tau_us = laser.disc_time_between_excitations_us, REPORTED["main-tau-relax"].value
    return float(fitting.relaxation_curve(time_us, slow, fast - slow, tau_us))


def meeting_yield(
    laser: Excitation, diffusivity_cm2_s: float, auger_lifetime_ns: float = 0.0
) -> float:
    """Light per exciton if excitons of the paper's lifetime annihilate where they meet.

    Parameters
    ----------
    laser : Excitation
        Condition.
    diffusivity_cm2_s : float
        In cm2/s.
    auger_lifetime_ns : float, optional
        Time that two of them share a nanocrystal before one is lost.

    Returns
    -------
    float
        Over that at low density.

    Examples
    --------
    >>> round(meeting_yield(Excitation(10, 2.5), 0.05), 2)
    0.43
    """
    lifetime_ns = REPORTED["main-tau-lowP"].value
    partners = annihilation_partners(
        diffusivity_cm2_s, lifetime_ns, auger_lifetime_ns=auger_lifetime_ns
    )
    return annihilation_yield(laser.excitation_density, partners)


def unfiltered_decay(
    run: xr.Dataset, power_nW: float, detection_efficiency: float, **settings: Any
) -> xr.DataArray:
    """Expected decay of the whole spot at a power below that of the run, without a filter.

    Less power is the same as less light where lives do not depend on it.

    Parameters
    ----------
    run : Dataset
        From `tptools.kmc.simulate`, under a laser.
    power_nW : float
        Nominal power.
    detection_efficiency : float
        Of the microscope.
    **settings
        Further settings of the microscope.

    Returns
    -------
    DataArray
        Counts over ``time_ns``.

    Examples
    --------
    ::

        unfiltered_decay(run, 0.5, 0.1, first_photon_only=True)
    """
    share = power_nW / run.attrs["power_nW"]
    settings |= {"detection_efficiency": detection_efficiency, "filter_transmission": share}
    microscope = Microscope(scan=WholeSpot()).with_(dead_time_ns=0, **settings)
    return microscope.expected(run)["counts"]
