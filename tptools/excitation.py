r"""From laser power to excitations per nanocrystal (Supplementary Note 6).

The chain is linear in power:

.. math::
    I = \frac{\eta P}{\pi (w/2)^2}, \qquad F = \frac{I}{f}, \qquad
    \langle N \rangle = \frac{\sigma F}{h c / \lambda}, \qquad
    T = \frac{1}{\langle N \rangle f},

with throughput :math:`\eta`, spot diameter :math:`w` (FWHM), repetition rate :math:`f` and
absorption cross section :math:`\sigma = \ln(10)\, \varepsilon / N_A`, where
:math:`\varepsilon = \varepsilon_V a^3` for a nanocrystal of edge :math:`a`.
"""

import math
from dataclasses import dataclass
from typing import Any, Literal, Self, get_args

import numpy as np
import xarray as xr
from numpy.typing import ArrayLike
from scipy import constants

from tptools.checks import check_choice, check_number
from tptools.companion.paper import REPORTED

__all__ = ["Excitation", "tabulate"]

Profile = Literal["top_hat", "gaussian_peak"]

# A Gaussian beam of full width w has 4 ln(2) P / (pi w^2) at its centre; a disc of diameter w
# has 4 P / (pi w^2) everywhere.
_INTENSITY_RELATIVE_TO_TOP_HAT = {"top_hat": 1.0, "gaussian_peak": math.log(2)}


@dataclass(frozen=True)
class Excitation:
    """One excitation condition: a pulsed laser focused on a film of nanocrystals.

    Parameters
    ----------
    power_nW : float
        Nominal time-averaged power, measured outside the microscope.
    rep_rate_MHz : float
        Repetition rate of the pulses.
    spot_fwhm_nm : float, optional
        Full width at half maximum of the spot on the sample.
    throughput : float, optional
        Fraction of the nominal power that reaches the sample, in (0, 1].
    edge_nm : float, optional
        Edge of a cubic nanocrystal.
    wavelength_nm : float, optional
        Vacuum wavelength of the laser.
    profile : {"top_hat", "gaussian_peak"}, optional
        Which intensity stands for the spot: that of a disc of radius FWHM/2 that holds all the
        power, as in Note 6, or that at the centre of a Gaussian of this width, which is smaller
        by ln 2.

    Raises
    ------
    ValueError
        If a number is not positive and finite, `throughput` exceeds 1, or `profile` is unknown. A
        bool, a text or an array is no number.

    Notes
    -----
    The molar absorptivity is that of CsPbBr3 nanocrystals in toluene at 400 nm whatever
    `wavelength_nm` is; the wavelength sets the photon energy only. Reflection, the refractive
    index of the film and absorption on the way through it are left out, as in Note 6.

    Examples
    --------
    >>> one = Excitation(power_nW=1, rep_rate_MHz=2.5)
    >>> round(one.excitation_density, 5), round(one.time_between_excitations_us, 1)
    (0.00822, 48.7)
    """

    power_nW: float
    rep_rate_MHz: float
    spot_fwhm_nm: float = REPORTED["s6-spot"].value
    throughput: float = REPORTED["s6-throughput"].value / 100
    edge_nm: float = REPORTED["main-NC-size"].value
    wavelength_nm: float = REPORTED["main-lambda-exc"].value
    profile: Profile = "top_hat"

    def __post_init__(self) -> None:
        """Refuse what no experiment can have."""
        for name in ("power_nW", "rep_rate_MHz", "spot_fwhm_nm", "edge_nm", "wavelength_nm"):
            check_number(name, getattr(self, name), above=0)
        check_number("throughput", self.throughput, above=0, at_most=1)
        check_choice("profile", self.profile, get_args(Profile))

    @classmethod
    def from_excitation_density(
        cls, excitation_density: float, rep_rate_MHz: float, **optics: Any
    ) -> Self:
        """Find the power that gives a wanted excitation density.

        Parameters
        ----------
        excitation_density : float
            Photons absorbed per nanocrystal and pulse, <N>.
        rep_rate_MHz : float
            Repetition rate of the pulses.
        **optics
            Further parameters of `Excitation`, except the power.

        Returns
        -------
        Excitation
            With the nominal power that gives `excitation_density`.

        Raises
        ------
        ValueError
            As for `Excitation`.

        Examples
        --------
        >>> print(f"{Excitation.from_excitation_density(0.02, 5).power_nW:.2f} nW")
        4.87 nW
        """
        check_number("excitation_density", excitation_density, above=0)
        per_nW = cls(1.0, rep_rate_MHz, **optics).excitation_density
        return cls(excitation_density / per_nW, rep_rate_MHz, **optics)

    @property
    def surface_power_nW(self) -> float:
        """Power at the sample: nominal power times throughput, in nW."""
        return self.power_nW * self.throughput

    @property
    def intensity_W_cm2(self) -> float:
        """Time-averaged intensity at the sample, in W/cm²."""
        radius_cm = 0.5e-7 * self.spot_fwhm_nm
        top_hat_W_cm2 = 1e-9 * self.surface_power_nW / (math.pi * radius_cm**2)
        return top_hat_W_cm2 * _INTENSITY_RELATIVE_TO_TOP_HAT[self.profile]

    @property
    def fluence_uJ_cm2(self) -> float:
        """Energy per area and pulse: intensity over repetition rate, in µJ/cm²."""
        return self.intensity_W_cm2 / self.rep_rate_MHz

    @property
    def photon_energy_J(self) -> float:
        """Energy of one photon, h c / wavelength, in J."""
        return constants.h * constants.c / (1e-9 * self.wavelength_nm)

    @property
    def molar_absorptivity_cm_M(self) -> float:
        """Molar absorptivity of one nanocrystal, proportional to its volume, in cm⁻¹ M⁻¹."""
        return 1e6 * REPORTED["s6-eps-coef"].value * self.edge_nm**3

    @property
    def absorption_cross_section_cm2(self) -> float:
        """Absorption cross section of one nanocrystal, ln(10) 1000 ε / N_A, in cm²."""
        return 1e3 * math.log(10) * self.molar_absorptivity_cm_M / constants.N_A

    @property
    def excitation_density(self) -> float:
        """Photons absorbed per nanocrystal and pulse, <N>, without saturation."""
        photons_per_cm2 = 1e-6 * self.fluence_uJ_cm2 / self.photon_energy_J
        return self.absorption_cross_section_cm2 * photons_per_cm2

    @property
    def period_us(self) -> float:
        """Time between two pulses, in µs."""
        return 1 / self.rep_rate_MHz

    @property
    def time_between_excitations_us(self) -> float:
        """Mean time between two excitations of one nanocrystal, T = 1 / (<N> f), in µs."""
        return self.period_us / self.excitation_density


