r"""The films that were measured: one card each, and every number on it with its origin.

A number is ``reported`` (the paper prints it), ``assumed`` (the reason is given) or ``calibrated``
(`tptools.calibration` found it from what the paper reports of measurements).

Between films two laws carry the hop probabilities over, both assumed: that of point dipoles for
the distance between nanocrystals and the refractive index around them (`dipole_hop_factor`), and
`HoppingLaw` for temperature.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy import constants

from tptools.checks import check_choice, check_number
from tptools.companion.paper import REPORTED
from tptools.kmc import ExcitonModel
from tptools.kmc.model import HopRule

__all__ = ["ROOM_K", "SAMPLES", "HoppingLaw", "Parameter", "Sample", "dipole_hop_factor"]

ROOM_K = 295.0
"""Temperature of all measurements but those of Fig. 3c, in K; assumed, the paper says "room"."""

BOLTZMANN_MEV_K = 1e3 * constants.k / constants.e

Origin = Literal["reported", "assumed", "calibrated"]


@dataclass(frozen=True)
class HoppingLaw:
    r"""How hopping depends on temperature; assumed, since the paper gives a trend and no model.

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
        s; assumed, such that the factor is largest near the 150 K of the main text (L210).
    relaxation_activation_meV : float
        Energy :math:`E_a` with which the memory's relaxation time grows on cooling, as
        :math:`\exp(E_a / k T)`; zero unless given. The paper says that the return takes thermal
        energy (L334), and no number.

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
        check_number("linewidth_meV", self.linewidth_meV, above=0)
        check_number("phonon_meV", self.phonon_meV, above=0)
        for name in ("phonon_broadening_meV", "disorder_meV", "relaxation_activation_meV"):
            check_number(name, getattr(self, name), at_least=0)

    def factor(self, temperature_K: ArrayLike) -> NDArray[np.float64]:
        """Hop probability relative to that at `ROOM_K`.

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
        temperature = np.asarray(temperature_K, float)
        if not (temperature > 0).all():
            raise ValueError(f"temperature_K = {temperature_K!r} must be above 0")
        return self._rate(temperature) / self._rate(np.float64(ROOM_K))

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
        check_number("temperature_K", temperature_K, above=0)
        inverse = 1 / temperature_K - 1 / ROOM_K
        return math.exp(self.relaxation_activation_meV / BOLTZMANN_MEV_K * inverse)

    def _rate(self, temperature: NDArray) -> NDArray:
        heat_meV = BOLTZMANN_MEV_K * temperature
        phonons = 1 / np.expm1(self.phonon_meV / heat_meV)
        width_meV = self.linewidth_meV + self.phonon_broadening_meV * phonons
        return np.exp(-((self.disorder_meV / heat_meV) ** 2)) / width_meV


def dipole_hop_factor(
    spacing_nm: float,
    index: float,
    *,
    reference_spacing_nm: float,
    reference_index: float,
) -> float:
    r"""Hop probability between point dipoles, relative to a reference film.

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
    for name, value in numbers.items():
        check_number(name, value, above=0)
    return (reference_spacing_nm / spacing_nm) ** 6 * (reference_index / index) ** 4


@dataclass(frozen=True)
class Parameter:
    """A number on a card.

    Parameters
    ----------
    value : float
        In `unit`.
    unit : str
        Unit; empty for a pure number.
    origin : {"reported", "assumed", "calibrated"}
        Where the number comes from.
    why : str
        Place in the paper, or reason.

    Raises
    ------
    ValueError
        If `origin` is unknown or `why` is empty.

    Examples
    --------
    >>> Parameter(0.5, "", "assumed", "gives the exponent of the tail").origin
    'assumed'
    """

    value: float
    unit: str
    origin: Origin
    why: str

    def __post_init__(self) -> None:
        check_choice("origin", self.origin, ("reported", "assumed", "calibrated"))
        if not self.why.strip():
            raise ValueError("why is empty; a number on a card says where it comes from")


@dataclass(frozen=True)
class Sample:
    """The card of one film.

    Parameters
    ----------
    name : str
        Short name, for legends.
    title : str
        What it is.
    parameters : mapping of str to Parameter
        By the name of the parameter of `tptools.kmc.ExcitonModel`; the others keep its defaults.
    hop_rule : {"each_neighbour", "chosen_neighbour"}, optional
        How the hop numbers are read. A rate to each neighbour, as the main text has it (L281),
        may grow on cooling where a probability would run into one.

    Examples
    --------
    >>> SAMPLES["Note 2"].model().hop_rate_modified_per_ps
    0.7
    """

    name: str
    title: str
    parameters: Mapping[str, Parameter]
    hop_rule: HopRule = "each_neighbour"

    def model(self, temperature_K: float = ROOM_K, law: HoppingLaw = HoppingLaw()) -> ExcitonModel:
        """Hopping model of the film.

        Parameters
        ----------
        temperature_K : float, optional
            Temperature of the film.
        law : HoppingLaw, optional
            What temperature does to both hop probabilities and to the relaxation time.

        Returns
        -------
        ExcitonModel

        Raises
        ------
        ValueError
            If a hop probability leaves [0, 1].
        """
        values = {name: one.value for name, one in self.parameters.items()}
        room = ExcitonModel(hop_rule=self.hop_rule, **values)
        factor = float(law.factor(temperature_K))
        return replace(
            room,
            hop_rate_ground_per_ps=room.hop_rate_ground_per_ps * factor,
            hop_rate_modified_per_ps=room.hop_rate_modified_per_ps * factor,
            relaxation_time_us=room.relaxation_time_us * law.relaxation_factor(temperature_K),
        )

    def table(self) -> pd.DataFrame:
        """Card as text.

        Returns
        -------
        DataFrame
            Columns ``value``, with its unit, ``origin`` and ``why``; one row for each parameter.
        """
        rows = {
            name: {
                "value": f"{one.value:.4g} {one.unit}".rstrip(),
                "origin": one.origin,
                "why": one.why,
            }
            for name, one in self.parameters.items()
        }
        return pd.DataFrame.from_dict(rows, orient="index")


