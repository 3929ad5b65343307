r"""Colour of the samples: what each absorbs and emits, and how its light grows with power.

Emission is a Gaussian in photon energy. Absorption is a band-edge exciton and a continuum in the
manner of Elliott,

.. math::
    A(E) \propto \frac{4\pi R^{3/2}}{\sigma\sqrt{2\pi}}\, e^{-(E - E_1)^2 / 2\sigma^2}
    + \frac{2\pi\sqrt{R}}{1 - e^{-2\pi\sqrt{R / (E - E_g)}}}\,
    \Phi\!\left(\frac{E - E_g}{\sigma}\right) \bigl(1 + \beta (E - E_g)\bigr),

with exciton energy :math:`E_1`, binding energy :math:`R`, gap :math:`E_g = E_1 + R`, broadening
:math:`\sigma` with the normal distribution function :math:`\Phi`, and :math:`\beta` for bands that
are not parabolic. Scattering and reflection add a baseline that falls as a power of the wavelength.

The paper draws these spectra in Figs. 1b and S9 and prints no number of them. Each number here is
from the literature or assumed; `OpticalSample.sources` says which.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, replace
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import constants
from scipy.special import exp1, gammainc, ndtr, spence

from tptools.checks import check_number
from tptools.companion.paper import REPORTED
from tptools.units import FWHM_PER_SIGMA, NM2_PER_NS_IN_CM2_S

__all__ = [
    "AUGER_LIFETIME_NS",
    "BIEXCITON_SHIFT_MEV",
    "OPTICAL_SAMPLES",
    "OpticalSample",
    "absorption_shape",
    "annihilation_partners",
    "annihilation_yield",
    "biexciton_shift_nm",
    "blurred",
    "confined_emission_eV",
    "emission_shape",
    "pair_share",
    "photon_energy_eV",
    "saturation_yield",
]

EV_NM = 1e9 * constants.h * constants.c / constants.e
BASELINE_REFERENCE_NM = 500.0

AUGER_LIFETIME_NS = 0.126
"""Time in which two excitons in one CsPbBr3 nanocrystal lose one, Nanomaterials 11, 463 (2021)."""

BIEXCITON_SHIFT_MEV = (10.0, 20.0)
"""How far below an exciton a biexciton emits, of the order of, arXiv:2002.07636."""

_SMALLEST_OCCUPATION = 1e-6  # below it a yield is 1 to a part in a million

# Ends of the size series of Krieg et al., ACS Cent. Sci. 7, 135 (2021): edge and emission
_KRIEG_EDGE_NM, _KRIEG_EMISSION_NM = (3.5, 16.0), (479.0, 518.0)


def photon_energy_eV(wavelength_nm: ArrayLike) -> NDArray[np.float64]:
    """Energy of a photon, h c / wavelength.

    Parameters
    ----------
    wavelength_nm : array_like
        Vacuum wavelength, any shape.

    Returns
    -------
    ndarray
        In eV, the shape of `wavelength_nm`.

    Examples
    --------
    >>> float(photon_energy_eV(405).round(4))
    3.0613
    """
    return EV_NM / np.asarray(wavelength_nm, float)


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
    >>> round(EV_NM / confined_emission_eV(8.3), 1)
    512.3
    """
    small, large = _KRIEG_EDGE_NM
    check_number("edge_nm", edge_nm, at_least=small, at_most=large)
    high, low = photon_energy_eV(_KRIEG_EMISSION_NM)
    share = (edge_nm**-2 - large**-2) / (small**-2 - large**-2)
    return float(low + share * (high - low))


