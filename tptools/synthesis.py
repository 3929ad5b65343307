"""Amounts, concentrations and shells of a synthesis of CsPbBr3 nanocrystals."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, Self, get_args

import scipy

from tptools.checks import (
    LARGEST,
    check_choice,
    check_integer,
    check_number,
    check_type,
    make_plain,
)
from tptools.material import (
    ALUMINA_DENSITY_G_CM3,
    EDGE_NM,
    FORMULA_UNIT_NM3,
    PEROVSKITE,
    molar_mass,
)
from tptools.units import CM_PER_NM

__all__ = [
    "Dispersion",
    "Reagent",
    "alumina_per_cycle_nm2",
    "atoms_per_surface_nm2",
    "limiting_yield",
    "shell_thickness_nm",
    "solids_thickness_nm",
]

Counted = Literal["nanocrystals", "formula_units"]


@dataclass(frozen=True)
class Reagent:
    """What is weighed or poured in.

    Parameters
    ----------
    formula : str
        Of the pure compound.
    purity : float
        Mass fraction of it.
    density_g_mL : float, optional
        Of a liquid at 25 °C.

    Raises
    ------
    ValueError
        If the formula cannot be read, the purity is not in (0, 1], or the density not positive.

    Examples
    --------
    >>> round(Reagent("Cs2CO3", 0.999).amount_mmol(mass_g=1.628), 3)
    4.997
    """

    formula: str
    purity: float = 1.0
    density_g_mL: float | None = None

    def __post_init__(self) -> None:
        """Refuse what no bottle can hold."""
        make_plain(self)
        molar_mass(self.formula)
        check_number("purity", self.purity, above=0, at_most=1)
        if self.density_g_mL is not None:
            check_number("density_g_mL", self.density_g_mL, above=0)

    def amount_mmol(
        self, *, mass_g: float | None = None, volume_mL: float | None = None, as_pure: bool = True
    ) -> float:
        """Amount in a mass or a volume, in mmol.

        Parameters
        ----------
        mass_g, volume_mL : float
            One of the two.
        as_pure : bool, optional
            Whether to count the impurity as the compound, as recipes commonly do.

        Returns
        -------
        float

        Raises
        ------
        ValueError
            If not exactly one of mass and volume is given, it is negative, or a volume is given
            of a reagent without density.
        """
        if mass_g is None and volume_mL is not None:
            volume_mL = check_number("volume_mL", volume_mL, at_least=0)
            if self.density_g_mL is None:
                raise ValueError(f"{self.formula} has no density; give mass_g")
            mass_g = volume_mL * self.density_g_mL
        elif mass_g is None or volume_mL is not None:
            raise ValueError("give either mass_g or volume_mL")
        mass_g = check_number("mass_g", mass_g, at_least=0)
        return 1e3 * mass_g * (1.0 if as_pure else self.purity) / molar_mass(self.formula)


def limiting_yield(cs_mmol: float, pb_mmol: float, br_mmol: float) -> tuple[str, float]:
    """Element that runs out first, and how much CsPbBr3 can form at most.

    Parameters
    ----------
    cs_mmol, pb_mmol, br_mmol : float
        Amounts that are brought together.

    Returns
    -------
    tuple of str and float
        ``"Cs"``, ``"Pb"`` or ``"Br"``, and mmol of formula units.

    Raises
    ------
    ValueError
        If an amount is negative.

    Examples
    --------
    >>> limiting_yield(1.6, 2.5, 4.5)
    ('Br', 1.5)
    """
    possible = {
        "Cs": check_number("cs_mmol", cs_mmol, at_least=0),
        "Pb": check_number("pb_mmol", pb_mmol, at_least=0),
        "Br": check_number("br_mmol", br_mmol, at_least=0) / 3,
    }
    element = min(possible, key=lambda name: possible[name])
    return element, possible[element]


@dataclass(frozen=True)
class Dispersion:
    """Cubes of CsPbBr3 in a solvent.

    Parameters
    ----------
    concentration_mM : float
        Of what `counted` says.
    counted : {"nanocrystals", "formula_units"}
        Whether a mole is one of nanocrystals, or of CsPbBr3, and so of lead.
    edge_nm : float, optional
        Edge of a cube.

    Raises
    ------
    ValueError
        If a number is not positive, or `counted` is unknown.

    Examples
    --------
    >>> round(Dispersion(8, "nanocrystals").volume_fraction, 2)
    2.75
    """

    concentration_mM: float
    counted: Counted
    edge_nm: float = EDGE_NM

    def __post_init__(self) -> None:
        """Refuse what no flask can hold; more than the flask's volume is for the reader to see."""
        make_plain(self)
        check_number("concentration_mM", self.concentration_mM, above=0)
        check_choice("counted", self.counted, get_args(Counted))
        check_number("edge_nm", self.edge_nm, above=0)

    @classmethod
    def from_mass(cls, mass_mg_mL: float, edge_nm: float = EDGE_NM) -> Self:
        """Dispersion that holds a mass of CsPbBr3 per volume.

        Parameters
        ----------
        mass_mg_mL : float
            CsPbBr3 in a millilitre of dispersion.
        edge_nm : float, optional
            Edge of a cube.

        Returns
        -------
        Dispersion
            Counted in formula units.

        Raises
        ------
        ValueError
            If a number is not positive.

        Examples
        --------
        >>> round(Dispersion.from_mass(10).mass_mg_mL, 6)
        10.0
        """
        mass_mg_mL = check_number("mass_mg_mL", mass_mg_mL, above=0)
        return cls(1e3 * mass_mg_mL / molar_mass(PEROVSKITE), "formula_units", edge_nm)

    @property
    def units_per_nanocrystal(self) -> float:
        """Formula units in one cube."""
        return self.edge_nm**3 / FORMULA_UNIT_NM3

    @property
    def nanocrystals_uM(self) -> float:
        """Concentration of nanocrystals, in µM."""
        units = 1 if self.counted == "nanocrystals" else self.units_per_nanocrystal
        return 1e3 * self.concentration_mM / units

    @property
    def nanocrystals_per_mL(self) -> float:
        """Nanocrystals in a millilitre."""
        return 1e-9 * self.nanocrystals_uM * scipy.constants.N_A

    @property
    def volume_fraction(self) -> float:
        """Volume of all cubes relative to that of the dispersion; more than 1 is impossible."""
        return self.nanocrystals_per_mL * (CM_PER_NM * self.edge_nm) ** 3

    @property
    def mass_mg_mL(self) -> float:
        """Mass of CsPbBr3 per volume, in mg/mL."""
        formula_units_mM = 1e-3 * self.nanocrystals_uM * self.units_per_nanocrystal
        return 1e-3 * formula_units_mM * molar_mass(PEROVSKITE)

    @property
    def surface_nm2_mL(self) -> float:
        """Surface of all cubes in a millilitre, in nm²."""
        return self.nanocrystals_per_mL * 6 * self.edge_nm**2


