r"""From laser power to excitations per nanocrystal.

The chain is linear in power:

.. math::
    I = g \frac{\eta P}{\pi (w/2)^2}, \qquad F = \frac{I}{f}, \qquad
    \langle N \rangle = \frac{\sigma F}{h c / \lambda}, \qquad
    T = \frac{1}{\langle N \rangle f},

with throughput :math:`\eta`, spot diameter :math:`w` (FWHM), repetition rate :math:`f` and
absorption cross section :math:`\sigma`. The spot is a Gaussian. At its centre :math:`g = \ln 2`,
so that all nanocrystals together absorb what the power holds. "Persistent enhancement of exciton
diffusivity in CsPbBr3 nanocrystal solids" takes :math:`g = 1` (its Note 6), as if all the power
lay evenly in a disc of diameter :math:`w`; a Gaussian with this centre would hold 1.44 times the
power.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Literal, Self, get_args

import numpy as np
import scipy
import xarray as xr
from numpy.typing import ArrayLike

from tptools import material
from tptools.checks import check_choice, check_number, check_type, make_plain
from tptools.records import as_array

__all__ = ["Excitation", "tabulate"]

Convention = Literal["gaussian", "paper"]
DensityOf = Literal["disc", "peak"]

# A Gaussian beam of full width w has 4 ln(2) P / (pi w^2) at its centre; a disc of diameter w
# has 4 P / (pi w^2) everywhere.
_INTENSITY_RELATIVE_TO_DISC = {"gaussian": math.log(2), "paper": 1.0}


@dataclass(frozen=True)
class Excitation:
    """One excitation condition: a pulsed laser focused on a film of nanocrystals.

    Where no number is given, it is that of the microscope in "Persistent enhancement of exciton
    diffusivity in CsPbBr3 nanocrystal solids".

    Parameters
    ----------
    power_nW : float
        Nominal time-averaged power, measured outside the microscope.
    rep_rate_MHz : float
        Repetition rate of the pulses.
    spot_fwhm_nm : float, optional
        Full width at half maximum of the spot on the sample, a Gaussian.
    throughput : float, optional
        Fraction of the nominal power that reaches the sample, in (0, 1].
    edge_nm : float, optional
        Edge of a cubic nanocrystal.
    wavelength_nm : float, optional
        Vacuum wavelength of the laser.
    convention : {"gaussian", "paper"}, optional
        What stands at the centre of the spot: a Gaussian that holds the power and no more, or the
        disc of the paper's Note 6, which makes everything at the centre 1.44 times as bright.

    Raises
    ------
    ValueError
        If a number is not positive and finite, `throughput` exceeds 1, or `convention` is unknown.
        A bool, a text or an array is no number.

    Notes
    -----
    The molar absorptivity is that of CsPbBr3 nanocrystals in toluene at 400 nm whatever
    `wavelength_nm` is; the wavelength sets the photon energy only. Reflection, the refractive
    index of the film and absorption on the way through it are left out.

    Examples
    --------
    >>> one = Excitation(power_nW=1, rep_rate_MHz=2.5)
    >>> round(one.excitation_density, 5), round(one.time_between_excitations_us, 1)
    (0.0057, 70.2)
    >>> round(one.disc_excitation_density, 5), round(one.disc_time_between_excitations_us, 1)
    (0.00822, 48.7)
    """

    power_nW: float
    rep_rate_MHz: float
    spot_fwhm_nm: float = 500.0
    throughput: float = 0.374
    edge_nm: float = material.EDGE_NM
    wavelength_nm: float = 405.0
    convention: Convention = "gaussian"

    def __post_init__(self) -> None:
        """Refuse what no experiment can have."""
        make_plain(self)
        for name in ("power_nW", "rep_rate_MHz", "spot_fwhm_nm", "edge_nm", "wavelength_nm"):
            check_number(name, getattr(self, name), above=0)
        check_number("throughput", self.throughput, above=0, at_most=1)
        check_choice("convention", self.convention, get_args(Convention))

    @classmethod
    def from_excitation_density(
        cls,
        excitation_density: float,
        rep_rate_MHz: float,
        of: DensityOf = "disc",
        **optics: Any,
    ) -> Self:
        """Find the power that gives a wanted excitation density.

        Parameters
        ----------
        excitation_density : float
            Photons absorbed per nanocrystal and pulse, <N>.
        rep_rate_MHz : float
            Repetition rate of the pulses.
        of : {"disc", "peak"}, optional
            Whose <N> this is: that of the disc of Note 6, which the paper prints, or that at the
            centre of the spot.
        **optics
            Further parameters of `Excitation`, except the power.

        Returns
        -------
        Excitation
            With the nominal power that gives `excitation_density`.

        Raises
        ------
        ValueError
            If `of` is unknown, or as for `Excitation`.

        Examples
        --------
        >>> print(f"{Excitation.from_excitation_density(0.02, 5).power_nW:.2f} nW")
        4.87 nW
        >>> print(f"{Excitation.from_excitation_density(0.02, 5, 'peak').power_nW:.2f} nW")
        7.02 nW
        """
        excitation_density = check_number("excitation_density", excitation_density, above=0)
        check_choice("of", of, get_args(DensityOf))
        one = cls(1.0, rep_rate_MHz, **optics)
        per_nW = one.disc_excitation_density if of == "disc" else one.excitation_density
        return cls(excitation_density / per_nW, rep_rate_MHz, **optics)

    @classmethod
    def from_attrs(cls, attrs: Mapping[str, Any]) -> Self:
        """Find the laser in the attributes of a run or a record.

        Parameters
        ----------
        attrs : mapping
            Such as ``run.attrs``; it holds all parameters of `Excitation` and may hold others.

        Returns
        -------
        Excitation

        Raises
        ------
        ValueError
            If a parameter is missing, or as for `Excitation`.

        Examples
        --------
        >>> from tptools.kmc import ExcitonModel, pulse_train, simulate
        >>> laser = Excitation(10, 2.5)
        >>> run = simulate(ExcitonModel(), pulse_train(laser, n_pulses=2), seed=1)
        >>> Excitation.from_attrs(run.attrs) == laser
        True
        """
        check_type("attrs", attrs, Mapping, remedy="give the attrs of a run or a record")
        names = [field.name for field in fields(cls)]
        missing = [name for name in names if name not in attrs]
        if missing:
            raise ValueError(
                f"attrs without {', '.join(missing)} describe no laser and must hold all of "
                "Excitation's parameters; make the pulses of a run with tptools.kmc.pulse_train"
            )
        values = {name: attrs[name] for name in names}
        # a file gives NumPy's scalars
        plain = {n: v.item() if isinstance(v, np.generic) else v for n, v in values.items()}
        return cls(**plain)

    @property
    def surface_power_nW(self) -> float:
        """Power at the sample: nominal power times throughput, in nW."""
        return self.power_nW * self.throughput

    @property
    def intensity_W_cm2(self) -> float:
        """Time-averaged intensity at the centre of the spot by `convention`, in W/cm²."""
        radius_cm = 0.5e-7 * self.spot_fwhm_nm
        disc_W_cm2 = 1e-9 * self.surface_power_nW / (math.pi * radius_cm**2)
        return disc_W_cm2 * _INTENSITY_RELATIVE_TO_DISC[self.convention]

    @property
    def fluence_uJ_cm2(self) -> float:
        """Energy per area and pulse: intensity over repetition rate, in µJ/cm²."""
        return self.intensity_W_cm2 / self.rep_rate_MHz

    @property
    def photon_energy_J(self) -> float:
        """Energy of one photon, h c / wavelength, in J."""
        return scipy.constants.h * scipy.constants.c / (1e-9 * self.wavelength_nm)

    @property
    def absorption_cross_section_cm2(self) -> float:
        """Absorption cross section of one nanocrystal, in cm²."""
        return material.absorption_cross_section_cm2(self.edge_nm)

    @property
    def excitation_density(self) -> float:
        """Photons absorbed per nanocrystal and pulse at the centre, <N>, without saturation."""
        photons_per_cm2 = 1e-6 * self.fluence_uJ_cm2 / self.photon_energy_J
        return self.absorption_cross_section_cm2 * photons_per_cm2

    @property
    def disc_excitation_density(self) -> float:
        """<N> of the disc of Note 6 whatever the convention: what the paper prints."""
        return self.excitation_density / _INTENSITY_RELATIVE_TO_DISC[self.convention]

    @property
    def period_us(self) -> float:
        """Time between two pulses, in µs."""
        return 1 / self.rep_rate_MHz

    @property
    def time_between_excitations_us(self) -> float:
        """Mean time between excitations of a nanocrystal at the centre, 1 / (<N> f), in µs."""
        return self.period_us / self.excitation_density

    @property
    def disc_time_between_excitations_us(self) -> float:
        """The same with the <N> of the disc: what the paper's axes show, in µs."""
        return self.period_us / self.disc_excitation_density


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
    """Compute the columns of the paper's Tables S1 and S2 for many conditions.

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
        ``units``, each as `Excitation` computes it by its convention; `optics` as attributes.

    Raises
    ------
    ValueError
        As for `Excitation`.

    Examples
    --------
    >>> table = tabulate([1, 10], 2.5, convention="paper")
    >>> table.fluence_uJ_cm2.round(3).values.tolist()
    [0.076, 0.762]
    """
    power, rate = xr.broadcast(
        as_array("power_nW", power_nW), as_array("rep_rate_MHz", rep_rate_MHz)
    )
    pairs = zip(power.values.flat, rate.values.flat, strict=True)
    conditions = [Excitation(one_power, one_rate, **optics) for one_power, one_rate in pairs]
    table = xr.Dataset(coords=power.coords, attrs=optics)
    for name, attrs in _COLUMNS.items():
        cells = np.reshape([getattr(one, name) for one in conditions], power.shape)
        table[name] = power.dims, cells, attrs
    return table
