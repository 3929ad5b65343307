"""What a run keeps: the arrays the kernels fill, and the labelled dataset made of them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from tptools.arrays import FloatArray
from tptools.checks import LARGEST, check_integer, check_number, make_plain
from tptools.kmc import engine
from tptools.kmc.model import ExcitonModel

TAIL_BINS_PER_DECADE = 20
TAIL_DECADES = 6


@dataclass(frozen=True)
class Recording:
    """When a run looks at its excitons.

    Parameters
    ----------
    interval_ps : int
        Time between recorded instants; 50 ps as in Note 2.
    until_ns : float
        Last recorded instant, a multiple of the interval. Emission is counted to the end of the
        pulse whatever this is.
    follow_ns : float, optional
        Time after a pulse at which excitons still there are dropped and counted in
        ``dropped_count``. None: each pulse is followed until its last exciton has decayed.

    Raises
    ------
    ValueError
        If a parameter is outside its range; the message names value and rule.

    Examples
    --------
    >>> Recording(until_ns=3).times_ns[[0, 1, -1]]
    array([0.  , 0.05, 3.  ])
    """

    interval_ps: int = 50
    until_ns: float = 10.0
    follow_ns: float | None = None

    def __post_init__(self) -> None:
        make_plain(self)
        check_integer("interval_ps", self.interval_ps, at_least=1, below=LARGEST)
        check_number("until_ns", self.until_ns, at_least=self.interval_ps / 1e3)
        if not math.isclose(self.until_ns * 1e3 / self.interval_ps, self.n_times - 1):
            raise ValueError(
                f"until_ns = {self.until_ns} must be a multiple of interval_ps = "
                f"{self.interval_ps}; use {(self.n_times - 1) * self.interval_ps / 1e3}"
            )
        if self.follow_ns is not None:
            check_number("follow_ns", self.follow_ns, at_least=self.until_ns, any_size=True)

    @property
    def n_times(self) -> int:
        """Number of recorded instants, the one before the first hop included."""
        return round(self.until_ns * 1e3 / self.interval_ps) + 1

    @property
    def times_ns(self) -> FloatArray:
        """Recorded instants after the pulse, shape (n_times,)."""
        return np.arange(self.n_times) * self.interval_ps / 1e3

    @property
    def delay_edges_ns(self) -> FloatArray:
        """Edges of the emission bins: linear up to `until_ns`, then logarithmic, then open."""
        decades = np.arange(1, TAIL_BINS_PER_DECADE * TAIL_DECADES) / TAIL_BINS_PER_DECADE
        return np.concatenate([self.times_ns, self.until_ns * 10**decades, [np.inf]])


def allocate(model: ExcitonModel, recording: Recording) -> engine.Record:
    """Zeroed arrays for one train, over the whole lattice and alike on both sides of its centre."""
    size, n_times = model.lattice_size, recording.n_times
    width = 2 * (size // 2) + 1
    n_radii = math.ceil(size / math.sqrt(2)) + 2

    def sums() -> NDArray[np.int64]:
        """A zero for each instant."""
        return np.zeros(n_times, np.int64)

    def counts(*shape: int) -> NDArray[np.uint32]:
        """Zeros of a histogram."""
        return np.zeros(shape, np.uint32)

    return engine.Record(
        interval=recording.interval_ps * model.attempts_per_ps,
        n_times=n_times,
        tail_bins_per_e_fold=TAIL_BINS_PER_DECADE / math.log(10),
        created=np.zeros(1, np.int64),
        dropped=np.zeros(1, np.int64),
        carried=np.zeros(1, np.int64),
        exciton_count=sums(),
        r2=sums(),
        initial_r2=sums(),
        visited=sums(),
        modified=sums(),
        x=counts(n_times, width),
        y=counts(n_times, width),
        walking_radius=counts(n_times, n_radii),
        trapped_radius=counts(n_times, n_radii),
        emission=counts(recording.delay_edges_ns.size - 1, n_radii),
    )


def sites_per_radius(n_radii: int) -> NDArray[np.int64]:
    """Sites of the square lattice whose distance from the centre rounds to 0, 1, 2, ...

    Examples
    --------
    >>> sites_per_radius(3)
    array([ 1,  8, 12])
    """
    axis = np.arange(1 - n_radii, n_radii)
    radius = np.floor(np.hypot(axis[:, None], axis) + 0.5).astype(int)
    return np.bincount(radius.ravel())[:n_radii]


def cut(record: engine.Record) -> engine.Record:
    """Copy of what was summed so far, without the columns, rows and radii that no exciton saw."""
    centre = record.x.shape[1] // 2
    reach = max(_used((record.x, record.y), centre), 1)
    line = slice(centre - reach, centre + reach + 1)
    radii = slice(_used((record.walking_radius, record.trapped_radius, record.emission), 0) + 1)
    kept = {"x_nm": line, "y_nm": line, "r_nm": radii}
    copies = {
        field: getattr(record, field)[..., kept.get(dims[-1], slice(None))].copy()
        for field, dims, _, _ in _VARIABLES.values()
    }
    return record._replace(**copies)


def _used(counts: Sequence[NDArray[np.uint32]], centre: int) -> int:
    """Largest distance from bin ``centre`` at which any of the arrays holds a count."""
    used = np.flatnonzero(sum(array.any(axis=0) for array in counts))
    return int(np.abs(used - centre).max(initial=0))


_VARIABLES: Mapping[str, tuple[str, tuple[str, ...], str, str]] = {
    "created_count": ("created", ("",), "excitons created", "1"),
    "dropped_count": ("dropped", ("",), "excitons dropped", "1"),
    "carried_count": ("carried", ("",), "excitons of earlier pulses at time 0", "1"),
    "exciton_count": ("exciton_count", ("time_ns",), "excitons alive", "1"),
    "r2_sum_nm2": ("r2", ("time_ns",), "sum of r^2 of those alive", "nm2"),
    "initial_r2_sum_nm2": (
        "initial_r2",
        ("time_ns",),
        "sum of r^2 at time 0 of those alive",
        "nm2",
    ),
    "visited_sites": ("visited", ("time_ns",), "distinct sites visited since the pulse", "1"),
    "modified_sites": ("modified", ("time_ns",), "sites in modified state", "1"),
    "x_count": ("x", ("time_ns", "x_nm"), "excitons by column", "1"),
    "y_count": ("y", ("time_ns", "y_nm"), "excitons by row", "1"),
    "bright_count": ("walking_radius", ("time_ns", "r_nm"), "excitons in no trap by radius", "1"),
    "radial_count": ("trapped_radius", ("time_ns", "r_nm"), "excitons by radius", "1"),
    "emission_count": ("emission", ("delay_ns", "r_nm"), "photons by delay and radius", "1"),
}
"""By name: field of the record, dimensions beside train and block, meaning, unit.