def _alumina_nm3_per_aluminium() -> float:
    molecules_per_cm3 = ALUMINA_DENSITY_G_CM3 / molar_mass("Al2O3") * scipy.constants.N_A
    return 1 / (2 * molecules_per_cm3 * CM_PER_NM**3)


def alumina_per_cycle_nm2(growth_nm: float) -> float:
    """Aluminium atoms that a cycle adds per nm², for a growth per cycle.

    Parameters
    ----------
    growth_nm : float
        Thickness that one cycle adds, in nm, at a density of 2.5 g/cm³.

    Returns
    -------
    float

    Raises
    ------
    ValueError
        If `growth_nm` is negative.

    Examples
    --------
    >>> round(alumina_per_cycle_nm2(0.1), 1)
    3.0
    """
    growth_nm = check_number("growth_nm", growth_nm, at_least=0)
    return growth_nm / _alumina_nm3_per_aluminium()


def atoms_per_surface_nm2(dispersion: Dispersion, volume_mL: float, dose_umol: float) -> float:
    """Atoms of a dose per nm² of all nanocrystals in the flask.

    Parameters
    ----------
    dispersion : Dispersion
        What is in the flask.
    volume_mL : float
        How much of it.
    dose_umol : float
        Size of the dose.

    Returns
    -------
    float

    Raises
    ------
    ValueError
        If the volume is not positive, or the dose negative.

    Examples
    --------
    >>> round(atoms_per_surface_nm2(Dispersion(8, "formula_units"), 1.0, 1.6), 1)
    1.4
    """
    check_type("dispersion", dispersion, Dispersion)
    volume_mL = check_number("volume_mL", volume_mL, above=0)
    dose_umol = check_number("dose_umol", dose_umol, at_least=0)
    return 1e-6 * dose_umol * scipy.constants.N_A / (dispersion.surface_nm2_mL * volume_mL)


