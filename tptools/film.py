r"""The films: one each, with lattice, hopping, colour and heat, and every number with its origin.

`FILMS` holds them by name. They are written down in ``films.toml`` beside this file, which people
read and edit; `load` reads a file of one's own, whose films may be based on these. What is not
written there follows by rules:

- The lattice has the spacing of the ligands and two shells, :math:`l = l_0 + 2 n g`, for n cycles
  that grow g each (`Lattice.spacing_nm`).
- A film that states no hop rate has that of the film that it inherits from, times the factor for
  point dipoles at its own spacing and refractive index (`tptools.hopping_law.dipole_hop_factor`)
  and the ratio of their `Lattice.ligand_hop_factor`.
- A nanocrystal has the absorption cross section for its edge
  (`tptools.material.absorption_cross_section_cm2`), which matters where a film has several layers.
- Nanocrystals in solution emit at the energy for their edge
  (`tptools.spectra.confined_emission_eV`), those of a film at that plus a shift.

Examples
--------
>>> film = FILMS["c-ALD 4"]
>>> film.hopping.lattice_spacing_nm, film.origins["hopping.relaxation_time_us"].origin
(10.8, 'calibrated')
>>> bare = FILMS["OLA/OA"].hopping.hop_rate_ground_per_ps
>>> round(film.hopping.hop_rate_ground_per_ps / bare, 2)
0.44
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from importlib import resources
from os import PathLike
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal

import pandas as pd
from numpy.typing import ArrayLike

from tptools.arrays import FloatArray
from tptools.checks import check_choice, check_integer, check_number, check_type, make_plain
from tptools.film_file import Origin, Table, read_tables
from tptools.hopping_law import HoppingLaw, dipole_hop_factor
from tptools.kinetics import annihilation_yield, saturation_yield
from tptools.kmc.model import ExcitonModel
from tptools.material import INDEX_ALUMINA, INDEX_LIGAND, absorption_cross_section_cm2
from tptools.records import as_positive
from tptools.spectra import (
    BASELINE_REFERENCE_NM,
    HC_EV_NM,
    absorption_shape,
    confined_emission_eV,
    emission_shape,
    photon_energy_eV,
)
from tptools.units import CM_PER_NM

__all__ = ["FILMS", "Film", "HeatProperties", "Lattice", "Optics", "Origin", "Solid", "load"]

Medium = Literal["ligands", "alumina"]

_LAW = HoppingLaw()
_INDEX = {"ligands": INDEX_LIGAND, "alumina": INDEX_ALUMINA}


@dataclass(frozen=True)
class Lattice:
    """Nanocrystals side by side, and what is between them.

    Parameters
    ----------
    ligand_spacing_nm : float
        Distance of neighbouring centres with nothing but ligands between.
    medium : {"ligands", "alumina"}
        What fills the gaps.
    ligand_hop_factor : float
        Hop rates through these ligands, over those through the ligands of OLA/OA.
    shell_cycles : int
        Cycles of colloidal ALD that grew a shell around every nanocrystal.
    shell_growth_nm : float
        Thickness of shell that a cycle adds.

    Raises
    ------
    ValueError
        If a number is outside its range, or the medium is unknown.

    Examples
    --------
    >>> Lattice(10.0, "alumina", 1.0, shell_cycles=8, shell_growth_nm=0.1).spacing_nm
    11.6
    """

    ligand_spacing_nm: float
    medium: Medium
    ligand_hop_factor: float
    shell_cycles: int
    shell_growth_nm: float

    def __post_init__(self) -> None:
        make_plain(self)
        check_number("ligand_spacing_nm", self.ligand_spacing_nm, above=0)
        check_choice("medium", self.medium, tuple(_INDEX))
        check_number("ligand_hop_factor", self.ligand_hop_factor, above=0)
        check_integer("shell_cycles", self.shell_cycles, at_least=0)
        check_number("shell_growth_nm", self.shell_growth_nm, at_least=0)

    @property
    def spacing_nm(self) -> float:
        """Distance of neighbouring centres: ligands, and a shell on either side."""
        return self.ligand_spacing_nm + 2 * self.shell_cycles * self.shell_growth_nm

    @property
    def refractive_index(self) -> float:
        """Refractive index of the medium, from `tptools.material`."""
        return _INDEX[self.medium]

    def hop_factor(self, reference: Lattice) -> float:
        """Hop rate on this lattice over that on another one.

        Parameters
        ----------
        reference : Lattice
            The other one.

        Returns
        -------
        float
            By `tptools.hopping_law.dipole_hop_factor` and both `ligand_hop_factor`.

        Raises
        ------
        TypeError
            If `reference` is no Lattice.
        """
        check_type("reference", reference, Lattice)
        dipoles = dipole_hop_factor(
            self.spacing_nm,
            self.refractive_index,
            reference_spacing_nm=reference.spacing_nm,
            reference_index=reference.refractive_index,
        )
        return dipoles * self.ligand_hop_factor / reference.ligand_hop_factor


@dataclass(frozen=True)
class Optics:
    """Colour and brightness of a film or solution.

    Parameters
    ----------
    solution_emission_eV : float
        Centre of the emission of the nanocrystals in solution.
    emission_shift_meV : float
        From there to the centre of the emission here.
    emission_fwhm_meV : float
        Full width of the emission, a Gaussian in photon energy.
    stokes_shift_meV : float
        From the centre of the emission up to that of the band-edge exciton.
    exciton_fwhm_meV, binding_meV, continuum_rise_per_eV : float
        Width and binding energy of the exciton, and rise of the continuum; see
        `tptools.spectra.absorption_shape`.
    exciton_absorbance : float
        Decadic absorbance at the band-edge exciton, without the baseline.
    baseline_absorbance, baseline_exponent : float
        Baseline at 500 nm, and n in its fall as wavelength^-n.
    quantum_yield : float
        Photons per absorbed photon, in (0, 1].
    annihilation_partners : float
        M of `tptools.kinetics.annihilation_yield`; 0 for excitons that ignore each other.
    saturates : bool
        Whether a nanocrystal gives one photon per pulse at most; see
        `tptools.kinetics.saturation_yield`.
    film : str, optional
        Name of the film, for records.

    Raises
    ------
    ValueError
        If a number is outside its range.

    Examples
    --------
    >>> optics = FILMS["OLA/OA"].optics
    >>> round(optics.emission_nm), round(optics.exciton_nm)
    (515, 504)
    """

    solution_emission_eV: float
    emission_shift_meV: float
    emission_fwhm_meV: float
    stokes_shift_meV: float
    exciton_fwhm_meV: float
    binding_meV: float
    continuum_rise_per_eV: float
    exciton_absorbance: float
    baseline_absorbance: float
    baseline_exponent: float
    quantum_yield: float
    annihilation_partners: float
    saturates: bool
    film: str = field(default="", compare=False)

    def __post_init__(self) -> None:
        make_plain(self)
        check_number("emission_shift_meV", self.emission_shift_meV)
        positive = ("solution_emission_eV", "emission_fwhm_meV", "exciton_fwhm_meV", "binding_meV")
        for name in (*positive, "emission_eV"):
            check_number(name, getattr(self, name), above=0)
        for name in ("continuum_rise_per_eV", "exciton_absorbance", "baseline_absorbance"):
            check_number(name, getattr(self, name), at_least=0)
        for name in ("stokes_shift_meV", "baseline_exponent", "annihilation_partners"):
            check_number(name, getattr(self, name), at_least=0)
        check_number("quantum_yield", self.quantum_yield, above=0, at_most=1)
        if not isinstance(self.saturates, bool):
            raise ValueError(f"saturates = {self.saturates!r} must be true or false")

    @property
    def emission_eV(self) -> float:
        """Centre of the emission, in eV."""
        return self.solution_emission_eV + 1e-3 * self.emission_shift_meV

    @property
    def emission_nm(self) -> float:
        """Wavelength of a photon of the centre of the emission, in nm."""
        return HC_EV_NM / self.emission_eV

    @property
    def exciton_eV(self) -> float:
        """Centre of the band-edge exciton in absorption, in eV."""
        return self.emission_eV + 1e-3 * self.stokes_shift_meV

    @property
    def exciton_nm(self) -> float:
        """The same as a wavelength, in nm."""
        return HC_EV_NM / self.exciton_eV

    def absorbance(self, wavelength_nm: ArrayLike) -> FloatArray:
        """Decadic absorbance, with the baseline (`tptools.spectra.absorption_shape`).

        Parameters
        ----------
        wavelength_nm : array_like
            Wavelengths of any shape.

        Returns
        -------
        ndarray
            Of the same shape.

        Raises
        ------
        TypeError
            If `wavelength_nm` holds no real numbers.
        """
        wavelength = as_positive("wavelength_nm", wavelength_nm)
        shape = absorption_shape(
            photon_energy_eV(wavelength),
            self.exciton_eV,
            1e-3 * self.exciton_fwhm_meV,
            1e-3 * self.binding_meV,
            self.continuum_rise_per_eV,
        )
        return self.exciton_absorbance * shape + self.baseline(wavelength)

    def baseline(self, wavelength_nm: ArrayLike) -> FloatArray:
        """What scattering and reflection add to the absorbance, a power law of the wavelength.

        Parameters
        ----------
        wavelength_nm : array_like
            Wavelengths of any shape.

        Returns
        -------
        ndarray
            Of the same shape.

        Raises
        ------
        TypeError
            If `wavelength_nm` holds no real numbers.
        """
        relative = as_positive("wavelength_nm", wavelength_nm) / BASELINE_REFERENCE_NM
        return self.baseline_absorbance * relative**-self.baseline_exponent

    def emission(self, wavelength_nm: ArrayLike) -> FloatArray:
        """Share of the photons per nm of wavelength (`tptools.spectra.emission_shape`).

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
            Product of saturation and annihilation, as far as the sample has them.
        """
        saturation = saturation_yield(excitation_density) if self.saturates else 1.0
        return saturation * annihilation_yield(excitation_density, self.annihilation_partners)

    def settings(self) -> dict[str, Any]:
        """All numbers by name, and the film, as attributes of a record.

        Returns
        -------
        dict
        """
        return {one.name: getattr(self, one.name) for one in fields(self)} | {
            "emission_eV": self.emission_eV,
            "saturates": int(self.saturates),
        }


@dataclass(frozen=True)
class HeatProperties:
    """What heat needs to know of a film, beside its lattice.

    Parameters
    ----------
    thickness_nm : float
        Thickness of the film.
    thermal_diffusivity_m2_s : float
        Conductivity over heat capacity per volume.

    Raises
    ------
    ValueError
        If a number is not positive.

    Examples
    --------
    >>> FILMS["OLA/OA"].heat.thickness_nm
    35.0
    """

    thickness_nm: float
    thermal_diffusivity_m2_s: float

    def __post_init__(self) -> None:
        make_plain(self)
        check_number("thickness_nm", self.thickness_nm, above=0)
        check_number("thermal_diffusivity_m2_s", self.thermal_diffusivity_m2_s, above=0)


@dataclass(frozen=True)
class Solid:
    """What nanocrystals have in a film, and not in solution.

    Parameters
    ----------
    lattice : Lattice
        Where they are.
    hopping : ExcitonModel
        How excitons move, at room temperature.
    heat : HeatProperties
        How heat spreads.

    Raises
    ------
    ValueError
        If the hopping model has another spacing than the lattice.

    Examples
    --------
    >>> solid = FILMS["ASC18"].solid
    >>> solid.hopping.lattice_spacing_nm == solid.lattice.spacing_nm
    True
    """

    lattice: Lattice
    hopping: ExcitonModel
    heat: HeatProperties

    def __post_init__(self) -> None:
        check_type("lattice", self.lattice, Lattice)
        check_type("hopping", self.hopping, ExcitonModel)
        check_type("heat", self.heat, HeatProperties)
        if self.hopping.lattice_spacing_nm != self.lattice.spacing_nm:
            raise ValueError(
                f"hopping.lattice_spacing_nm = {self.hopping.lattice_spacing_nm!r} must be the "
                f"{self.lattice.spacing_nm!r} nm of the lattice; change the lattice"
            )


@dataclass(frozen=True)
class Film:
    """A film of nanocrystals, or the solution that it is made of.

    Parameters
    ----------
    name : str
        Short name, for legends and records.
    title : str
        What it is.
    edge_nm : float
        Edge of its cubic nanocrystals.
    optics : Optics
        Colour and brightness.
    solid : Solid or None
        What a solution has not; its parts are `lattice`, `hopping` and `heat`.
    origins : mapping of str to Origin
        Of every number, by section and parameter, such as ``"hopping.lifetime_ns"``.

    Raises
    ------
    TypeError
        If a part is of another type.
    ValueError
        If a name is empty, nanocrystals overlap, or a number has no origin.

    Examples
    --------
    >>> FILMS["Note 2"].hopping.hop_rate_modified_per_ps
    0.7
    >>> print(FILMS["Note 2"].origins["hopping.hop_rate_modified_per_ps"].reason)
    Note 2, L499
    """

    name: str
    title: str
    edge_nm: float
    optics: Optics
    solid: Solid | None = field(repr=False)
    origins: Mapping[str, Origin] = field(repr=False, compare=False)

    def __post_init__(self) -> None:
        make_plain(self)
        check_type("name", self.name, str)
        check_type("optics", self.optics, Optics)
        check_type("origins", self.origins, Mapping, remedy="give them by parameter")
        if self.solid is not None:
            check_type("solid", self.solid, Solid)
        if not self.name.strip():
            raise ValueError(f"name = {self.name!r} is empty; a film has a name")
        check_number("edge_nm", self.edge_nm, above=0)
        if self.solid is not None:
            check_number("lattice.spacing_nm", self.lattice.spacing_nm, at_least=self.edge_nm)
        odd = set(self.numbers()) ^ set(self.origins)
        if odd:
            raise ValueError(f"origins must be those of the numbers; wrong are {sorted(odd)}")
        object.__setattr__(self, "origins", MappingProxyType(dict(self.origins)))

    def __reduce__(self) -> tuple[type[Film], tuple[Any, ...]]:
        own = (getattr(self, one.name) for one in fields(self)[:-1])
        return Film, (*own, dict(self.origins))  # a view of a mapping cannot be pickled

    @property
    def lattice(self) -> Lattice:
        """Where nanocrystals are; a solution raises ValueError."""
        return self._solid().lattice

    @property
    def hopping(self) -> ExcitonModel:
        """How excitons move, at room temperature; a solution raises ValueError."""
        return self._solid().hopping

    @property
    def heat(self) -> HeatProperties:
        """How heat spreads; a solution raises ValueError."""
        return self._solid().heat

    def _solid(self) -> Solid:
        if self.solid is None:
            raise ValueError(f"{self.name!r} is a solution, in which nothing hops; take a film")
        return self.solid

    def at_temperature(self, temperature_K: float, law: HoppingLaw = _LAW) -> ExcitonModel:
        """How excitons move at another temperature.

        Parameters
        ----------
        temperature_K : float
            Temperature of the film.
        law : HoppingLaw, optional
            What temperature does to both hop rates and to the relaxation time.

        Returns
        -------
        ExcitonModel

        Raises
        ------
        ValueError
            If the temperature is not positive, a hop rate leaves [0, 1], or it is a solution.

        Examples
        --------
        >>> FILMS["OLA/OA"].at_temperature(295.0) == FILMS["OLA/OA"].hopping
        True
        """
        temperature_K = check_number("temperature_K", temperature_K, above=0)
        check_type("law", law, HoppingLaw)
        room, factor = self.hopping, float(law.factor(temperature_K))
        return replace(
            room,
            hop_rate_ground_per_ps=room.hop_rate_ground_per_ps * factor,
            hop_rate_modified_per_ps=room.hop_rate_modified_per_ps * factor,
            relaxation_time_us=room.relaxation_time_us * law.relaxation_factor(temperature_K),
        )

    def numbers(self) -> dict[str, Any]:
        """Values of all numbers.

        Returns
        -------
        dict
            By section and parameter, in the order of `PARAMETERS`.
        """
        sections: dict[str, object] = {"optics": self.optics}
        if self.solid is not None:
            sections |= {"lattice": self.lattice, "hopping": self.hopping, "heat": self.heat}
        values: dict[str, Any] = {"edge_nm": self.edge_nm}
        for key in PARAMETERS[1:]:
            section, _, parameter = key.partition(".")
            if section in sections:
                values[key] = getattr(sections[section], parameter)
        return values

    def table(self) -> pd.DataFrame:
        """All numbers as text.

        Returns
        -------
        DataFrame
            Columns ``value``, with its unit, ``origin`` and ``reason``; one row for each number.

        Examples
        --------
        >>> FILMS["ASC18"].table().loc["hopping.relaxation_time_us", "origin"]
        'assumed'
        """
        rows = {}
        for key, value in self.numbers().items():
            one = self.origins[key]
            shown = f"{value:.4g}" if type(value) in (int, float) else str(value)
            rows[key] = (f"{shown} {one.unit}".rstrip(), one.origin, one.reason)
        return pd.DataFrame.from_dict(rows, orient="index", columns=["value", "origin", "reason"])


_SECTIONS = {"lattice": Lattice, "hopping": ExcitonModel, "optics": Optics, "heat": HeatProperties}
_NO_NUMBERS = {"hopping.lattice_size", "hopping.film", "optics.film"}
_DERIVED = {
    "hopping.lattice_spacing_nm",
    "hopping.absorption_cross_section_nm2",
    "optics.solution_emission_eV",
}
_HOP_RATES = ("hopping.hop_rate_ground_per_ps", "hopping.hop_rate_modified_per_ps")

PARAMETERS = (
    "edge_nm",
    *(
        f"{section}.{one.name}"
        for section, kind in _SECTIONS.items()
        for one in fields(kind)
        if f"{section}.{one.name}" not in _NO_NUMBERS
    ),
)
"""Numbers of a film, by section and parameter."""

_WRITTEN = tuple(one for one in PARAMETERS if one not in _DERIVED)


def load(path: str | PathLike[str]) -> Mapping[str, Film]:
    """Films of a file of one's own.

    Parameters
    ----------
    path : path
        TOML file of the form of ``films.toml`` of the package; its films may be based on films
        of the package and on those further up in it.

    Returns
    -------
    mapping of str to Film
        By name, read-only.

    Raises
    ------
    ValueError
        If the file says what it must not: an unknown film or parameter, a number without unit,
        origin or reason or with a wrong one, a value out of range. It names file, film, parameter,
        rule and remedy.

    Examples
    --------
    >>> import tempfile
    >>> text = '''["mine"]
    ... title = "OLA/OA with a longer memory"
    ... based_on = "OLA/OA"
    ... ["mine".hopping]
    ... relaxation_time_us = { value = 2, unit = "us", origin = "assumed", reason = "to try" }
    ... '''
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = Path(folder) / "films.toml"
    ...     _ = file.write_text(text)
    ...     film = load(file)["mine"]
    >>> film.hopping.relaxation_time_us, film.hopping.hop_rule
    (2, 'each_neighbour')
    """
    check_type("path", path, str, PathLike)
    tables = read_tables(Path(path), _WRITTEN, _TABLES)
    return _films(tables, {**_TABLES, **tables})


class _Films(dict[str, Film]):
    def __missing__(self, name: str) -> Film:
        raise KeyError(f"no film {name!r}; there are {', '.join(self)}")


def _films(tables: Mapping[str, Table], known: Mapping[str, Table]) -> Mapping[str, Film]:
    return MappingProxyType(_Films({name: _film(one, known) for name, one in tables.items()}))


def _film(table: Table, known: Mapping[str, Table]) -> Film:
    """Film of a table: what it says, and what follows."""
    is_solid = any(key.split(".")[0] in ("lattice", "hopping", "heat") for key in table.numbers)
    wanted = [one for one in _WRITTEN if is_solid or one.startswith(("edge_nm", "optics."))]
    missing = [one for one in wanted if one not in table.numbers]
    if missing:
        raise ValueError(
            f"{table.where}: {', '.join(missing)} missing; add them, or name a film that has them "
            "in based_on"
        )
    origins = table.origins()
    edge_nm: Any = table.numbers["edge_nm"].value
    try:
        optics = _optics(table, edge_nm, origins)
        solid = _solid(table, edge_nm, known, origins) if is_solid else None
        return Film(table.name, table.title, edge_nm, optics, solid, origins)
    except ValueError as error:
        raise ValueError(f"{table.where}: {error}") from error


def _optics(table: Table, edge_nm: float, origins: dict[str, Origin]) -> Optics:
    origins["optics.solution_emission_eV"] = Origin(
        "eV", "literature", "for its edge, by the size series of Krieg 2021"
    )
    return Optics(confined_emission_eV(edge_nm), **table.values("optics"), film=table.name)


def _solid(
    table: Table, edge_nm: float, known: Mapping[str, Table], origins: dict[str, Origin]
) -> Solid:
    lattice = Lattice(**table.values("lattice"))
    ligands, growth = (
        origins[f"lattice.{one}"] for one in ("ligand_spacing_nm", "shell_growth_nm")
    )
    origins["hopping.lattice_spacing_nm"] = (
        replace(growth, reason=f"ligands and two shells: {growth.reason}")
        if lattice.shell_cycles
        else ligands
    )
    origins["hopping.absorption_cross_section_nm2"] = Origin(
        "nm2", "literature", "for its edge, in toluene at 400 nm, by Maes 2018"
    )
    hopping = table.values("hopping") | {
        "lattice_spacing_nm": lattice.spacing_nm,
        "absorption_cross_section_nm2": absorption_cross_section_cm2(edge_nm) / CM_PER_NM**2,
    }
    for key in _HOP_RATES:
        stated = table.numbers[key]
        factor = lattice.hop_factor(Lattice(**known[stated.film].values("lattice")))
        if factor != 1:
            hopping[key.removeprefix("hopping.")] *= factor
            origins[key] = Origin(
                "ps-1",
                "assumed",
                f"{stated.film} times {factor:.2f}: dipoles {lattice.spacing_nm:g} nm apart in "
                f"{lattice.medium}, times {lattice.ligand_hop_factor:g} for ligands",
            )
    model = ExcitonModel(**hopping, film=table.name)
    return Solid(lattice, model, HeatProperties(**table.values("heat")))


_TABLES = read_tables(resources.files("tptools") / "films.toml", _WRITTEN, {})

FILMS: Mapping[str, Film] = _films(_TABLES, _TABLES)
"""Films by name, from ``films.toml``.

Several films read the same reported numbers: one that is calibrated is a film that reads them, not
the film.
"""
