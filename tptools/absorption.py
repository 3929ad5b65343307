r"""How much light a film of nanocrystals absorbs, from the cross section of Note 6.

Nanocrystals of edge a on a lattice of spacing l fill the share :math:`\phi = (a/l)^3` of the film.
Each has the cross section :math:`\sigma` that it has in toluene, so that

.. math::
    \alpha = g r \phi \frac{\sigma}{a^3}, \qquad \mathrm{OD} = \frac{\alpha d}{\ln 10},

with the film's thickness d, the absorption r at the wavelength of interest relative to that at 400
nm, where :math:`\sigma` was measured, and a factor g for the local field, which differs between
film and solution. Reflection and scattering are left out.
"""

from __future__ import annotations

import math

from tptools.checks import check_number
from tptools.companion.paper import REPORTED
from tptools.excitation import Excitation

__all__ = [
    "absorption_coefficient_cm",
    "filling",
    "local_field_gain",
    "mean_relative_intensity",
    "optical_density",
    "thickness_for_nm",
]

_EDGE_NM = REPORTED["main-NC-size"].value
_SPACING_NM = REPORTED["s2-l"].value
CM_PER_NM = 1e-7


def filling(edge_nm: float = _EDGE_NM, spacing_nm: float = _SPACING_NM) -> float:
    """Share of the film's volume that cubes on a simple cubic lattice fill.

    Parameters
    ----------
    edge_nm, spacing_nm : float
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
    >>> round(filling(), 3)
    0.572
    """
    check_number("edge_nm", edge_nm, above=0)
    check_number("spacing_nm", spacing_nm, at_least=edge_nm)
    return (edge_nm / spacing_nm) ** 3


def absorption_coefficient_cm(
    volume_fraction: float, *, relative: float = 1.0, gain: float = 1.0
) -> float:
    """Napierian absorption coefficient of a film, in 1/cm.

    Parameters
    ----------
    volume_fraction : float
        Share of the film that is nanocrystal, in (0, 1].
    relative : float, optional
        Absorption at the wavelength of interest over that at 400 nm.
    gain : float, optional
        Factor for the local field, such as `local_field_gain`.

    Returns
    -------
    float
        Independent of the edge, since the cross section of Note 6 is proportional to the volume.

    Raises
    ------
    ValueError
        If a number is not positive, or the fraction exceeds 1.

    Examples
    --------
    >>> round(absorption_coefficient_cm(1.0))
    92529
    """
    check_number("volume_fraction", volume_fraction, above=0, at_most=1)
    check_number("relative", relative, above=0)
    check_number("gain", gain, above=0)
    sigma_cm2 = Excitation(1, 1, edge_nm=_EDGE_NM).absorption_cross_section_cm2
    return volume_fraction * relative * gain * sigma_cm2 / (_EDGE_NM * CM_PER_NM) ** 3


def optical_density(thickness_nm: float, coefficient_cm: float) -> float:
    """Decadic optical density of a film.

    Parameters
    ----------
    thickness_nm : float
        Thickness of the film.
    coefficient_cm : float
        Its Napierian absorption coefficient, in 1/cm.

    Returns
    -------
    float

    Raises
    ------
    ValueError
        If a number is negative.

    Examples
    --------
    >>> round(optical_density(35, absorption_coefficient_cm(filling())), 3)
    0.08
    """
    check_number("thickness_nm", thickness_nm, at_least=0)
    check_number("coefficient_cm", coefficient_cm, at_least=0)
    return coefficient_cm * thickness_nm * CM_PER_NM / math.log(10)


def thickness_for_nm(density: float, coefficient_cm: float) -> float:
    """Thickness that gives an optical density, in nm.

    Parameters
    ----------
    density : float
        Decadic optical density.
    coefficient_cm : float
        Napierian absorption coefficient, in 1/cm.

    Returns
    -------
    float

    Raises
    ------
    ValueError
        If the density is negative, or the coefficient not positive.

    Examples
    --------
    >>> round(thickness_for_nm(0.08, absorption_coefficient_cm(filling())))
    35
    """
    check_number("density", density, at_least=0)
    check_number("coefficient_cm", coefficient_cm, above=0)
    return density * math.log(10) / (coefficient_cm * CM_PER_NM)


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
    check_number("density", density, at_least=0)
    depth = density * math.log(10)
    return -math.expm1(-depth) / depth if depth else 1.0


def local_field_gain(
    volume_fraction: float,
    index_crystal: float = 2.0,
    index_between: float = 1.46,
    index_solvent: float = 1.497,
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
        Refractive index of the nanocrystal; assumed, its absorption is left out of it.
    index_between, index_solvent : float, optional
        Of the ligands, taken as oleic acid, and of toluene.

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
    check_number("volume_fraction", volume_fraction, above=0, at_most=1)
    indices = {
        "index_crystal": index_crystal,
        "index_between": index_between,
        "index_solvent": index_solvent,
    }
    for name, index in indices.items():
        check_number(name, index, at_least=1)
    crystal, between, solvent = (index**2 for index in indices.values())
    beta = (crystal - between) / (crystal + 2 * between)
    crowding = 1 - volume_fraction * beta
    film_field = 3 * between / (crystal + 2 * between) / crowding
    film_index = index_between * math.sqrt((1 + 2 * volume_fraction * beta) / crowding)
    solvent_field = 3 * solvent / (crystal + 2 * solvent)
    return (film_field**2 / film_index) / (solvent_field**2 / index_solvent)