def shell_thickness_nm(
    dispersion: Dispersion, volume_mL: float, cycles: int, aluminium_umol_per_cycle: float
) -> float:
    r"""Thickness of the alumina around each cube if all aluminium ends up there.

    .. math:: (a + 2t)^3 - a^3 = v_\mathrm{Al} N_\mathrm{Al},

    with the edge a, the shell t, the volume of oxide per aluminium atom and the number of atoms per
    nanocrystal. Corners are sharp. It is the thickest shell that the dose allows.

    Parameters
    ----------
    dispersion : Dispersion
        What is in the flask at the start.
    volume_mL : float
        How much of it.
    cycles : int
        Doses of aluminium.
    aluminium_umol_per_cycle : float
        Size of a dose.

    Returns
    -------
    float

    Raises
    ------
    ValueError
        If the volume is not positive, or the cycles or the dose are negative.

    Examples
    --------
    >>> shell_thickness_nm(Dispersion(8, "formula_units"), 1.0, 0, 1.6)
    0.0
    """
    check_type("dispersion", dispersion, Dispersion)
    volume_mL = check_number("volume_mL", volume_mL, above=0)
    cycles = check_integer("cycles", cycles, at_least=0, below=LARGEST)
    aluminium_umol_per_cycle = check_number(
        "aluminium_umol_per_cycle", aluminium_umol_per_cycle, at_least=0
    )
    aluminium = 1e-6 * cycles * aluminium_umol_per_cycle * scipy.constants.N_A
    oxide_nm3 = aluminium * _alumina_nm3_per_aluminium()
    per_crystal_nm3 = oxide_nm3 / (dispersion.nanocrystals_per_mL * volume_mL)
    # the difference of cube roots, without cancellation where the shell is thin
    growth = math.expm1(math.log1p(per_crystal_nm3 / dispersion.edge_nm**3) / 3)
    return dispersion.edge_nm * growth / 2


def solids_thickness_nm(mass_mg_mL: float, volume_uL_cm2: float) -> float:
    """Thickness of solid CsPbBr3 that a drop leaves if nothing is spun off, in nm.

    Parameters
    ----------
    mass_mg_mL : float
        Mass of CsPbBr3 per volume of the drop.
    volume_uL_cm2 : float
        Drop per area.

    Returns
    -------
    float

    Raises
    ------
    ValueError
        If a number is negative.

    Examples
    --------
    >>> round(solids_thickness_nm(3, 30))
    185
    """
    mass_mg_mL = check_number("mass_mg_mL", mass_mg_mL, at_least=0)
    volume_uL_cm2 = check_number("volume_uL_cm2", volume_uL_cm2, at_least=0)
    mass_g_cm2 = 1e-6 * mass_mg_mL * volume_uL_cm2
    units_per_cm2 = mass_g_cm2 / molar_mass(PEROVSKITE) * scipy.constants.N_A
    return units_per_cm2 * CM_PER_NM**2 * FORMULA_UNIT_NM3