A dimension without a name holds one number and is left out of the dataset.
"""


def to_dataset(
    model: ExcitonModel,
    recording: Recording,
    trains: Sequence[Sequence[engine.Record]],
) -> xr.Dataset:
    """Label what independent trains had summed after each of their blocks, as `cut` left it."""
    cuts = [cut for train in trains for cut in train]
    reach = max(cut.x.shape[1] // 2 for cut in cuts)
    n_radii = max(cut.emission.shape[1] for cut in cuts)
    coords = _axes(model, recording, reach, n_radii, len(trains))
    return xr.Dataset(_variables(model, recording, trains, reach, n_radii), coords)


def _variables(
    model: ExcitonModel,
    recording: Recording,
    trains: Sequence[Sequence[engine.Record]],
    reach: int,
    n_radii: int,
) -> dict[str, tuple[tuple[str, ...], NDArray[Any], dict[str, str]]]:
    """Dimensions, values and attributes of everything that is kept, by name.

    All at once: to put variables into a dataset one by one takes longer than a hundred pulses.
    """
    width = {"x_nm": 2 * reach + 1, "y_nm": 2 * reach + 1, "r_nm": n_radii}
    groups = ("train", "block") if len(trains) == 1 else ("train",)
    result = {}
    for name, (field, dims, text, unit) in _VARIABLES.items():
        sums = [[getattr(cut, field) for cut in train] for train in trains]
        centred = dims[-1] in ("x_nm", "y_nm")
        values = _per_block(sums, width.get(dims[-1]), centred)
        if centred:
            values = values[..., : model.lattice_size]
        elif not dims[-1]:
            values = values[..., 0]
        values = values if len(trains) == 1 else values[:, 0]
        scaled = values * model.lattice_spacing_nm**2 if unit == "nm2" else values
        named = tuple(filter(None, dims))
        result[name] = groups + named, scaled, {"long_name": text, "units": unit}
    bright, emitted = result["bright_count"][1], result["emission_count"][1]
    # the field of this name holds those in traps only
    result["radial_count"][1][:] += bright
    result["sites_per_radius"] = ("r_nm",), sites_per_radius(n_radii), {"units": "1"}
    result["expected_emission"] = (
        result["emission_count"][0],
        _expected_emission(bright, emitted, recording, model.lifetime_ns),
        {"long_name": "photons expected by delay and radius", "units": "1"},
    )
    return result


def _per_block(
    sums: Sequence[Sequence[NDArray[Any]]], width: int | None, centred: bool
) -> NDArray[Any]:
    """What each block added to the sums of its train: (train, block, ...), of a common width."""
    first = sums[0][0]
    shape = (*first.shape[:-1], width or first.shape[-1])
    wide = np.zeros((len(sums), len(sums[0]), *shape), first.dtype)
    for train, cuts in enumerate(sums):
        for block, cut in enumerate(cuts):
            used = cut.shape[-1]
            before = (shape[-1] - used) // 2 if centred else 0
            wide[train, block, ..., before : before + used] = cut
    wide[:, 1:] -= wide[:, :-1].copy()
    return wide


def _axes(
    model: ExcitonModel, recording: Recording, reach: int, n_radii: int, n_trains: int
) -> dict[str, object]:
    """Coordinates of the cut arrays."""
    spacing = model.lattice_spacing_nm
    positions_nm = np.arange(-reach, reach + 1)[: model.lattice_size] * spacing
    edges = recording.delay_edges_ns
    return {
        "train": np.arange(n_trains),
        "time_ns": ("time_ns", recording.times_ns, {"units": "ns"}),
        "x_nm": ("x_nm", positions_nm, {"units": "nm"}),
        "y_nm": ("y_nm", positions_nm, {"units": "nm"}),
        "r_nm": ("r_nm", np.arange(n_radii) * spacing, {"units": "nm"}),
        "delay_ns": ("delay_ns", edges[:-1], {"long_name": "lower edge", "units": "ns"}),
        "delay_end_ns": ("delay_ns", edges[1:], {"long_name": "upper edge", "units": "ns"}),
    }


def _expected_emission(
    bright: NDArray[Any],
    emitted: NDArray[Any],
    recording: Recording,
    lifetime_ns: float,
) -> FloatArray:
    r"""Photons to be expected in each delay bin at each radius, given where excitons were.

    Within the recorded instants every exciton in no trap emits at a rate of one over its lifetime.
    A bin of width :math:`\Delta` then holds :math:`\Delta / \tau` photons for each, counted as the
    mean of both ends, which is exact to :math:`(\Delta / \tau)^2 / 12`. The photons that were drawn
    have the same mean and far more noise. Later bins hold those.
    """
    share = recording.interval_ps / 1e3 / lifetime_ns
    expected = emitted.astype(float)
    mean_bright = (bright[..., :-1, :] + bright[..., 1:, :]) / 2
    expected[..., : recording.n_times - 1, :] = share * mean_bright
    return expected
