"""Excitons that meet: light lost by annihilation and saturation, and what pairs would emit."""

from __future__ import annotations

import math

import numpy as np
import scipy

from tptools.checks import check_number
from tptools.material import SPACING_NM
from tptools.spectra import HC_EV_NM
from tptools.units import NM2_PER_NS_IN_CM2_S

__all__ = [
    "AUGER_LIFETIME_NS",
    "BIEXCITON_SHIFT_MEV",
    "annihilation_partners",
    "annihilation_yield",
    "biexciton_shift_nm",
    "pair_share",
    "saturation_yield",
]

AUGER_LIFETIME_NS = 0.126
"""Time in which two excitons in one CsPbBr3 nanocrystal lose one, Nanomaterials 11, 463 (2021)."""

BIEXCITON_SHIFT_MEV = (10.0, 20.0)
"""How far below an exciton a biexciton emits, of the order of, arXiv:2002.07636."""

_SMALLEST_OCCUPATION = 1e-6  # below it a yield is 1 to a part in a million


def saturation_yield(excitation_density: float) -> float:
    r"""Light per exciton if a nanocrystal gives one photon at most, over that without this limit.

    Of n excitons in one nanocrystal all but one are lost, so that a place where N are absorbed on
    average emits :math:`1 - e^{-N}`. Averaged over a Gaussian spot with :math:`N_0` at its centre,

    .. math:: y = \frac{1}{N_0} \int_0^{N_0} \frac{1 - e^{-N}}{N}\, dN.

    Parameters
    ----------
    excitation_density : float
        Excitons per nanocrystal and pulse at the centre of the spot, :math:`N_0`.

    Returns
    -------
    float
        y, in (0, 1].

    Raises
    ------
    ValueError
        If the density is negative or not finite.

    Examples
    --------
    >>> round(saturation_yield(0.16), 4)
    0.9614
    """
    excitation_density = check_number("excitation_density", excitation_density, at_least=0)
    if excitation_density < _SMALLEST_OCCUPATION:
        return 1.0
    integral = (
        scipy.special.exp1(excitation_density) + math.log(excitation_density) + np.euler_gamma
    )
    return float(integral / excitation_density)


def pair_share(excitation_density: float) -> float:
    r"""Share of nanocrystals that absorb two photons or more of one pulse.

    Photons are absorbed independently of each other, so that their number is Poisson distributed:

    .. math:: P(n \ge 2) = 1 - (1 + N)\, e^{-N} \approx N^2 / 2.

    Parameters
    ----------
    excitation_density : float
        Photons per nanocrystal and pulse, N.

    Returns
    -------
    float

    Raises
    ------
    ValueError
        If the density is negative or not finite.

    Examples
    --------
    >>> round(pair_share(0.16), 4)
    0.0115
    """
    excitation_density = check_number("excitation_density", excitation_density, at_least=0)
    return float(scipy.special.gammainc(2, excitation_density))


def annihilation_yield(excitation_density: float, partners: float) -> float:
    r"""Light per exciton if excitons that meet annihilate, over that without it.

    With :math:`dn/dt = -n/\tau - (M/\tau) n^2` the light of a place where N excitons per
    nanocrystal start is :math:`\ln(1 + MN) / (MN)` of what it was without the second term.
    Averaged over a Gaussian spot, with the dilogarithm :math:`\mathrm{Li}_2`,

    .. math:: y = -\mathrm{Li}_2(-M N_0) / (M N_0).

    Parameters
    ----------
    excitation_density : float
        Excitons per nanocrystal and pulse at the centre of the spot, :math:`N_0`.
    partners : float
        Nanocrystals in which an exciton, in its lifetime, would find another and be lost, M; from
        `annihilation_partners`.

    Returns
    -------
    float
        y, in (0, 1].

    Raises
    ------
    ValueError
        If a number is negative or not finite.

    Examples
    --------
    >>> round(annihilation_yield(0.16, 10), 3)
    0.755
    """
    excitation_density = check_number("excitation_density", excitation_density, at_least=0)
    partners = check_number("partners", partners, at_least=0)
    strength = partners * excitation_density
    if strength < _SMALLEST_OCCUPATION:
        return 1.0
    return float(-scipy.special.spence(1 + strength) / strength)