def emission_shape(wavelength_nm: ArrayLike, centre_eV: float, fwhm_eV: float) -> NDArray:
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

    Examples
    --------
    >>> wavelength_nm = np.arange(400.0, 700.0)
    >>> float(emission_shape(wavelength_nm, 2.4, 0.09).sum().round(6))
    1.0
    """
    energy = photon_energy_eV(wavelength_nm)
    sigma_eV = fwhm_eV / FWHM_PER_SIGMA
    per_eV = np.exp(-(((energy - centre_eV) / sigma_eV) ** 2) / 2)
    return per_eV / (sigma_eV * math.sqrt(2 * math.pi)) * energy**2 / EV_NM


def absorption_shape(
    energy_eV: ArrayLike,
    exciton_eV: float,
    exciton_fwhm_eV: float,
    binding_eV: float,
    rise_per_eV: float,
) -> NDArray[np.float64]:
    """Absorption relative to that at the exciton energy, by the equation of this module.

    Parameters
    ----------
    energy_eV : array_like
        Photon energies, any shape.
    exciton_eV, exciton_fwhm_eV : float
        Centre of the band-edge exciton, and the full width of its Gaussian.
    binding_eV : float
        Binding energy of the exciton.
    rise_per_eV : float
        What the continuum rises by per eV above the gap, beyond Elliott's.

    Returns
    -------
    ndarray
        The shape of `energy_eV`; 1 at `exciton_eV`.

    Notes
    -----
    The series of excited states merges with the continuum at this broadening; the continuum's
    value at the gap is continued below it.

    Examples
    --------
    >>> float(absorption_shape(2.4, 2.4, 0.1, 0.04, 1.0))
    1.0
    """
    sigma_eV = exciton_fwhm_eV / FWHM_PER_SIGMA

    def unscaled(energy: NDArray[np.float64]) -> NDArray[np.float64]:
        excess = energy - exciton_eV - binding_eV
        line = np.exp(-(((energy - exciton_eV) / sigma_eV) ** 2) / 2)
        line *= 4 * math.pi * binding_eV**1.5 / (sigma_eV * math.sqrt(2 * math.pi))
        # 1 µeV above the gap stands for all that is below
        above = np.maximum(excess, 1e-6)
        enhanced = -2 * math.pi * math.sqrt(binding_eV)
        enhanced /= np.expm1(-2 * math.pi * np.sqrt(binding_eV / above))
        return line + enhanced * ndtr(excess / sigma_eV) * (1 + rise_per_eV * np.maximum(excess, 0))

    return unscaled(np.asarray(energy_eV, float)) / unscaled(np.asarray(exciton_eV))


def blurred(
    spectrum: Callable[[NDArray[np.float64]], NDArray[np.float64]],
    wavelength_nm: ArrayLike,
    *widths_nm: float,
) -> NDArray[np.float64]:
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

    Notes
    -----
    Three Gauss-Legendre points for each box: exact for spectra that are polynomials of degree
    five within the widths.

    Examples
    --------
    >>> float(blurred(np.square, 10.0, 6.0).round(6))  # 10² and 6²/12
    103.0
    """
    points, weights = np.polynomial.legendre.leggauss(3)
    wavelength = np.asarray(wavelength_nm, float)
    if not widths_nm:
        return spectrum(wavelength)
    width, *others = widths_nm
    shifted = wavelength[..., None] + width / 2 * points
    return blurred(spectrum, shifted, *others) @ weights / 2


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
    check_number("excitation_density", excitation_density, at_least=0)
    if excitation_density < _SMALLEST_OCCUPATION:
        return 1.0
    integral = exp1(excitation_density) + math.log(excitation_density) + np.euler_gamma
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
    check_number("excitation_density", excitation_density, at_least=0)
    return float(gammainc(2, excitation_density))


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
    check_number("excitation_density", excitation_density, at_least=0)
    check_number("partners", partners, at_least=0)
    strength = partners * excitation_density
    if strength < _SMALLEST_OCCUPATION:
        return 1.0
    return float(-spence(1 + strength) / strength)


