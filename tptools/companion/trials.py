"""Explanations without a memory, each as a film that the laser may change.

They stand trial in the book: the same microscope and the same analysis see them, at the conditions
of Fig. 2.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from types import MappingProxyType

from tptools.excitation import Excitation
from tptools.film import FILMS
from tptools.hopping_law import ROOM_K, HoppingLaw
from tptools.kmc import ExcitonModel

__all__ = ["ALTERNATIVES", "EVEN_HOP_RATE", "GRANTED_HEATING_K_NW"]

EVEN_HOP_RATE = 0.08
"""Rate per ps to each neighbour where there is no memory; assumed, D is then in mid-range."""

GRANTED_HEATING_K_NW = 2.0
"""Warming of the film per nominal nW; granted, far beyond what heat conduction gives."""


def _no_memory(_: Excitation) -> ExcitonModel:
    """All nanocrystals alike, whatever the laser does."""
    return replace(
        FILMS["OLA/OA"].hopping,
        hop_rate_ground_per_ps=EVEN_HOP_RATE,
        hop_rate_modified_per_ps=EVEN_HOP_RATE,
        film="no memory",
    )


def _annihilation(excitation: Excitation) -> ExcitonModel:
    """Alike, and an exciton that would hop onto another is lost."""
    return replace(
        _no_memory(excitation), annihilation_rate_per_ps=EVEN_HOP_RATE, film="annihilation"
    )


def _heating(excitation: Excitation) -> ExcitonModel:
    """Alike, and as warm as the power makes them; hopping follows `HoppingLaw`."""
    warming_K = GRANTED_HEATING_K_NW * excitation.power_nW
    rate = EVEN_HOP_RATE * float(HoppingLaw().factor(ROOM_K + warming_K))
    return replace(
        _no_memory(excitation),
        hop_rate_ground_per_ps=rate,
        hop_rate_modified_per_ps=rate,
        film="heating",
    )


ALTERNATIVES: Mapping[str, Callable[[Excitation], ExcitonModel]] = MappingProxyType(
    {"no memory": _no_memory, "annihilation": _annihilation, "heating": _heating}
)
"""By name: from a laser to the film that it meets."""