def _reported(claim: str) -> Parameter:
    printed = REPORTED[claim]
    return Parameter(printed.value, printed.unit, "reported", printed.place)


_TRAPS = {
    "lifetime_ns": Parameter(
        3.2, "ns", "assumed", "with the traps it gives the prompt decay of ~2.3 ns (L97)"
    ),
    "trap_rate_per_ps": Parameter(
        2e-4, "", "assumed", "bends the displacement at 3 ns as in Fig. 1f (L112)"
    ),
    "trap_time_minimum_ns": Parameter(
        1.0, "ns", "assumed", "puts the tail's start near 3 ns (L92)"
    ),
    "trap_exponent": Parameter(0.5, "", "assumed", "gives the tail's exponent of ~1.5 (L98)"),
}
_NOTE_2 = Sample(
    "Note 2",
    "the model's own numbers, with traps added",
    {
        "lattice_spacing_nm": _reported("s2-l"),
        "hop_rate_ground_per_ps": _reported("s2-P-slow"),
        "hop_rate_modified_per_ps": _reported("s2-P-fast"),
        "relaxation_time_us": _reported("s2-tau-relax"),
        **_TRAPS,
    },
    hop_rule="chosen_neighbour",
)

_CALIBRATION = "curve measured through the twin has the numbers of Fig. 4a (L244-247)"
_OLA_OA = Sample(
    "OLA/OA",
    "oleylammonium and oleate ligands",
    {
        "lattice_spacing_nm": _reported("main-l"),
        "hop_rate_ground_per_ps": Parameter(0.0291, "ps-1", "calibrated", _CALIBRATION),
        "hop_rate_modified_per_ps": Parameter(0.209, "ps-1", "calibrated", _CALIBRATION),
        "relaxation_time_us": Parameter(0.235, "us", "calibrated", _CALIBRATION),
        **_TRAPS,
    },
)
_HOPS = ("hop_rate_ground_per_ps", "hop_rate_modified_per_ps")
_INDEX = {"ligands": 1.5, "alumina": 1.6}


def _slower(name: str, title: str, factor: float, why: str, **changes: Parameter) -> Sample:
    """OLA/OA with both hop probabilities times a factor, and further changes."""
    base = _OLA_OA.parameters
    hops = {
        hop: replace(base[hop], value=base[hop].value * factor, origin="assumed", why=why)
        for hop in _HOPS
    }
    return Sample(name, title, {**base, **hops, **changes})


def _colloidal(cycles: int, relaxation_time: Parameter) -> Sample:
    """Shell of this many cycles around every nanocrystal."""
    base = _OLA_OA.parameters["lattice_spacing_nm"].value
    spacing_nm = base + 2 * cycles * _NM_PER_CYCLE
    factor = dipole_hop_factor(
        spacing_nm,
        _INDEX["alumina"],
        reference_spacing_nm=base,
        reference_index=_INDEX["ligands"],
    )
    return _slower(
        f"c-ALD {cycles}",
        f"AlOx shells of {cycles} cycles of colloidal ALD",
        factor,
        f"OLA/OA times {factor:.2f}: dipoles farther apart, in alumina",
        lattice_spacing_nm=Parameter(
            spacing_nm,
            "nm",
            "assumed",
            f"10 nm and two shells that grow {_NM_PER_CYCLE:g} nm a cycle, as on films (L395)",
        ),
        relaxation_time_us=relaxation_time,
    )


# 100 cycles on a film make about 10 nm (Note 1, L395)
_NM_PER_CYCLE = 0.1
_IN_ALUMINA = dipole_hop_factor(
    1.0, _INDEX["alumina"], reference_spacing_nm=1.0, reference_index=_INDEX["ligands"]
)
_COATED_RELAXATION = Parameter(
    0.68, "us", "calibrated", "curve measured through the twin has the time of Fig. S12 (L322)"
)
_LIKE_FOUR_LAYERS = replace(_COATED_RELAXATION, origin="assumed", why="as with 4 cycles")

SAMPLES: Mapping[str, Sample] = MappingProxyType(
    {
        one.name: one
        for one in (
            _NOTE_2,
            _OLA_OA,
            _slower(
                "ASC18",
                "zwitterionic ligands",
                0.9,
                "OLA/OA times 0.9: the paper groups the two (Fig. 3e) and gives no number",
            ),
            _slower(
                "film ALD",
                "AlOx by ALD on the film",
                _IN_ALUMINA,
                f"OLA/OA times {_IN_ALUMINA:.2f}: alumina instead of ligands around dipoles",
                relaxation_time_us=_LIKE_FOUR_LAYERS,
            ),
            _colloidal(4, _COATED_RELAXATION),
            _colloidal(8, _LIKE_FOUR_LAYERS),
            _colloidal(12, _LIKE_FOUR_LAYERS),
        )
    }
)
"""Cards by name; ``"Note 2"`` is the reference set, the others are the films of the paper."""
