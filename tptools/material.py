r"""CsPbBr3 and what lies between its nanocrystals: each number once, with its source.

A cube of edge a on a simple cubic lattice of spacing l fills the share :math:`\phi = (a/l)^3` of a
film. Its molar absorptivity is proportional to its volume, :math:`\varepsilon = \varepsilon_V a^3`,
so that the film's Napierian absorption coefficient does not depend on the edge:

.. math::
    \sigma = \frac{\ln(10)\, \varepsilon}{N_A}, \qquad
    \alpha = g r \phi \frac{\sigma}{a^3} = \frac{1}{\ell},

with the cross section :math:`\sigma` of one nanocrystal, the absorption r at the wavelength of
interest over that at 400 nm, a factor g for the local field, and the absorption length
:math:`\ell`.
"""

from __future__ import annotations

import math

import molmass
import scipy

from tptools.checks import check_number, check_type
from tptools.estimate import Estimate
from tptools.units import CM_PER_NM

__all__ = [
    "ALUMINA_DENSITY_G_CM3",
    "DENSITY",
    "EDGE_NM",
    "FORMULA_UNIT_NM3",
    "HEAT_CAPACITY",
    "INDEX_ALUMINA",
    "INDEX_CRYSTAL",
    "INDEX_LIGAND",
    "INDEX_TOLUENE",
    "LIGAND_HEAT_CAPACITY_J_M3K",
    "MOLAR_ABSORPTIVITY_PER_CM_M_NM3",
    "PEROVSKITE",
    "SPACING_NM",
    "SPECIFIC_HEAT",
    "absorption_coefficient_per_cm",
    "absorption_cross_section_cm2",
    "absorption_length_nm",
    "crystal_heat_fraction",
    "filling_fraction",
    "film_heat_capacity_J_m3K",
    "molar_absorptivity_per_cm_M",
    "molar_mass",
]

PEROVSKITE = "CsPbBr3"
"""Formula of the material."""

EDGE_NM = 8.3
"""Edge of a nanocrystal where none is given: that of "Persistent enhancement of exciton diffusivity
in CsPbBr3 nanocrystal solids", from electron micrographs."""

SPACING_NM = 10.0
"""Distance of neighbouring centres where none is given: that of the same work's model."""


def molar_mass(formula: str) -> float:
    """Molar mass of a compound, in g/mol, from the standard atomic weights.

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
        If `formula` is no formula.

    Examples
    --------
    >>> round(molar_mass("Cs2CO3"), 2), round(molar_mass("Pb(C2H3O2)2(H2O)3"), 1)
    (325.82, 379.3)
    """
    check_type("formula", formula, str, remedy="write it out, such as 'CsPbBr3'")
    try:
        # no abbreviations, fractions or sums: what is meant shall be written out
        return molmass.Formula(
            formula,
            allow_empty=False,
            parse_groups=False,
            parse_oligos=False,
            parse_fractions=False,
            parse_arithmetic=False,
        ).mass
    except molmass.FormulaError as error:
        raise ValueError(
            f"formula = {formula!r} must be elements with numbers, such as 'Cs2CO3'"
        ) from error


FORMULA_UNIT_NM3 = 0.82440 * 1.17351 * 0.81982 / 4
"""Volume of one formula unit: the orthorhombic cell (Pbnm) at room temperature, which holds four
(Stoumpos et al., Cryst. Growth Des. 13, 2722, 2013). Nanocrystals of this size are orthorhombic;
the cubic cell belongs to the phase above 130 °C, and holds thermal expansion too."""

DENSITY = Estimate(
    molar_mass(PEROVSKITE) / (CM_PER_NM**3 * FORMULA_UNIT_NM3 * scipy.constants.N_A),
    0.02,
    "g/cm3",
    "unit cell",
    "the error is the spread of two cells",
)
"""Molar mass over the volume of a mole. A fit of the cell is good to 1e-4, but another group's cell
at room temperature, 0.7967 nm3 (Rodová et al., J. Therm. Anal. Calorim. 71, 667, 2003), is half a
per cent larger: that is the error. Strain of a nanocrystal's surface would come on top."""

SPECIFIC_HEAT = Estimate(
    15 * scipy.constants.R / molar_mass(PEROVSKITE),
    0.02,
    "J/(g K)",
    "Dulong-Petit",
    "the error is assumed",
)
"""At room temperature: 3R for each of five atoms. Its phonons lie below kT, so that quantum
mechanics takes five per cent at most; thermal expansion and soft modes add about as much."""

HEAT_CAPACITY = Estimate.of(
    1e6 * (DENSITY * SPECIFIC_HEAT).quantity, "J/(m3 K)", "density times specific heat"
)
"""Heat capacity of CsPbBr3 per volume."""

LIGAND_HEAT_CAPACITY_J_M3K = 1.8e6
"""Of liquid oleic acid, 0.89 g/cm3 and 2.0 J/(g K); assumed for all ligands."""

INDEX_CRYSTAL = 2.0
"""Refractive index of a nanocrystal in the blue; assumed, 1.8 to 2.2 would not surprise."""

INDEX_LIGAND = 1.46
"""Of liquid oleic acid (sodium D line, CRC Handbook), taken for all ligands."""

INDEX_TOLUENE = 1.497
"""Sodium D line, 20 °C (CRC Handbook)."""

INDEX_ALUMINA = 1.6
"""Amorphous, by atomic layer deposition; assumed, as of films grown warm (Groner et al., Chem.
Mater. 16, 639, 2004)."""

ALUMINA_DENSITY_G_CM3 = 2.5
"""Grown at 33 °C (Groner et al., Chem. Mater. 16, 639, 2004)."""

