r"""How hopping changes from film to film and with temperature: two laws, both assumed.

Between films that of point dipoles, for the distance of nanocrystals and the refractive index
around them (`dipole_hop_factor`); and `HoppingLaw` for temperature.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import scipy
from numpy.typing import ArrayLike

from tptools.arrays import FloatArray
from tptools.checks import check_number, make_plain
from tptools.records import as_positive

__all__ = ["ROOM_K", "HoppingLaw", "barrier_meV", "dipole_hop_factor"]

ROOM_K = 295.0
"""Room temperature where none is given, in K; assumed."""

BOLTZMANN_MEV_K = 1e3 * scipy.constants.k / scipy.constants.e


@dataclass(frozen=True)
class HoppingLaw:
    r"""How hopping depends on temperature; assumed: experiments give a trend and no model.

    Two neighbours exchange an exciton as far as their lines overlap. On resonance that goes with
    one over the homogeneous width, which phonons broaden. Off resonance it takes heat, which for
    energies scattered with standard deviation s slows diffusion as in the Gaussian disorder model:

    .. math::
        h(T) \propto \frac{1}{\Gamma(T)} \exp\left[-\left(\frac{s}{k T}\right)^2\right], \qquad
        \Gamma(T) = \Gamma_0 + \frac{\Gamma_\mathrm{LO}}{e^{E_\mathrm{LO} / k T} - 1}.

    Cooling helps the first factor and hurts the second.

    Parameters
    ----------
    linewidth_meV : float
        :math:`\Gamma_0`, width without phonons; assumed.
    phonon_broadening_meV, phonon_meV : float
        :math:`\Gamma_\mathrm{LO}` and :math:`E_\mathrm{LO}`; assumed, of the size found for
        Fröhlich coupling in these nanocrystals. The line at room temperature is then 80 meV wide.
    disorder_meV : float
        s; assumed, such that the factor is largest near 150 K.
    relaxation_activation_meV : float
        Energy :math:`E_a` with which the memory's relaxation time grows on cooling, as
        :math:`\exp(E_a / k T)`; zero unless given, since no number is known.

    Raises
    ------
    ValueError
        If an energy is negative, or the width without phonons not positive.

    Examples
    --------
    >>> law = HoppingLaw()
    >>> law.factor([295.0, 150.0, 50.0]).round(2).tolist()
    [1.0, 1.34, 0.17]
    """

    linewidth_meV: float = 30.0
    phonon_broadening_meV: float = 45.0
    phonon_meV: float = 16.0
    disorder_meV: float = 7.2
    relaxation_activation_meV: float = 0.0

    def __post_init__(self) -> None:
        make_plain(self)
        check_number("linewidth_meV", self.linewidth_meV, above=0)
        check_number("phonon_meV", self.phonon_meV, above=0)
        for name in ("phonon_broadening_meV", "disorder_meV", "relaxation_activation_meV"):
            check_number(name, getattr(self, name), at_least=0)

    def factor(self, temperature_K: ArrayLike) -> FloatArray:
        """Hop rate relative to that at `ROOM_K`.

        Parameters
        ----------
        temperature_K : array_like
            Above 0, any shape.

        Returns
        -------
        ndarray
            Of the same shape.

        Raises
        ------
        ValueError
            If a temperature is not positive.
        """
        temperature = as_positive("temperature_K", temperature_K)
        if np.isnan(temperature).any():
            raise ValueError(f"temperature_K = {temperature_K!r} must be above 0")
        return self._rate(temperature) / self._rate(np.array(ROOM_K))

    def relaxation_factor(self, temperature_K: float) -> float:
        """Relaxation time of the memory, relative to that at `ROOM_K`.

        Parameters
        ----------
        temperature_K : float
            Above 0.

        Returns
        -------
        float

        Raises
        ------
        ValueError
            If the temperature is not positive.

        Examples
        --------
        >>> HoppingLaw().relaxation_factor(150.0)
        1.0
        """
        temperature_K = check_number("temperature_K", temperature_K, above=0)
        inverse = 1 / temperature_K - 1 / ROOM_K
        return math.exp(self.relaxation_activation_meV / BOLTZMANN_MEV_K * inverse)

    def _rate(self, temperature: FloatArray) -> FloatArray:
        heat_meV = BOLTZMANN_MEV_K * temperature
        with np.errstate(over="ignore"):  # in the cold there are no phonons
            phonons = 1 / np.expm1(self.phonon_meV / heat_meV)
        width_meV = self.linewidth_meV + self.phonon_broadening_meV * phonons
        return np.exp(-((self.disorder_meV / heat_meV) ** 2)) / width_meV


def barrier_meV(time_us: float, *, attempt_ps: float = 1.0, temperature_K: float = ROOM_K) -> float:
    r"""Height of the barrier that heat crosses within a time, on average.

    .. math:: E = k T \ln(t / t_0)

    by the law of Arrhenius, as if one barrier with one rate of attempts stood in the way.

    Parameters
    ----------
    time_us : float
        t, above 0.
    attempt_ps : float, optional
        :math:`t_0`, time between attempts; a picosecond, as of a slow vibration, is assumed.
    temperature_K : float, optional
        T, above 0.

    Returns
    -------
    float
        In meV; below zero if the time is shorter than an attempt.

    Raises
    ------
    ValueError
        If a number is not positive.

    Examples
    --------
    >>> round(barrier_meV(6.0))
    397
    """
    time_us = check_number("time_us", time_us, above=0)
    attempt_ps = check_number("attempt_ps", attempt_ps, above=0)
    temperature_K = check_number("temperature_K", temperature_K, above=0)
    return BOLTZMANN_MEV_K * temperature_K * math.log(1e6 * time_us / attempt_ps)


def dipole_hop_factor(
    spacing_nm: float,
    index: float,
    *,
    reference_spacing_nm: float,
    reference_index: float,
) -> float:
    r"""Hop rate between point dipoles, relative to a reference film.

    .. math:: \left(\frac{l_0}{l}\right)^6 \left(\frac{n_0}{n}\right)^4

    as in the rate of Förster transfer, with the spectral overlap the same.

    Parameters
    ----------
    spacing_nm, reference_spacing_nm : float
        Distance l between the centres of neighbours.
    index, reference_index : float
        Refractive index n of what is between them.

    Returns
    -------
    float

    Raises
    ------
    ValueError
        If a number is not positive.

    Examples
    --------
    >>> one = {"reference_spacing_nm": 10, "reference_index": 1.5}
    >>> round(dipole_hop_factor(10.8, 1.5, **one), 2)
    0.63
    """
    numbers = {
        "spacing_nm": spacing_nm,
        "index": index,
        "reference_spacing_nm": reference_spacing_nm,
        "reference_index": reference_index,
    }
    own_nm, own, other_nm, other = (
        check_number(name, value, above=0) for name, value in numbers.items()
    )
    return (other_nm / own_nm) ** 6 * (other / own) ** 4
