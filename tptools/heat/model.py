"""What is heated: a film, what it lies on, and the temperature step of one pulse."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import xarray as xr
from numpy.typing import ArrayLike

from tptools import material
from tptools.checks import check_number, check_type, make_plain
from tptools.estimate import Estimate
from tptools.records import as_array
from tptools.units import FWHM_PER_SIGMA

if TYPE_CHECKING:
    from tptools.film import Film  # with the hopping models, which heat can do without

__all__ = [
    "FUSED_SILICA",
    "QUARTZ_ACROSS_AXIS",
    "QUARTZ_ALONG_AXIS",
    "HeatedFilm",
    "Substrate",
    "temperature_step",
]


@dataclass(frozen=True)
class Substrate:
    """What a film lies on: a solid without end, behind an interface that resists heat.

    Parameters
    ----------
    conductivity_W_mK : float
        Thermal conductivity.
    heat_capacity_J_m3K : float
        Heat capacity per volume.
    interface_conductance_MW_m2K : float
        Heat flux per temperature difference across the interface (its inverse is the Kapitza
        resistance); infinite for perfect contact, 0 for none.

    Raises
    ------
    ValueError
        If a number is not positive, or the interface conductance is negative.

    Examples
    --------
    >>> f"{FUSED_SILICA.thermal_diffusivity_m2_s:.1e}"
    '8.8e-07'
    """

    conductivity_W_mK: float
    heat_capacity_J_m3K: float
    interface_conductance_MW_m2K: float

    def __post_init__(self) -> None:
        """Refuse what no solid can have."""
        make_plain(self)
        for name in ("conductivity_W_mK", "heat_capacity_J_m3K"):
            check_number(name, getattr(self, name), above=0)
        name = "interface_conductance_MW_m2K"
        check_number(name, getattr(self, name), at_least=0, finite=False)

    @property
    def thermal_diffusivity_m2_s(self) -> float:
        """Conductivity over heat capacity, in m²/s."""
        return self.conductivity_W_mK / self.heat_capacity_J_m3K


FUSED_SILICA = Substrate(1.4, 2.2e6 * 0.72, 28.0)
"""The quartz of Note 1, taken for fused silica: 1.4 W/(m K), 2.2 g/cm3 and 0.72 J/(g K), from
tables. The interface is that of a self-assembled monolayer between solids :cite:`wang`, which the
primer of Note 1 resembles; 15 to 100 MW/(m2 K) would not surprise."""

_QUARTZ_J_M3K = 2648 * 740
QUARTZ_ALONG_AXIS = Substrate(10.7, _QUARTZ_J_M3K, 28.0)
"""Crystalline quartz as if it conducted heat in all directions as along its optic axis:
10.7 W/(m K), 2648 kg/m3 and 740 J/(kg K) near room temperature (CRC Handbook of Chemistry and
Physics). The interface is that of `FUSED_SILICA`."""
QUARTZ_ACROSS_AXIS = Substrate(6.2, _QUARTZ_J_M3K, 28.0)
"""The same as across the axis, 6.2 W/(m K) (CRC Handbook). More conduction in any direction cools
faster, so that a crystal of any cut lies between the two."""


@dataclass(frozen=True)
class HeatedFilm:
    """A cylinder of film that a pulse heats at its top: Gaussian in r, Beer's law in z.

    Parameters
    ----------
    radius_um : float
        Radius of the cylinder, through whose side no heat flows; infinite for a wide film.
    thickness_nm : float
        Its height. No heat flows through the top, and none through the bottom without `substrate`.
    thermal_diffusivity_m2_s : float
        Conductivity over heat capacity per volume.
    spot_fwhm_nm : float, optional
        Full width at half maximum of the heated spot.
    absorption_length_nm : float, optional
        Depth at which the heat has fallen to 1/e.
    heat_capacity_J_m3K : float, optional
        Per volume; it matters on a substrate only.
    substrate : Substrate, optional
        What the film lies on. It asks for a film of infinite radius.

    Raises
    ------
    ValueError
        If a size is not positive, the spot is wider than the film, or a film on a substrate ends.

    Examples
    --------
    >>> film = HeatedFilm(radius_um=5, thickness_nm=35, thermal_diffusivity_m2_s=1e-7)
    >>> f"{film.final_temperature:.4f}"
    '0.0033'
    """

    radius_um: float
    thickness_nm: float
    thermal_diffusivity_m2_s: float
    spot_fwhm_nm: float = 500.0
    absorption_length_nm: float = material.absorption_length_nm()
    heat_capacity_J_m3K: float = material.film_heat_capacity_J_m3K()
    substrate: Substrate | None = None

    def __post_init__(self) -> None:
        """Refuse what cannot be heated so."""
        make_plain(self)
        check_number("radius_um", self.radius_um, above=0, finite=False)
        for name in (
            "thickness_nm",
            "thermal_diffusivity_m2_s",
            "spot_fwhm_nm",
            "absorption_length_nm",
            "heat_capacity_J_m3K",
        ):
            check_number(name, getattr(self, name), above=0)
        if self.spot_fwhm_nm > 2000 * self.radius_um:
            raise ValueError(
                f"spot_fwhm_nm = {self.spot_fwhm_nm!r} is wider than the film of "
                f"radius_um = {self.radius_um!r}; make the film wider"
            )
        if self.substrate is not None and math.isfinite(self.radius_um):
            raise ValueError(
                f"radius_um = {self.radius_um!r} must be infinite on a substrate, which has no "
                "side; use math.inf"
            )

    @classmethod
    def of(cls, film: Film, radius_um: float = math.inf, **changes: Any) -> Self:
        """Cylinder of a film, with the numbers that the film has.

        Parameters
        ----------
        film : tptools.film.Film
            Its thickness and thermal diffusivity count, and its lattice by what
            `tptools.material` makes of it.
        radius_um : float, optional
            Radius of the cylinder.
        **changes
            Other parameters of this class, instead of those of the film.

        Returns
        -------
        HeatedFilm

        Raises
        ------
        ValueError
            If `film` is a solution, or as for this class.

        Examples
        --------
        >>> from tptools.film import FILMS
        >>> HeatedFilm.of(FILMS["OLA/OA"], thermal_diffusivity_m2_s=2e-7).thickness_nm
        35.0
        """
        from tptools.film import Film

        check_type("film", film, Film, remedy="give one of tptools.FILMS")
        filling = material.filling_fraction(film.edge_nm, film.lattice.spacing_nm)
        own = {
            "thickness_nm": film.heat.thickness_nm,
            "thermal_diffusivity_m2_s": film.heat.thermal_diffusivity_m2_s,
            "absorption_length_nm": material.absorption_length_nm(filling),
            "heat_capacity_J_m3K": material.film_heat_capacity_J_m3K(filling),
        }
        return cls(radius_um, **own | changes)

    @property
    def spot_sigma_m(self) -> float:
        """Standard deviation of the heated spot, in m."""
        return 1e-9 * self.spot_fwhm_nm / FWHM_PER_SIGMA

    @property
    def conductivity_W_mK(self) -> float:
        """Thermal conductivity of the film, in W/(m K)."""
        return self.thermal_diffusivity_m2_s * self.heat_capacity_J_m3K

    @property
    def final_temperature(self) -> float:
        """Temperature long after the pulse, in units of the first at the centre.

        Without a substrate the heat stays, and spreads evenly: the mean of the initial profile.
        """
        depth = self.absorption_length_nm / self.thickness_nm
        mean_over_z = -depth * math.expm1(-1 / depth)
        radius = 1e-6 * self.radius_um / self.spot_sigma_m
        mean_over_r = -2 * math.expm1(-(radius**2) / 2) / radius**2
        return mean_over_r * mean_over_z if self.substrate is None else 0.0


def temperature_step(
    excitation_density: ArrayLike | xr.DataArray,
    photon_energy_J: float,
    *,
    edge_nm: float = material.EDGE_NM,
    heat_capacity: Estimate = material.HEAT_CAPACITY,
) -> xr.Dataset:
    r"""Temperature step of a nanocrystal whose light all turns to heat at once, Eq. (7) of Note 8.

    .. math:: \Delta T = \frac{\langle N \rangle E}{\rho c_p a^3}

    Parameters
    ----------
    excitation_density : array_like or DataArray
        Photons absorbed per nanocrystal and pulse, <N>.
    photon_energy_J : float
        Energy of a photon.
    edge_nm : float, optional
        Edge of a cubic nanocrystal.
    heat_capacity : Estimate, optional
        Per volume, in J/(m³ K).

    Returns
    -------
    Dataset
        ``temperature_step_K`` and ``std_err_K``, the part of its error that `heat_capacity` makes;
        of the shape of `excitation_density`.

    Raises
    ------
    ValueError
        If an excitation density is negative or NaN, another number not positive, or the unit of
        `heat_capacity` another one.

    Examples
    --------
    >>> step = temperature_step(0.0082, photon_energy_J=4.9e-19)
    >>> f"{float(step.temperature_step_K):.4f} K"
    '0.0067 K'
    """
    check_type("heat_capacity", heat_capacity, Estimate)
    density = as_array("excitation_density", excitation_density)
    for value in density.values.flat:
        check_number("excitation_density", float(value), at_least=0)
    photon_energy_J = check_number("photon_energy_J", photon_energy_J, above=0)
    edge_nm = check_number("edge_nm", edge_nm, above=0)
    check_number("heat_capacity", heat_capacity.value, above=0)
    if heat_capacity.unit != "J/(m3 K)":
        raise ValueError(f"heat_capacity is in {heat_capacity.unit!r}; give it in 'J/(m3 K)'")
    step = density * photon_energy_J / (heat_capacity.value * (1e-9 * edge_nm) ** 3)
    table = xr.Dataset(
        {
            "temperature_step_K": step,
            "std_err_K": step * heat_capacity.std_err / heat_capacity.value,
        }
    )
    table.temperature_step_K.attrs = {"long_name": "temperature step", "units": "K"}
    table.std_err_K.attrs = {"long_name": "error of the temperature step", "units": "K"}
    return table
