"""A laser on a film, in the units of the lattice."""

from __future__ import annotations

import math

from tptools.checks import check_number, check_type
from tptools.excitation import Excitation
from tptools.kmc.model import ExcitonModel, PulseTrain
from tptools.units import FWHM_PER_SIGMA


def pulse_train(
    excitation: Excitation,
    n_pulses: int | None = None,
    burn_in_pulses: int | None = None,
    *,
    n_excitons: float | None = None,
    lattice_spacing_nm: float = ExcitonModel.lattice_spacing_nm,
    excitons_stay: bool = False,
) -> PulseTrain:
    """Pulses of a laser, as the hopping model takes them.

    The spot is a Gaussian, with `Excitation.excitation_density` at its centre.

    Parameters
    ----------
    excitation : Excitation
        Power, repetition rate and spot.
    n_pulses, burn_in_pulses, excitons_stay : optional
        As for `PulseTrain`.
    n_excitons : float, optional
        Instead of `n_pulses`: as many pulses as make about so many excitons in the first layer.
    lattice_spacing_nm : float, optional
        Of the film's model.

    Returns
    -------
    PulseTrain

    Raises
    ------
    ValueError
        If neither or both of `n_pulses` and `n_excitons` are given, or a number is out of range.

    Examples
    --------
    >>> round(pulse_train(Excitation(10, 2.5), n_pulses=100).spot_sigma_sites, 2)
    21.23
    >>> pulse_train(Excitation(10, 2.5), n_excitons=10_000).n_pulses
    62
    """
    check_type("excitation", excitation, Excitation)
    lattice_spacing_nm = check_number("lattice_spacing_nm", lattice_spacing_nm, above=0)
    sigma_sites = excitation.spot_fwhm_nm / FWHM_PER_SIGMA / lattice_spacing_nm
    density, period_us = excitation.excitation_density, excitation.period_us
    if n_pulses is None and n_excitons is not None:
        n_excitons = check_number("n_excitons", n_excitons, above=0)
        per_pulse = 2 * math.pi * sigma_sites**2 * density
        n_pulses = math.ceil(n_excitons / per_pulse)
    elif n_pulses is None or n_excitons is not None:
        raise ValueError(
            f"n_pulses = {n_pulses} and n_excitons = {n_excitons}: give one of the two"
        )
    return PulseTrain(
        density, period_us, sigma_sites, n_pulses, burn_in_pulses, excitation, excitons_stay
    )