MOLAR_ABSORPTIVITY_PER_CM_M_NM3 = 2.42e4
"""Molar absorptivity of a nanocrystal in toluene at 400 nm per volume of it, in cm⁻¹ M⁻¹ nm⁻³
(Maes et al., J. Phys. Chem. Lett. 9, 3093, 2018)."""


def molar_absorptivity_per_cm_M(edge_nm: float = EDGE_NM) -> float:
    """Molar absorptivity of cubes in toluene at 400 nm, in cm⁻¹ M⁻¹.

    Parameters
    ----------
    edge_nm : float, optional
        Edge of a cube.

    Returns
    -------
    float

    Raises
    ------
    ValueError
        If the edge is not positive.

    Examples
    --------
    >>> f"{molar_absorptivity_per_cm_M():.3g}"
    '1.38e+07'
    """
    edge_nm = check_number("edge_nm", edge_nm, above=0)
    return MOLAR_ABSORPTIVITY_PER_CM_M_NM3 * edge_nm**3


def absorption_cross_section_cm2(edge_nm: float = EDGE_NM) -> float:
    """Absorption cross section of one cube in toluene at 400 nm, ln(10) 1000 ε / N_A, in cm².

    Parameters
    ----------
    edge_nm : float, optional
        Edge of the cube.

    Returns
    -------
    float

    Raises
    ------
    ValueError
        If the edge is not positive.

    Examples
    --------
    >>> f"{absorption_cross_section_cm2():.3g}"
    '5.29e-14'
    """
    return 1e3 * math.log(10) * molar_absorptivity_per_cm_M(edge_nm) / scipy.constants.N_A


def filling_fraction(edge_nm: float = EDGE_NM, spacing_nm: float = SPACING_NM) -> float:
    """Share of the volume that cubes on a simple cubic lattice fill.

    Parameters
    ----------
    edge_nm, spacing_nm : float, optional
        Edge of a cube, and distance of neighbouring centres.

    Returns
    -------
    float

    Raises
    ------
    ValueError
        If the edge is not positive, or larger than the spacing.

    Examples
    --------
    >>> round(filling_fraction(), 3)
    0.572
    """
    edge_nm = check_number("edge_nm", edge_nm, above=0)
    spacing_nm = check_number("spacing_nm", spacing_nm, at_least=edge_nm)
    return (edge_nm / spacing_nm) ** 3


def absorption_coefficient_per_cm(
    volume_fraction: float = filling_fraction(), *, relative: float = 1.0, gain: float = 1.0
) -> float:
    """Napierian absorption coefficient of a film, in cm⁻¹.

    Parameters
    ----------
    volume_fraction : float, optional
        Share of the film that is nanocrystal, in (0, 1].
    relative : float, optional
        Absorption at the wavelength of interest over that at 400 nm.
    gain : float, optional
        Factor for the local field, such as `tptools.absorption.local_field_gain`.

    Returns
    -------
    float

    Raises
    ------
    ValueError
        If a number is not positive, or the fraction exceeds 1.

    Examples
    --------
    >>> round(absorption_coefficient_per_cm(1.0))
    92529
    """
    volume_fraction = check_number("volume_fraction", volume_fraction, above=0, at_most=1)
    relative = check_number("relative", relative, above=0)
    gain = check_number("gain", gain, above=0)
    per_volume = absorption_cross_section_cm2(1.0) / CM_PER_NM**3
    return volume_fraction * relative * gain * per_volume


def absorption_length_nm(volume_fraction: float = filling_fraction(), **factors: float) -> float:
    """Depth at which the light in a film has fallen to 1/e, in nm.

    Parameters
    ----------
    volume_fraction, **factors : float, optional
        As for `absorption_coefficient_per_cm`.

    Returns
    -------
    float

    Raises
    ------
    ValueError
        As for `absorption_coefficient_per_cm`.

    Examples
    --------
    >>> f"{absorption_length_nm():.0f}"
    '189'
    """
    return 1 / (CM_PER_NM * absorption_coefficient_per_cm(volume_fraction, **factors))


def film_heat_capacity_J_m3K(volume_fraction: float = filling_fraction()) -> float:
    """Heat capacity of nanocrystals and ligands per volume, in J/(m³ K).

    Parameters
    ----------
    volume_fraction : float, optional
        Share of the film that is nanocrystal, in [0, 1]; ligands fill the rest.

    Returns
    -------
    float

    Raises
    ------
    ValueError
        If the fraction is not in [0, 1].

    Examples
    --------
    >>> f"{film_heat_capacity_J_m3K():.3g}"
    '1.37e+06'
    """
    volume_fraction = check_number("volume_fraction", volume_fraction, at_least=0, at_most=1)
    crystals = volume_fraction * HEAT_CAPACITY.value
    return crystals + (1 - volume_fraction) * LIGAND_HEAT_CAPACITY_J_M3K


def crystal_heat_fraction(volume_fraction: float = filling_fraction()) -> float:
    """Share of a film's heat that its nanocrystals hold, once ligands are as warm as they.

    Parameters
    ----------
    volume_fraction : float, optional
        As for `film_heat_capacity_J_m3K`.

    Returns
    -------
    float

    Raises
    ------
    ValueError
        As for `film_heat_capacity_J_m3K`.

    Examples
    --------
    >>> f"{crystal_heat_fraction():.2f}"
    '0.44'
    """
    volume_fraction = check_number("volume_fraction", volume_fraction, at_least=0, at_most=1)
    capacity = film_heat_capacity_J_m3K(volume_fraction)
    return volume_fraction * HEAT_CAPACITY.value / capacity
