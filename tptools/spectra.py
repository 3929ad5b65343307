r"""Shapes of spectra: emission and absorption of nanocrystals, over wavelength and photon energy.

Emission is a Gaussian in photon energy. Absorption is a band-edge exciton and a continuum in the
manner of Elliott,

.. math::
    A(E) \propto \frac{4\pi R^{3/2}}{\sigma\sqrt{2\pi}}\, e^{-(E - E_1)^2 / 2\sigma^2}
    + \frac{2\pi\sqrt{R}}{1 - e^{-2\pi\sqrt{R / (E - E_g)}}}\,
    \Phi\!\left(\frac{E - E_g}{\sigma}\right) \bigl(1 + \beta (E - E_g)\bigr),

with exciton energy :math:`E_1`, binding energy :math:`R`, gap :math:`E_g = E_1 + R`, broadening
:math:`\sigma` with the normal distribution function :math:`\Phi`, and :math:`\beta` for bands that
are not parabolic. Scattering and reflection add a baseline that falls as a power of the wavelength.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import scipy
from numpy.typing import ArrayLike

from tptools.arrays import FloatArray
from tptools.checks import LARGEST, check_callable, check_number
from tptools.records import as_numbers, as_positive
from tptools.units import FWHM_PER_SIGMA

__all__ = [
    "BASELINE_REFERENCE_NM",
    "HC_EV_NM",
    "absorption_shape",
    "blurred",
    "confined_emission_eV",
    "emission_shape",
    "photon_energy_eV",
]

HC_EV_NM = 1e9 * scipy.constants.h * scipy.constants.c / scipy.constants.e
"""Planck's constant times the speed of light, in eV nm: energy of a photon times wavelength."""

BASELINE_REFERENCE_NM = 500.0
"""Wavelength at which the height of a baseline is stated."""

# Ends of the size series of Krieg et al., ACS Cent. Sci. 7, 135 (2021): edge and emission
_KRIEG_EDGE_NM, _KRIEG_EMISSION_NM = (3.5, 16.0), (479.0, 518.0)

# made once: to find them takes longer than most means over a box
_POINTS, _WEIGHTS = np.polynomial.legendre.leggauss(3)


def photon_energy_eV(wavelength_nm: ArrayLike) -> FloatArray:
    """Energy of a photon, h c / wavelength.

    Parameters
    ----------
    wavelength_nm : array_like
        Vacuum wavelength, any shape.

    Returns
    -------
    ndarray
        In eV, the shape of `wavelength_nm`.

    Raises
    ------
    TypeError
        If `wavelength_nm` holds no real numbers.

    Examples
    --------
    >>> float(photon_energy_eV(405).round(4))
    3.0613
    """
    return HC_EV_NM / as_positive("wavelength_nm", wavelength_nm)


def confined_emission_eV(edge_nm: float) -> float:
    r"""Emission energy of CsPbBr3 nanocrystals in solution, against their edge.

    .. math:: E(a) = E_\infty + c / a^2

    through the ends of the size series of Krieg et al.: 479 nm at 3.5 nm, 518 nm at 16 nm.

    Parameters
    ----------
    edge_nm : float
        Edge of a nanocrystal.

    Returns
    -------
    float
        Energy in eV.

    Raises
    ------
    ValueError
        If the edge is outside the series.

    References
    ----------
    F. Krieg et al., ACS Central Science 7, 135-144 (2021).

    Examples
    --------
    >>> round(HC_EV_NM / confined_emission_eV(8.3), 1)
    512.3
    """
    small, large = _KRIEG_EDGE_NM
    edge_nm = check_number("edge_nm", edge_nm, at_least=small, at_most=large)
    high, low = photon_energy_eV(_KRIEG_EMISSION_NM)
    share = (edge_nm**-2 - large**-2) / (small**-2 - large**-2)
    return float(low + share * (high - low))


def emission_shape(wavelength_nm: ArrayLike, centre_eV: float, fwhm_eV: float) -> FloatArray:
    r"""Share of the photons per nm of wavelength, of a Gaussian in photon energy.

    .. math:: S(\lambda) = \frac{hc}{\lambda^2}\,
        \frac{1}{\sigma\sqrt{2\pi}}\, e^{-(hc/\lambda - E_0)^2 / 2\sigma^2}

    Parameters
    ----------
    wavelength_nm : array_like
        Wavelengths, any shape.
    centre_eV, fwhm_eV : float
        Centre and full width at half maximum of the Gaussian.

    Returns
    -------
    ndarray
        In nm⁻¹, the shape of `wavelength_nm`; its integral over wavelength is 1.

    Raises
    ------
    TypeError
        If an argument is no real number.
    ValueError
        If one is zero, negative or beyond 1e-30 to 1e30.

    Examples
    --------
    >>> wavelength_nm = np.arange(400.0, 700.0)
    >>> float(emission_shape(wavelength_nm, 2.4, 0.09).sum().round(6))
    1.0
    """
    energy, centre = photon_energy_eV(wavelength_nm), as_positive("centre_eV", centre_eV)
    sigma_eV = as_positive("fwhm_eV", fwhm_eV) / FWHM_PER_SIGMA
    per_eV = np.exp(-(((energy - centre) / sigma_eV) ** 2) / 2)
    return per_eV / (sigma_eV * math.sqrt(2 * math.pi)) * energy**2 / HC_EV_NM


