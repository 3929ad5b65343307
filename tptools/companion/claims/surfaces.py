"""Films with other surfaces: Figs. 3e, S10 and S11, Note 9.

The hops of films other than OLA/OA are assumed, by the law of point dipoles. What follows from them
is judged, and never what was put in.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import xarray as xr

from tptools import kmc
from tptools.companion.claims.diffusion import larger_rank
from tptools.companion.claims.ledger import claim
from tptools.companion.claims.records import measured, slope, worst
from tptools.companion.claims.verdict import Bounds
from tptools.companion.simulations import own_diffusivity
from tptools.estimate import Estimate
from tptools.excitation import Excitation
from tptools.film import FILMS
from tptools.fitting.diffusion import Method

_BARE, _COATED = "OLA/OA", ("film ALD", "c-ALD 4")
_SHELLS = ("c-ALD 8", "c-ALD 12")


def _film(name: str, series: str, method: Method) -> xr.Dataset:
    """Records of one film at 2.5 MHz."""
    every = measured(series, "global")
    chosen = (every["film"] == name) & (every["rep_rate_MHz"] == 2.5)
    return measured(series, method, records=tuple(np.flatnonzero(chosen).tolist()))


@claim(
    "main-all-monotonic",
    expects=Bounds("slope of D, least certain of four films", low=0, unit="cm2/s per decade"),
)
def slowest_rise_with_power() -> Estimate:
    """Fit a line to D of each film at 2.5 MHz against the logarithm of power, from global fits."""
    series = {_BARE: "power_series", "ASC18": "surface_series"}
    series |= {"film ALD": "surface_series", "c-ALD 4": "coated_series"}
    return worst([slope(_film(*one, "global")) for one in series.items()])


@claim(
    "main-AlOx-lower",
    expects=Bounds("D with alumina over that without, the higher of two films", high=1),
    readings_of="model",
)
def coated_over_bare() -> dict[str, Estimate]:
    """Ask excitons at 10 nW, with hops that alumina slows as between dipoles.

    The times in the films differ as calibrated to 6 and 10.8 us, or not at all.
    """
    bare = FILMS[_BARE].hopping
    own = [FILMS[name].hopping for name in _COATED]
    same = [replace(one, relaxation_time_us=bare.relaxation_time_us) for one in own]
    readings = {"memory as without alumina": same, "longer memory, as in Note 10": own}
    return {text: _higher(films, bare) for text, films in readings.items()}


def _higher(films: list[kmc.ExcitonModel], bare: kmc.ExcitonModel) -> Estimate:
    laser = Excitation(10, 2.5)
    base = own_diffusivity(bare, laser)
    return max((own_diffusivity(one, laser) / base for one in films), key=lambda one: one.value)


@claim(
    "main-shell-thick",
    expects=Bounds("D over its critical level, the larger of 8 and 12 cycles", high=1),
)
def shells_over_detection_limit() -> dict[str, Estimate]:
    """Divide D by slices by 1.645 times its scatter, which one record in twenty passes by chance.

    The thickness of shells, 0.1 nm a cycle, is assumed from what ALD gives on flat films. At 10 nW
    either film is near the limit: the larger is 1.5 to 2.0 times it in three draws of the noise,
    and a single record cannot tell that from 1.
    """
    return {
        f"at {power} nW": max((_told(one, series) for one in _SHELLS), key=lambda one: one.value)
        for power, series in ((1, "surface_1nW"), (10, "surface_series"))
    }


def _told(name: str, series: str) -> Estimate:
    record = _film(name, series, "slices").isel(record=0)
    limit = 1.645 * float(record["scatter"])
    return Estimate(float(record["value"]) / limit, 1 / 1.645, "", "slices")


@claim(
    "s9-s10",
    expects=Bounds("rank correlation of D with f or <N>, the stronger one", -0.3, 0.3),
    readings_of="model",
)
def correlation_of_other_films() -> dict[str, Estimate]:
    """Rank D of all records of films other than OLA/OA, from global fits.

    At equal power means Spearman's partial correlation; up to 0.3 counts as none. All records lie
    two errors above that: of eight draws of the noise half exceed it by more, half by less.
    """
    series = [measured(name, "global") for name in ("surface_series", "coated_series")]
    return {"all records": larger_rank(series), "at equal power": larger_rank(series, "power_nW")}
