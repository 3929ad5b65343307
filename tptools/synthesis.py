"""The recipes of Supplementary Note 1, computed: amounts, concentrations, shells.

Molar masses follow from formulae and the abridged standard atomic weights of IUPAC (2021). The
volume of a formula unit is that of orthorhombic CsPbBr3 at room temperature (Stoumpos et al.,
Cryst. Growth Des. 13, 2722, 2013).
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal, Self, get_args

from scipy import constants

from tptools.checks import check_choice, check_integer, check_number
from tptools.companion.paper import REPORTED

__all__ = [
    "ALUMINA_DENSITY_G_CM3",
    "FORMULA_UNIT_NM3",
    "PEROVSKITE",
    "REAGENTS",
    "Dispersion",
    "Reagent",
    "alumina_per_cycle_nm2",
    "atoms_per_surface_nm2",
    "limiting_yield",
    "molar_mass",
    "recipes",
    "shell_thickness_nm",
    "solids_thickness_nm",
]

ATOMIC_WEIGHT: Mapping[str, float] = MappingProxyType(
    {
        "H": 1.0080,
        "C": 12.011,
        "N": 14.007,
        "O": 15.999,
        "Al": 26.982,
        "P": 30.974,
        "S": 32.06,
        "Br": 79.904,
        "Cs": 132.91,
        "Pb": 207.2,
    }
)
PEROVSKITE = "CsPbBr3"
FORMULA_UNIT_NM3 = 0.82440 * 1.17351 * 0.81982 / 4
ALUMINA_DENSITY_G_CM3 = 2.5  # grown at 33 °C (Groner et al., Chem. Mater. 16, 639, 2004)
NM3_PER_CM3 = 1e21
NM3_PER_LITRE = 1e24

Counted = Literal["nanocrystals", "formula_units"]


def molar_mass(formula: str) -> float:
    """Molar mass of a compound, in g/mol.

    Parameters
    ----------
    formula : str
        Elements with numbers; groups in parentheses.

    Returns
    -------
    float

    Raises
    ------
    ValueError
        If `formula` is no formula, or holds an element that no recipe of Note 1 needs.

    Examples
    --------
    >>> round(molar_mass("Cs2CO3"), 2), round(molar_mass("Pb(C2H3O2)2(H2O)3"), 1)
    (325.83, 379.3)
    """
    group = re.compile(r"\(([^()]*)\)(\d*)")
    flat = formula
    while found := group.search(flat):
        flat = flat.replace(found[0], found[1] * int(found[2] or 1), 1)
    if not re.fullmatch(r"([A-Z][a-z]?\d*)+", flat):
        raise ValueError(f"formula = {formula!r} must be elements with numbers, such as 'Cs2CO3'")
    atoms = re.findall(r"([A-Z][a-z]?)(\d*)", flat)
    for element, _ in atoms:
        check_choice(f"element of {formula}", element, list(ATOMIC_WEIGHT))
    return sum(ATOMIC_WEIGHT[element] * int(number or 1) for element, number in atoms)


@dataclass(frozen=True)
class Reagent:
    """What is weighed or poured in.

    Parameters
    ----------
    formula : str
        Of the pure compound.
    purity : float
        Mass fraction of it, as Note 1 gives it; 1 where it gives none.
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
        if (mass_g is None) == (volume_mL is None):
            raise ValueError("give either mass_g or volume_mL")
        if volume_mL is not None:
            check_number("volume_mL", volume_mL, at_least=0)
            if self.density_g_mL is None:
                raise ValueError(f"{self.formula} has no density; give mass_g")
            mass_g = volume_mL * self.density_g_mL
        check_number("mass_g", mass_g, at_least=0)
        return 1e3 * mass_g * (1.0 if as_pure else self.purity) / molar_mass(self.formula)


REAGENTS: Mapping[str, Reagent] = MappingProxyType(
    {
        "caesium carbonate": Reagent("Cs2CO3"),
        "lead acetate trihydrate": Reagent("Pb(C2H3O2)2(H2O)3", 0.9999),
        "oleic acid": Reagent("C18H34O2", 0.90, 0.887),
        "trioctylphosphine": Reagent("C24H51P", 0.97, 0.831),
        "bromine": Reagent("Br2", 0.999, 3.1028),
        "ASC18": Reagent("C23H49NO3S", 0.99),
    }
)
"""Reagents of the second synthesis. Purities as in Note 1; densities of oleic acid and
trioctylphosphine as on their suppliers' labels, that of bromine from the CRC Handbook."""