def annihilation_partners(
    diffusivity_cm2_s: float,
    lifetime_ns: float,
    *,
    auger_lifetime_ns: float = 0.0,
    spacing_nm: float = REPORTED["main-l"].value,
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
    check_number("diffusivity_cm2_s", diffusivity_cm2_s, above=0)
    check_number("lifetime_ns", lifetime_ns, above=0)
    check_number("auger_lifetime_ns", auger_lifetime_ns, at_least=0)
    check_number("spacing_nm", spacing_nm, above=0)
    steps = 8 * diffusivity_cm2_s / NM2_PER_NS_IN_CM2_S * lifetime_ns / spacing_nm**2
    check_number("steps in a lifetime", steps, at_least=1)
    search = 2 * math.log(8 * steps) / (math.pi * steps)
    return 1 / (search + 2 * auger_lifetime_ns / lifetime_ns)


@dataclass(frozen=True)
class OpticalSample:
    """Colour and brightness of a sample.

    Parameters
    ----------
    emission_eV, emission_fwhm_meV : float
        Centre and full width of the emission, a Gaussian in photon energy.
    stokes_shift_meV : float
        From the centre of the emission up to that of the band-edge exciton.
    exciton_fwhm_meV, binding_meV, continuum_rise_per_eV : float
        Width and binding energy of the exciton, and rise of the continuum; see
        `absorption_shape`.
    exciton_absorbance : float
        Decadic absorbance at the band-edge exciton, without the baseline.
    baseline_absorbance, baseline_exponent : float
        Baseline at 500 nm, and n in its fall as wavelength^-n.
    quantum_yield : float
        Photons per absorbed photon, in (0, 1].
    annihilation_partners : float, optional
        M of `annihilation_yield`; 0 for excitons that ignore each other.
    saturates : bool, optional
        Whether a nanocrystal gives one photon per pulse at most; see `saturation_yield`.
    sources : mapping of str to str, optional
        By parameter: where the number is from.

    Raises
    ------
    ValueError
        If a number is outside its range.

    Examples
    --------
    >>> film = OPTICAL_SAMPLES["OLA/OA"]
    >>> round(film.emission_nm), round(film.exciton_nm)
    (515, 504)
    >>> film.sources["quantum_yield"]
    'main text, L76'
    """

    emission_eV: float
    emission_fwhm_meV: float
    stokes_shift_meV: float
    exciton_fwhm_meV: float
    binding_meV: float
    continuum_rise_per_eV: float
    exciton_absorbance: float
    baseline_absorbance: float
    baseline_exponent: float
    quantum_yield: float
    annihilation_partners: float = 0.0
    saturates: bool = False
    sources: Mapping[str, str] = field(default_factory=dict, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Refuse what no sample can have."""
        for name in ("emission_eV", "emission_fwhm_meV", "exciton_fwhm_meV", "binding_meV"):
            check_number(name, getattr(self, name), above=0)
        for name in ("continuum_rise_per_eV", "exciton_absorbance", "baseline_absorbance"):
            check_number(name, getattr(self, name), at_least=0)
        for name in ("stokes_shift_meV", "baseline_exponent", "annihilation_partners"):
            check_number(name, getattr(self, name), at_least=0)
        check_number("quantum_yield", self.quantum_yield, above=0, at_most=1)

    @property
    def emission_nm(self) -> float:
        """Wavelength of a photon of the centre of the emission, in nm."""
        return EV_NM / self.emission_eV

    @property
    def exciton_eV(self) -> float:
        """Centre of the band-edge exciton in absorption, in eV."""
        return self.emission_eV + 1e-3 * self.stokes_shift_meV

    @property
    def exciton_nm(self) -> float:
        """The same as a wavelength, in nm."""
        return EV_NM / self.exciton_eV

    def absorbance(self, wavelength_nm: ArrayLike) -> NDArray[np.float64]:
        """Decadic absorbance, with the baseline (`absorption_shape`).

        Parameters
        ----------
        wavelength_nm : array_like
            Wavelengths of any shape.

        Returns
        -------
        ndarray
            Of the same shape.
        """
        wavelength = np.asarray(wavelength_nm, float)
        shape = absorption_shape(
            photon_energy_eV(wavelength),
            self.exciton_eV,
            1e-3 * self.exciton_fwhm_meV,
            1e-3 * self.binding_meV,
            self.continuum_rise_per_eV,
        )
        return self.exciton_absorbance * shape + self.baseline(wavelength)

    def baseline(self, wavelength_nm: ArrayLike) -> NDArray[np.float64]:
        """What scattering and reflection add to the absorbance, a power law of the wavelength.

        Parameters
        ----------
        wavelength_nm : array_like
            Wavelengths of any shape.

        Returns
        -------
        ndarray
            Of the same shape.
        """
        relative = np.asarray(wavelength_nm, float) / BASELINE_REFERENCE_NM
        return self.baseline_absorbance * relative**-self.baseline_exponent

    def emission(self, wavelength_nm: ArrayLike) -> NDArray[np.float64]:
        """Share of the photons per nm of wavelength (`emission_shape`).

        Parameters
        ----------
        wavelength_nm : array_like
            Wavelengths of any shape.

        Returns
        -------
        ndarray
            Of the same shape, in 1/nm.
        """
        return emission_shape(wavelength_nm, self.emission_eV, 1e-3 * self.emission_fwhm_meV)

    def relative_yield(self, excitation_density: float) -> float:
        """Light per exciton, over that at low density.

        Parameters
        ----------
        excitation_density : float
            Excitations per nanocrystal and pulse at the centre of a Gaussian spot.

        Returns
        -------
        float
            Product of `saturation_yield` and `annihilation_yield`, as far as the sample has them.
        """
        saturation = saturation_yield(excitation_density) if self.saturates else 1.0
        return saturation * annihilation_yield(excitation_density, self.annihilation_partners)

    def settings(self) -> dict[str, Any]:
        """All numbers by name, as attributes of a record.

        Returns
        -------
        dict
            Without the sources.
        """
        names = (one.name for one in fields(self) if one.name != "sources")
        return {name: getattr(self, name) for name in names} | {"saturates": int(self.saturates)}


def biexciton_shift_nm(
    sample: OpticalSample, excitation_density: float, energy_meV: float = BIEXCITON_SHIFT_MEV[1]
) -> float:
    """How far the peak moves to the red if excitons that share a nanocrystal emit as biexcitons.

    The share of excitons that are one too many, times what a biexciton emits below an exciton.

    Parameters
    ----------
    sample : OpticalSample
        What emits.
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
        If a number is negative or not finite.

    Examples
    --------
    >>> round(biexciton_shift_nm(OPTICAL_SAMPLES["OLA/OA"], 0.164), 2)
    0.17
    """
    check_number("energy_meV", energy_meV, at_least=0)
    surplus = 1 - saturation_yield(excitation_density)
    return surplus * 1e-3 * energy_meV * sample.emission_nm / sample.emission_eV


_SOURCES = {
    "emission_eV": "between 479 nm at 3.5 nm and 518 nm at 16 nm, Krieg 2021, at 8.3 nm",
    "emission_fwhm_meV": "narrowest of Energies 14, 275 (2021)",
    "stokes_shift_meV": "assumed, within the 38 to 101 meV of Energies 14, 275 (2021)",
    "exciton_fwhm_meV": "assumed, a little wider than the emission",
    "binding_meV": "Nanomaterials 11, 463 (2021)",
    "continuum_rise_per_eV": "assumed: 400 nm is absorbed 3.3 times as well as the exciton",
    "exciton_absorbance": "assumed, for a cuvette",
    "baseline_absorbance": "assumed",
    "baseline_exponent": "Rayleigh scattering",
    "quantum_yield": "assumed",
    "annihilation_partners": "off",
    "saturates": "off",
}

_TOLUENE = OpticalSample(
    emission_eV=confined_emission_eV(REPORTED["main-NC-size"].value),
    emission_fwhm_meV=90.0,
    stokes_shift_meV=52.0,
    exciton_fwhm_meV=105.0,
    binding_meV=44.0,
    continuum_rise_per_eV=2.7,
    exciton_absorbance=0.2,
    baseline_absorbance=0.002,
    baseline_exponent=4.0,
    quantum_yield=0.9,
    sources=MappingProxyType(_SOURCES),
)


def _with(sample: OpticalSample, sources: Mapping[str, str], **changes: float) -> OpticalSample:
    """A sample that differs in some numbers, each with its source."""
    told = MappingProxyType({**sample.sources, **sources})
    return replace(sample, **changes, sources=told)


def _shifted(sample: OpticalSample, meV: float, why: str) -> OpticalSample:
    """A sample whose emission and absorption lie higher by some meV."""
    return _with(sample, {"emission_eV": why}, emission_eV=sample.emission_eV + 1e-3 * meV)


_FILM_SOURCES = {
    "emission_eV": "as in toluene, less 12.5 meV: 10 to 15 in clean superlattices, Baranov 2019",
    "exciton_absorbance": "middle of the 0.01-0.07 of Note 1",
    "baseline_absorbance": "assumed: scattering and reflection of a film",
    "baseline_exponent": "assumed: grains of the order of the wavelength",
    "quantum_yield": "main text, L76",
}
_FILM = _with(
    _TOLUENE,
    _FILM_SOURCES,
    emission_eV=_TOLUENE.emission_eV - 0.0125,
    exciton_absorbance=0.04,
    baseline_absorbance=0.01,
    baseline_exponent=2.0,
    quantum_yield=REPORTED["main-PLQY"].value / 100,
)
_COATED = _with(_FILM, {"quantum_yield": "assumed, as OLA/OA"})
_NARROW = dict.fromkeys(("emission_fwhm_meV", "exciton_fwhm_meV"), "assumed: sizes selected")
_ASC18 = _with(_COATED, _NARROW, emission_fwhm_meV=85.0, exciton_fwhm_meV=95.0)

OPTICAL_SAMPLES: Mapping[str, OpticalSample] = MappingProxyType(
    {
        "OLA/OA in toluene": _TOLUENE,
        "OLA/OA": _FILM,
        "ASC18": _shifted(_ASC18, 5.0, "assumed: another ligand and batch, 5 meV above OLA/OA"),
        "film ALD": _shifted(_COATED, 0.0, "assumed as uncoated: oxide grows on a finished film"),
        "colloidal ALD, 4 layers": _shifted(_COATED, 7.0, "assumed: shells hold them apart"),
        "colloidal ALD, 8 layers": _shifted(_COATED, 10.0, "assumed: the same, more"),
        "colloidal ALD, 12 layers": _shifted(_COATED, 12.0, "assumed: almost as in toluene"),
    }
)
"""Nanocrystals in toluene, and the films of Figs. 3 and S9, by name.

Only the quantum yield of OLA/OA and the range of absorbances are printed in the paper. That the
other films differ in colour, and how, is assumed: no conclusion of the book rests on it.
"""
