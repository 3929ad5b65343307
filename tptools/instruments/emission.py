"""What a run of the hopping model emits, in the form that the microscope needs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import xarray as xr

from tptools.arrays import FloatArray
from tptools.excitation import Excitation
from tptools.records import as_dataset


@dataclass(frozen=True)
class Emission:
    """Photons per pulse by delay and radius, and the laser that caused them.

    Parameters
    ----------
    per_pulse : ndarray of shape (n_groups, n_delays, n_radii)
        Photons per pulse of the run; a group is a train, or a block of the only train, and the
        sum over groups is the mean of the run.
    start_ns, end_ns : ndarray of shape (n_delays,)
        Edges of the delay bins.
    spacing_nm : float
        Of the lattice, the width of a radius bin.
    laser : Excitation
        What excited the film.
    """

    per_pulse: FloatArray
    start_ns: FloatArray
    end_ns: FloatArray
    spacing_nm: float
    laser: Excitation

    @classmethod
    def of(cls, run: xr.Dataset) -> Self:
        """Read a run of `tptools.kmc.simulate`.

        Parameters
        ----------
        run : Dataset
            One condition; the laser is among its attributes.

        Returns
        -------
        Emission

        Raises
        ------
        ValueError
            If `run` is no such run, holds several conditions, or does not say its laser.
        """
        run = _as_run(run)
        groups = [name for name in ("train", "block") if name in run["expected_emission"].dims]
        stacked = run["expected_emission"].stack(group=groups, create_index=False)
        ordered = stacked.transpose("group", "delay_ns", "r_nm").to_numpy()
        return cls(
            per_pulse=ordered / (run.attrs["n_pulses"] * run.attrs["n_trains"]),
            start_ns=run["delay_ns"].to_numpy(),
            end_ns=run["delay_end_ns"].to_numpy(),
            spacing_nm=float(run.attrs["lattice_spacing_nm"]),
            laser=Excitation.from_attrs(run.attrs),
        )


def _as_run(run: xr.Dataset) -> xr.Dataset:
    """A run in memory; what is none of one condition is refused."""
    variables = ("expected_emission", "delay_ns", "delay_end_ns")
    attributes = ("lattice_spacing_nm", "n_pulses", "n_trains", "seed")
    run = as_dataset(run, (*variables, *attributes), "run", "tptools.kmc.simulate")
    unknown = set(map(str, run["expected_emission"].dims)) - {"train", "block", "delay_ns", "r_nm"}
    if unknown:
        raise ValueError(f"run holds conditions over {sorted(unknown)} and must hold one; select")
    return run