def recipes() -> dict[str, dict[str, float]]:
    """Recompute every amount, molarity and volume of the zwitterionic synthesis.

    Returns
    -------
    dict
        By claim, then by reading, in the unit of the claim. Masses and volumes are those that Note
        1 prints (lines 426 to 438). "as pure" takes a reagent for pure, "as labelled" multiplies
        with its purity; "as printed" uses the concentration that the paper prints for a stock, and
        "recomputed" the one found here.

    Examples
    --------
    >>> {reading: round(value, 2) for reading, value in recipes()["s1-TOPBr2-M"].items()}
    {'all volumes added': 0.46, 'toluene alone': 0.62}
    """
    caesium = REAGENTS["caesium carbonate"].amount_mmol(mass_g=1.628)
    lead = REAGENTS["lead acetate trihydrate"].amount_mmol(mass_g=4.607)
    bromine = REAGENTS["bromine"].amount_mmol(volume_mL=0.6)
    lead_M, bromine_M = lead / (7.6 + 16.4), bromine / (18.7 + 6 + 0.6)
    return {
        "s1-Cs2CO3": {"as pure": caesium},
        "s1-Cs-OA": _liquid("oleic acid", 5),
        "s1-Cs-M": {"2 Cs per carbonate, volumes added": 2 * caesium / (5 + 20)},
        "s1-Pb": {"as pure": lead},
        "s1-Pb-OA": _liquid("oleic acid", 7.6),
        "s1-Pb-M": {"volumes added": lead_M},
        "s1-TOP": _liquid("trioctylphosphine", 6),
        "s1-Br2": _liquid("bromine", 0.6),
        "s1-TOPBr2-M": {"all volumes added": bromine_M, "toluene alone": bromine / 18.7},
        "s1-Cs-dose": {"as printed": 4 * REPORTED["s1-Cs-M"].value},
        "s1-Pb-dose": {"as printed": 5 * REPORTED["s1-Pb-M"].value, "recomputed": 5 * lead_M},
        "s1-ASC18": {"as pure": REAGENTS["ASC18"].amount_mmol(mass_g=0.215)},
        "s1-Br-dose": {
            "as printed": 2 * 5 * REPORTED["s1-TOPBr2-M"].value,
            "recomputed": 2 * 5 * bromine_M,
        },
        "s1-crude": {"volumes added": 4 + 5 + 5 + 5},
    }


def _liquid(name: str, volume_mL: float) -> dict[str, float]:
    reagent = REAGENTS[name]
    return {
        "as pure": reagent.amount_mmol(volume_mL=volume_mL),
        "as labelled": reagent.amount_mmol(volume_mL=volume_mL, as_pure=False),
    }


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
    amounts = {"cs_mmol": cs_mmol, "pb_mmol": pb_mmol, "br_mmol": br_mmol}
    for name, amount in amounts.items():
        check_number(name, amount, at_least=0)
    possible = {"Cs": cs_mmol, "Pb": pb_mmol, "Br": br_mmol / 3}
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
    edge_nm: float = REPORTED["main-NC-size"].value

    def __post_init__(self) -> None:
        """Refuse what no flask can hold; more than the flask's volume is for the reader to see."""
        check_number("concentration_mM", self.concentration_mM, above=0)
        check_choice("counted", self.counted, get_args(Counted))
        check_number("edge_nm", self.edge_nm, above=0)

    @classmethod
    def from_mass(cls, mass_mg_mL: float, edge_nm: float = REPORTED["main-NC-size"].value) -> Self:
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
        check_number("mass_mg_mL", mass_mg_mL, above=0)
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
        return 1e-9 * self.nanocrystals_uM * constants.N_A

    @property
    def volume_fraction(self) -> float:
        """Volume of all cubes relative to that of the dispersion; more than 1 is impossible."""
        return 1e3 * self.nanocrystals_per_mL * self.edge_nm**3 / NM3_PER_LITRE

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
    molecules_per_cm3 = ALUMINA_DENSITY_G_CM3 / molar_mass("Al2O3") * constants.N_A
    return NM3_PER_CM3 / (2 * molecules_per_cm3)


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
    check_number("growth_nm", growth_nm, at_least=0)
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
    check_number("volume_mL", volume_mL, above=0)
    check_number("dose_umol", dose_umol, at_least=0)
    return 1e-6 * dose_umol * constants.N_A / (dispersion.surface_nm2_mL * volume_mL)


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
    check_number("volume_mL", volume_mL, above=0)
    check_integer("cycles", cycles, at_least=0)
    check_number("aluminium_umol_per_cycle", aluminium_umol_per_cycle, at_least=0)
    aluminium = 1e-6 * cycles * aluminium_umol_per_cycle * constants.N_A
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
    check_number("mass_mg_mL", mass_mg_mL, at_least=0)
    check_number("volume_uL_cm2", volume_uL_cm2, at_least=0)
    mass_g_cm2 = 1e-6 * mass_mg_mL * volume_uL_cm2
    units_per_cm2 = mass_g_cm2 / molar_mass(PEROVSKITE) * constants.N_A
    return units_per_cm2 * FORMULA_UNIT_NM3 / 1e14
