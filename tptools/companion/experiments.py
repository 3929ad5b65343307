"""Experiments that could decide between the films that the paper's numbers allow.

Each candidate is a few diffusivities at one film; the photons are shared equally between them.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import numpy as np
import pandas as pd
import xarray as xr

from tptools.arrays import FloatArray, IntArray
from tptools.estimate import Estimate
from tptools.excitation import Excitation
from tptools.inference import expected_information, photon_error_cm2_s, photons_needed
from tptools.inference.experiment import Shot

__all__ = ["EXPERIMENTS", "MEMORY_EDGES_US", "OF_A_FILM", "Q_EDGE", "ranking", "with_photon_noise"]

_BURST = Excitation(400, 40)
"""Four such pulses follow within 0.1 us, each as bright as one at 25 nW and 2.5 MHz."""
_PROBE = Excitation(10, 2.5)


_AT_REST = Shot("at rest", _PROBE, burst=_BURST)


def _after(delay_us: float, burst_aside: float = 0.0) -> Shot:
    label = f"{delay_us:g} µs"
    return Shot(label, _PROBE, burst=_BURST, n_burst=4, delay_us=delay_us, burst_aside=burst_aside)


def _from_fresh(first: int, last: int) -> Shot:
    start_us, end_us = (one * _PROBE.period_us for one in (first, last))
    return Shot(f"{start_us:g} to {end_us:g} µs", _PROBE, (first, last))


EXPERIMENTS: Mapping[str, tuple[Shot, ...]] = MappingProxyType(
    {
        "relaxation curve again": tuple(
            Shot(f"{power:g} nW", Excitation(power, 2.5)) for power in (1, 2.5, 6, 15, 25)
        ),
        "constant power, to 1 MHz": tuple(
            Shot(f"{rate:g} MHz", Excitation(5, rate)) for rate in (1, 2.5, 5, 10, 20)
        ),
        "constant power, to 0.25 MHz": tuple(
            Shot(f"{rate:g} MHz", Excitation(5, rate)) for rate in (0.25, 0.5, 1, 2.5, 20)
        ),
        "two spot sizes": tuple(
            Shot(f"{power:g} nW, spot times {ratio:g}", Excitation(power, 2.5), spot_ratio=ratio)
            for power in (2.5, 10)
            for ratio in (0.5, 1)
        ),
        "switching on": tuple(
            _from_fresh(*one) for one in ((0, 3), (3, 10), (10, 25), (25, 60), (60, 140))
        ),
        "burst, then a probe": tuple(_after(delay_us) for delay_us in (0.2, 1, 4, 15)),
        "bright neighbour, then a probe": (
            _AT_REST,
            *(_after(delay_us, burst_aside=1.0) for delay_us in (1, 10)),
        ),
        "wide burst, then a probe": (
            _AT_REST,
            Shot("after 1 µs", _PROBE, burst=_BURST, n_burst=1, delay_us=1, burst_ratio=2),
        ),
    }
)
"""Candidates. The bright neighbour is a burst whose centre lies one width of the spot aside."""

OF_A_FILM = (
    "hop_rate_ground_per_ps",
    "hop_rate_modified_per_ps",
    "relaxation_time_us",
    "modification_probability",
    "lifetime_ns",
    "trap_rate_per_ps",
    "n_layers",
    "spot_fwhm_nm",
    "peak_over_disc",
)
"""What a film of the search has that the experiments act on; how it is read does not matter."""
MEMORY_EDGES_US = (2.0, 8.0)
"""Between short, middle and long memories."""
Q_EDGE = 0.3
"""Between visits of which few modify and visits of which most do."""


def with_photon_noise(outcomes: xr.Dataset, photons: float) -> xr.Dataset:
    """Say how well each diffusivity would be known if every experiment had as many photons.

    Parameters
    ----------
    outcomes : Dataset
        ``diffusivity_cm2_s`` over (film, shot), with ``experiment`` of each shot.
    photons : float
        Of an experiment, shared equally between its shots.

    Returns
    -------
    Dataset
        With ``std_err_cm2_s`` over ``shot``: the bound for the median film, in its spot.

    Examples
    --------
    ::

        with_photon_noise(datasets.load("deciding_experiments"), 1e6)
    """
    names = outcomes["experiment"].to_numpy()
    ratios = [shot.spot_ratio for name in dict.fromkeys(names) for shot in EXPERIMENTS[name]]
    spot_nm = float(outcomes["spot_fwhm_nm"].median())
    middle = outcomes["diffusivity_cm2_s"].median("film").to_numpy()
    errors = [
        photon_error_cm2_s(D, photons / int((names == name).sum()), spot_fwhm_nm=spot_nm * ratio)
        for D, name, ratio in zip(middle, names, ratios, strict=True)
    ]
    return outcomes.assign(std_err_cm2_s=("shot", errors, {"units": "cm2/s"}))


def ranking(
    outcomes: xr.Dataset, *, photons: float, short: int, long: int, seed: int
) -> pd.DataFrame:
    """Rank experiments by what they are expected to tell of the memory and of q.

    Parameters
    ----------
    outcomes : Dataset
        From `with_photon_noise`.
    photons : float
        Of each experiment.
    short, long : int
        Two films that are to be told apart.
    seed : int
        Of the noise.

    Returns
    -------
    DataFrame
        By experiment, best first: bits about the class of ``memory``, of ``q``, and of ``both``,
        as estimates, and the ``photons`` by which the two films differ by three errors, each film
        relative to its mean over the shots, since rates unknown before set the height.

    Examples
    --------
    ::

        ranking(with_photon_noise(outcomes, 1e6), photons=1e6, short=0, long=1, seed=1)
    """
    memory = np.digitize(outcomes["relaxation_time_us"], MEMORY_EDGES_US)
    often = (outcomes["modification_probability"] > Q_EDGE).to_numpy().astype(int)
    classes = {"memory": memory, "q": often, "both": 2 * memory + often}
    rows = {}
    for name in EXPERIMENTS:
        one = outcomes.isel(shot=outcomes["experiment"].to_numpy() == name)
        D, error = one["diffusivity_cm2_s"].to_numpy(), one["std_err_cm2_s"].to_numpy()
        rows[name] = {
            about: expected_information(D, error, _merged(labels), seed=seed)
            for about, labels in classes.items()
        } | {"photons": _photons_by_shape(D[short], D[long], error, photons)}
    found = pd.DataFrame(rows).T
    return found.sort_values("memory", ascending=False, key=lambda of: of.map(_bits))


def _photons_by_shape(
    first: FloatArray, second: FloatArray, std_err: FloatArray, photons: float
) -> float:
    a, b = first / first.mean(), second / second.mean()
    error = std_err * np.hypot(1 / first.mean(), 1 / second.mean()) / np.sqrt(2)
    return photons_needed(a, b, error, photons)


def _bits(found: Estimate) -> float:
    return found.value


def _merged(labels: IntArray) -> IntArray:
    """Labels in which a class of a single film belongs to the nearest other one."""
    names, counts = np.unique(labels, return_counts=True)
    large = names[counts > 1]
    return large[np.abs(labels[:, None] - large).argmin(1)]
