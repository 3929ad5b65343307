r"""How much light a film of nanocrystals absorbs over its depth, and what the film's field adds.

A film of thickness d and Napierian absorption coefficient :math:`\alpha`
(`tptools.material.absorption_coefficient_per_cm`) has the optical density

.. math::
    \mathrm{OD} = \frac{\alpha d}{\ln 10}.

Reflection and scattering are left out.
"""

from __future__ import annotations

import math

from tptools.checks import check_number
from tptools.material import INDEX_CRYSTAL, INDEX_LIGAND, INDEX_TOLUENE
from tptools.units import CM_PER_NM

__all__ = [
    "local_field_gain",
    "mean_relative_intensity",
    "optical_density",
    "thickness_for_nm",
]


def optical_density(thickness_nm: float, coefficient_per_cm: float) -> float:
    """Decadic optical density of a film.

    Parameters
    ----------
    thickness_nm : float
        Thickness of the film.
    coefficient_per_cm : float
        Its Napierian absorption coefficient, in cm⁻¹.

    Returns
    -------
    float

    Raises
    ------
    ValueError
        If a number is negative.

    Examples
    --------
    >>> from tptools.material import absorption_coefficient_per_cm
    >>> round(optical_density(35, absorption_coefficient_per_cm()), 3)
    0.08
    """
    thickness_nm = check_number("thickness_nm", thickness_nm, at_least=0)
    coefficient_per_cm = check_number("coefficient_per_cm", coefficient_per_cm, at_least=0)
    return coefficient_per_cm * thickness_nm * CM_PER_NM / math.log(10)


def thickness_for_nm(density: float, coefficient_per_cm: float) -> float:
    """Thickness that gives an optical density, in nm.

    Parameters
    ----------
    density : float
        Decadic optical density.
    coefficient_per_cm : float
        Napierian absorption coefficient, in cm⁻¹.

    Returns
    -------
    float

    Raises
    ------
    ValueError
        If the density is negative, or the coefficient not positive.

    Examples
    --------
    >>> from tptools.material import absorption_coefficient_per_cm
    >>> round(thickness_for_nm(0.08, absorption_coefficient_per_cm()))
    35
    """
    density = check_number("density", density, at_least=0)
    coefficient_per_cm = check_number("coefficient_per_cm", coefficient_per_cm, above=0)
    return density * math.log(10) / (coefficient_per_cm * CM_PER_NM)


def mean_relative_intensity(density: float) -> float:
    r"""Intensity averaged over the depth of a film, relative to that at its front.

    .. math:: \frac{1}{d} \int_0^d e^{-\alpha z} \, dz = \frac{1 - 10^{-\mathrm{OD}}}{\ln(10)\,
        \mathrm{OD}}

    Parameters
    ----------
    density : float
        Decadic optical density.

    Returns
    -------
    float

    Raises
    ------
    ValueError
        If the density is negative.

    Examples
    --------
    >>> round(mean_relative_intensity(0.08), 3)
    0.913
    """
    density = check_number("density", density, at_least=0)
    depth = density * math.log(10)
    return -math.expm1(-depth) / depth if depth else 1.0


def local_field_gain(
    volume_fraction: float,
    index_crystal: float = INDEX_CRYSTAL,
    index_between: float = INDEX_LIGAND,
    index_solvent: float = INDEX_TOLUENE,
) -> float:
    r"""Absorption of a nanocrystal in a film over that of the same one in solution.

    A sphere of dielectric constant :math:`\epsilon` in a medium :math:`\epsilon_m` of index n
    absorbs in proportion to :math:`|F|^2 / n` with the local field
    :math:`F = 3 \epsilon_m / (\epsilon + 2 \epsilon_m)`. In a film of filling
    :math:`\phi` the field of the neighbours adds (Maxwell Garnett):

    .. math:: F_\mathrm{film} = \frac{F}{1 - \phi \beta}, \qquad
        n_\mathrm{film}^2 = \epsilon_m \frac{1 + 2 \phi \beta}{1 - \phi \beta}, \qquad
        \beta = \frac{\epsilon - \epsilon_m}{\epsilon + 2 \epsilon_m}.

    Parameters
    ----------
    volume_fraction : float
        Filling of the film, in (0, 1].
    index_crystal : float, optional
        Refractive index of the nanocrystal; its absorption is left out of it.
    index_between, index_solvent : float, optional
        Of the ligands and of toluene.

    Returns
    -------
    float

    Raises
    ------
    ValueError
        If the fraction is not in (0, 1], or an index is below 1.

    Examples
    --------
    >>> round(local_field_gain(0.572), 2)
    1.07
    """
    volume_fraction = check_number("volume_fraction", volume_fraction, above=0, at_most=1)
    indices = {
        "index_crystal": index_crystal,
        "index_between": index_between,
        "index_solvent": index_solvent,
    }
    plain = [check_number(name, index, at_least=1) for name, index in indices.items()]
    _, index_between, index_solvent = plain
    crystal, between, solvent = (index**2 for index in plain)
    beta = (crystal - between) / (crystal + 2 * between)
    crowding = 1 - volume_fraction * beta
    film_field = 3 * between / (crystal + 2 * between) / crowding
    film_index = index_between * math.sqrt((1 + 2 * volume_fraction * beta) / crowding)
    solvent_field = 3 * solvent / (crystal + 2 * solvent)
    return (film_field**2 / film_index) / (solvent_field**2 / index_solvent)
