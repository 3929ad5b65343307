"""What a run keeps: the arrays the kernels fill, and the labelled dataset made of them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

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


def allocate(model: ExcitonModel, recording: Recording, n_blocks: int) -> engine.Record:
    """Zeroed arrays for one train, over the whole lattice."""
    size, n_times = model.lattice_size, recording.n_times
    n_radii = math.ceil(size / math.sqrt(2)) + 2

    def sums() -> NDArray[np.int64]:
        return np.zeros((n_blocks, n_times), np.int64)

    def counts(*shape: int) -> NDArray[np.uint32]:
        return np.zeros((n_blocks, *shape), np.uint32)

    return engine.Record(
        interval=recording.interval_ps * model.attempts_per_ps,
        n_times=n_times,
        tail_bins_per_e_fold=TAIL_BINS_PER_DECADE / math.log(10),
        created=np.zeros(n_blocks, np.int64),
        dropped=np.zeros(n_blocks, np.int64),
        exciton_count=sums(),
        r2=sums(),
        initial_r2=sums(),
        visited=sums(),
        modified=sums(),
        x=counts(n_times, size),
        y=counts(n_times, size),
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
    axis = np.arange(-n_radii, n_radii + 1)
    radius = np.floor(np.hypot(axis[:, None], axis) + 0.5).astype(int)
    return np.bincount(radius.ravel(), minlength=n_radii)[:n_radii]


def _used(counts: Sequence[NDArray[np.uint32]], centre: int) -> int:
    """Largest distance from bin ``centre`` at which any of the arrays holds a count."""
    used = np.flatnonzero(sum(array.any(axis=(0, 1)) for array in counts))
    return int(np.abs(used - centre).max(initial=0))


_VARIABLES: Mapping[str, tuple[str, tuple[str, ...], str, str]] = {
    "created_count": ("created", (), "excitons created", "1"),
    "dropped_count": ("dropped", (), "excitons dropped", "1"),
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
"""By name: field of the record, dimensions beside train and block, meaning, unit."""


def to_dataset(
    model: ExcitonModel,
    recording: Recording,
    trains: Sequence[engine.Record],
) -> xr.Dataset:
    """Label the records of independent trains; space is cut to where excitons were."""
    spacing, centre = model.lattice_spacing_nm, model.lattice_size // 2
    reach = max(_used([array for train in trains for array in (train.x, train.y)], centre), 1)
    by_radius = ("walking_radius", "trapped_radius", "emission")
    n_radii = _used([getattr(train, name) for train in trains for name in by_radius], 0) + 1
    line = slice(max(centre - reach, 0), centre + reach + 1)
    kept = {"x_nm": line, "y_nm": line, "r_nm": slice(n_radii)}
    groups = ("train", "block") if len(trains) == 1 else ("train",)
    result = xr.Dataset(coords=_axes(model, recording, line, n_radii, len(trains)))
    for name, (field, dims, text, unit) in _VARIABLES.items():
        stacked = np.stack([getattr(train, field) for train in trains])
        stacked = stacked[(..., kept[dims[-1]])] if dims and dims[-1] in kept else stacked
        stacked = stacked if len(trains) == 1 else stacked[:, 0]
        scaled = stacked * spacing**2 if unit == "nm2" else stacked
        result[name] = groups + dims, scaled, {"long_name": text, "units": unit}
    # the field of this name holds those in traps only
    result["radial_count"] += result["bright_count"]
    return result.assign(
        sites_per_radius=("r_nm", sites_per_radius(n_radii), {"units": "1"}),
        expected_emission=_expected_emission(result, recording, model.lifetime_ns),
    )


def _axes(
    model: ExcitonModel, recording: Recording, line: slice, n_radii: int, n_trains: int
) -> dict[str, object]:
    """Coordinates of the cut arrays."""
    spacing, centre = model.lattice_spacing_nm, model.lattice_size // 2
    positions_nm = (np.arange(model.lattice_size)[line] - centre) * spacing
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
    result: xr.Dataset, recording: Recording, lifetime_ns: float
) -> xr.DataArray:
    r"""Photons to be expected in each delay bin at each radius, given where excitons were.

    Within the recorded instants every exciton in no trap emits at a rate of one over its lifetime.
    A bin of width :math:`\Delta` then holds :math:`\Delta / \tau` photons for each, counted as the
    mean of both ends, which is exact to :math:`(\Delta / \tau)^2 / 12`. The photons that were drawn
    have the same mean and far more noise. Later bins hold those.
    """
    bright = result["bright_count"].transpose(..., "time_ns", "r_nm").to_numpy()
    share = recording.interval_ps / 1e3 / lifetime_ns
    counted = result["emission_count"].transpose(..., "delay_ns", "r_nm")
    expected = counted.to_numpy().astype(float)
    mean_bright = (bright[..., :-1, :] + bright[..., 1:, :]) / 2
    expected[..., : recording.n_times - 1, :] = share * mean_bright
    return counted.copy(data=expected).assign_attrs(
        long_name="photons expected by delay and radius"
    )