def absorption_shape(
    energy_eV: ArrayLike,
    exciton_eV: ArrayLike,
    exciton_fwhm_eV: ArrayLike,
    binding_eV: ArrayLike,
    rise_per_eV: ArrayLike,
) -> FloatArray:
    """Absorption relative to that at the exciton energy, by the equation of this module.

    Parameters
    ----------
    energy_eV : array_like
        Photon energies, any shape.
    exciton_eV, exciton_fwhm_eV : array_like
        Centre of the band-edge exciton, and the full width of its Gaussian; these and those that
        follow are broadcast.
    binding_eV : array_like
        Binding energy of the exciton.
    rise_per_eV : array_like
        What the continuum rises by per eV above the gap, beyond Elliott's.

    Returns
    -------
    ndarray
        The shape of all together; 1 at `exciton_eV`.

    Raises
    ------
    TypeError
        If an argument is no real number.
    ValueError
        If one is zero, negative or beyond 1e-30 to 1e30.

    Notes
    -----
    The series of excited states merges with the continuum at this broadening; the continuum's
    value at the gap is continued below it.

    Examples
    --------
    >>> float(absorption_shape(2.4, 2.4, 0.1, 0.04, 1.0))
    1.0
    """
    exciton = as_positive("exciton_eV", exciton_eV)
    sigma_eV = as_positive("exciton_fwhm_eV", exciton_fwhm_eV) / FWHM_PER_SIGMA
    binding, rise = as_positive("binding_eV", binding_eV), as_numbers("rise_per_eV", rise_per_eV)

    if not (np.abs(rise) <= LARGEST).all():
        raise ValueError(f"rise_per_eV = {rise_per_eV!r} must be finite and at most {LARGEST:g}")

    def unscaled(energy: FloatArray) -> FloatArray:
        """Line and continuum, up to a factor."""
        excess = energy - exciton - binding
        weight = 4 * math.pi * binding**1.5 / (sigma_eV * math.sqrt(2 * math.pi))
        line = weight * np.exp(-(((energy - exciton) / sigma_eV) ** 2) / 2)
        # 1 µeV above the gap stands for all that is below
        above = np.maximum(excess, 1e-6)
        enhanced = (
            -2 * math.pi * np.sqrt(binding) / np.expm1(-2 * math.pi * np.sqrt(binding / above))
        )
        return line + enhanced * scipy.special.ndtr(excess / sigma_eV) * (
            1 + rise * np.maximum(excess, 0)
        )

    return unscaled(as_positive("energy_eV", energy_eV)) / unscaled(exciton)


def blurred(
    spectrum: Callable[[FloatArray], FloatArray],
    wavelength_nm: ArrayLike,
    *widths_nm: float,
) -> FloatArray:
    """Mean of a spectrum over boxes, such as those of a slit and of a pixel.

    Parameters
    ----------
    spectrum : callable
        Takes and returns an array of any shape.
    wavelength_nm : array_like
        Where the boxes are centred.
    *widths_nm : float
        Full widths of the boxes, one after the other; 0 is none.

    Returns
    -------
    ndarray
        The shape of `wavelength_nm`.

    Raises
    ------
    TypeError
        If `spectrum` is no function, or `wavelength_nm` holds no real numbers.

    Notes
    -----
    Three Gauss-Legendre points for each box: exact for spectra that are polynomials of degree
    five within the widths.

    Examples
    --------
    >>> float(blurred(np.square, 10.0, 6.0).round(6))  # 10² and 6²/12
    103.0
    """
    check_callable("spectrum", spectrum, "give one of wavelengths")
    wavelength = as_numbers("wavelength_nm", wavelength_nm)
    if not widths_nm:
        return spectrum(wavelength)
    width, *others = widths_nm
    shifted = wavelength[..., None] + width / 2 * _POINTS
    return blurred(spectrum, shifted, *others) @ _WEIGHTS / 2