def annihilation_partners(
    diffusivity_cm2_s: float,
    lifetime_ns: float,
    *,
    auger_lifetime_ns: float = 0.0,
    spacing_nm: float = SPACING_NM,
) -> float:
    r"""Strength of annihilation among excitons that hop, M of `annihilation_yield`.

    .. math:: \frac{1}{M} = \frac{2 \ln(8n)}{\pi n} + \frac{2 \tau_A}{\tau},
        \qquad n = \frac{8 D \tau}{l^2}

    The first term is the search: two excitons make n steps relative to each other, visit
    :math:`\pi n / \ln(8n)` different sites of a square lattice, for large n (Montroll and Weiss),
    and one of the two is lost. The second is what two in one nanocrystal wait until then; alone it
    gives the limit of excitons that are always well mixed.

    Parameters
    ----------
    diffusivity_cm2_s : float
        D of one exciton.
    lifetime_ns : float
        Exciton lifetime :math:`\tau`.
    auger_lifetime_ns : float, optional
        Time :math:`\tau_A` in which two excitons in one nanocrystal lose one; 0 is at once.
    spacing_nm : float, optional
        Distance l of neighbouring nanocrystals.

    Returns
    -------
    float
        M.

    Raises
    ------
    ValueError
        If a number is not finite or out of range, or an exciton makes less than one step.

    References
    ----------
    E. W. Montroll and G. H. Weiss, J. Math. Phys. 6, 167-181 (1965).

    Examples
    --------
    >>> round(annihilation_partners(0.15, 2.5))
    467
    >>> round(annihilation_partners(0.15, 2.5, auger_lifetime_ns=0.126), 1)
    9.7
    """
    diffusivity_cm2_s = check_number("diffusivity_cm2_s", diffusivity_cm2_s, above=0)
    lifetime_ns = check_number("lifetime_ns", lifetime_ns, above=0)
    auger_lifetime_ns = check_number("auger_lifetime_ns", auger_lifetime_ns, at_least=0)
    spacing_nm = check_number("spacing_nm", spacing_nm, above=0)
    steps = 8 * diffusivity_cm2_s / NM2_PER_NS_IN_CM2_S * lifetime_ns / spacing_nm**2
    check_number("steps in a lifetime", steps, at_least=1)
    search = 2 * math.log(8 * steps) / (math.pi * steps)
    return 1 / (search + 2 * auger_lifetime_ns / lifetime_ns)


def biexciton_shift_nm(
    emission_eV: float, excitation_density: float, energy_meV: float = BIEXCITON_SHIFT_MEV[1]
) -> float:
    """How far the peak moves to the red if excitons that share a nanocrystal emit as biexcitons.

    The share of excitons that are one too many, times what a biexciton emits below an exciton.

    Parameters
    ----------
    emission_eV : float
        Centre of the emission of excitons.
    excitation_density : float
        Excitons per nanocrystal and pulse at the centre of a Gaussian spot.
    energy_meV : float, optional
        How far below an exciton a biexciton emits.

    Returns
    -------
    float
        Shift of the mean of the emission, in nm.

    Raises
    ------
    ValueError
        If the energy of the emission is not positive, or a number negative or not finite.

    Examples
    --------
    >>> round(biexciton_shift_nm(2.408, 0.164), 2)
    0.17
    """
    emission_eV = check_number("emission_eV", emission_eV, above=0)
    energy_meV = check_number("energy_meV", energy_meV, at_least=0)
    surplus = 1 - saturation_yield(excitation_density)
    return surplus * 1e-3 * energy_meV * HC_EV_NM / emission_eV**2