_COLUMNS = {
    "surface_power_nW": {"long_name": "power", "units": "nW"},
    "intensity_W_cm2": {"long_name": "intensity", "units": "W/cm²"},
    "fluence_uJ_cm2": {"long_name": "fluence", "units": "µJ/cm²"},
    "excitation_density": {"long_name": "⟨N⟩", "units": "1"},
    "time_between_excitations_us": {"long_name": "time between excitations", "units": "µs"},
}


def tabulate(
    power_nW: ArrayLike | xr.DataArray, rep_rate_MHz: ArrayLike | xr.DataArray, **optics: Any
) -> xr.Dataset:
    """Compute the columns of Tables S1 and S2 for many conditions.

    Parameters
    ----------
    power_nW, rep_rate_MHz : array_like or DataArray
        Nominal powers and repetition rates. DataArrays broadcast by dimension name and keep
        their coordinates.
    **optics
        Further parameters of `Excitation`, the same for all conditions.

    Returns
    -------
    Dataset
        ``surface_power_nW``, ``intensity_W_cm2``, ``fluence_uJ_cm2``, ``excitation_density`` and
        ``time_between_excitations_us``, each of the broadcast shape, with ``long_name`` and
        ``units``; `optics` as attributes.

    Raises
    ------
    ValueError
        As for `Excitation`.

    Examples
    --------
    >>> table = tabulate([1, 10], 2.5)
    >>> table.fluence_uJ_cm2.round(3).values.tolist()
    [0.076, 0.762]
    """
    power, rate = xr.broadcast(xr.DataArray(power_nW), xr.DataArray(rep_rate_MHz))
    pairs = zip(power.values.flat, rate.values.flat, strict=True)
    conditions = [Excitation(one_power, one_rate, **optics) for one_power, one_rate in pairs]
    table = xr.Dataset(coords=power.coords, attrs=optics)
    for name, attrs in _COLUMNS.items():
        cells = np.reshape([getattr(one, name) for one in conditions], power.shape)
        table[name] = power.dims, cells, attrs
    return table
