"""One film under one laser, from the excitons to every reading of D, in one call."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, get_args

import pandas as pd
import xarray as xr

from tptools.checks import check_choice, check_number, check_type
from tptools.estimate import Estimate
from tptools.excitation import Excitation
from tptools.film import FILMS, Film
from tptools.fitting import estimates, measure_series, variance_growth
from tptools.fitting.diffusion import Method
from tptools.instruments import Microscope, Timer
from tptools.kmc import (
    ExcitonModel,
    Recording,
    diffusivity,
    mean_square_displacement,
    pulse_train,
    simulate,
)

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["Exploration", "explore"]

N_TRAINS = 4
WINDOW_NS = 6.0
METHODS: tuple[Method, ...] = get_args(Method)
CHANGEABLE = tuple(one.name for one in fields(ExcitonModel) if one.name != "film")


@dataclass(frozen=True, eq=False)
class Exploration:
    """What `explore` finds.

    Parameters
    ----------
    model : ExcitonModel
        The film as it was simulated.
    laser : Excitation
        The laser on it.
    run : Dataset
        The excitons, from `tptools.kmc.simulate`.
    record : Dataset
        The map: ``counts`` over (time_ns, position_nm), from `tptools.instruments.Microscope`.
    growth : Dataset
        Variance of the spot by slices, from `tptools.fitting.variance_growth`.
    displacement : DataArray
        The excitons' own growth along one axis in nm2 over time_ns, half their mean square
        displacement in the plane; those in traps count, which give no light.
    diffusivities : mapping of str to Estimate
        By the methods of `tptools.fitting.diffusivity`; the error of ``slices`` is the scatter that
        `tptools.fitting.measure_series` finds.
    truth : Estimate
        From the excitons' second moment at 1 ns, as no microscope sees it.

    Examples
    --------
    ::

        found = explore("OLA/OA", Excitation(10, 2.5))
        found.table()
        found.plot()
    """

    model: ExcitonModel
    laser: Excitation
    run: xr.Dataset = field(repr=False)
    record: xr.Dataset = field(repr=False)
    growth: xr.Dataset = field(repr=False)
    displacement: xr.DataArray = field(repr=False)
    diffusivities: Mapping[str, Estimate]
    truth: Estimate

    def table(self) -> pd.DataFrame:
        """Every reading of D beside the truth.

        Returns
        -------
        DataFrame
            Columns ``value`` and ``std_err`` in cm2/s, ``over_truth`` and ``note``; one row for the
            truth and for each method.
        """
        readings = {"truth": self.truth, **self.diffusivities}
        rows = {name: (one.value, one.std_err, one.note) for name, one in readings.items()}
        table = pd.DataFrame.from_dict(rows, orient="index", columns=["value", "std_err", "note"])
        table.insert(2, "over_truth", table["value"] / self.truth.value)
        return table

    def plot(self) -> Figure:
        """Draw the map, the growth of the variance, and D by every method.

        Returns
        -------
        Figure
            From `tptools.plotting.plot_exploration`.
        """
        from tptools.plotting import plot_exploration  # matplotlib is for pictures only

        return plot_exploration(
            self.record["counts"], self.growth, self.displacement, self.diffusivities, self.truth
        )


def explore(
    film: str | Film,
    laser: Excitation,
    *,
    seed: int = 1,
    photons: float | None = None,
    n_excitons: float = 40_000,
    microscope: Microscope | None = None,
    **changes: Any,
) -> Exploration:
    """Simulate a film under a laser, measure it, and read D by every method, in seconds.

    Parameters
    ----------
    film : str or Film
        A film, or its name in `tptools.FILMS`.
    laser : Excitation
        Power, repetition rate and spot. Its light falls on the nanocrystals of the film, whatever
        its own ``edge_nm``.
    seed : int, optional
        Of the simulation and of the photon noise. The same seed gives the same numbers.
    photons : float, optional
        Counts in the whole map, on average: the scan takes as long as it needs for them. Without,
        it takes as long as the microscope says.
    n_excitons : float, optional
        Excitons to simulate, about. Their own noise is in all readings and in no error but that of
        the truth; ``simulation_noise_ratio`` of the record compares it with that of the photons.
    microscope : Microscope, optional
        Instead of the usual one over 6 ns, with the quantum yield of the film.
    **changes
        Numbers of `tptools.kmc.ExcitonModel` in place of the film's own, such as
        ``relaxation_time_us``, ``hop_rate_ground_per_ps`` or ``lifetime_ns``.

    Returns
    -------
    Exploration

    Raises
    ------
    ValueError
        If the film or a name among `changes` is unknown, with those that exist; or as for
        `tptools.kmc.simulate` and `tptools.instruments.Microscope`.

    Examples
    --------
    >>> found = explore("OLA/OA", Excitation(10, 2.5), relaxation_time_us=2, n_excitons=800)
    >>> found.model.relaxation_time_us, found.truth.unit, *found.diffusivities
    (2, 'cm2/s', 'slices', 'global', 'convolution', 'moment')
    """
    film = _film(film)
    check_type("laser", laser, Excitation)
    n_excitons = check_number("n_excitons", n_excitons, above=0)
    if photons is not None:
        photons = check_number("photons", photons, above=0)
    for name in changes:
        check_choice("change", name, CHANGEABLE)
    model = replace(film.hopping, **changes)
    laser = replace(laser, edge_nm=film.edge_nm)
    if microscope is None:
        timer = Timer(window_end_ns=WINDOW_NS)
        microscope = Microscope(timer=timer, quantum_yield=film.optics.quantum_yield)
    check_type("microscope", microscope, Microscope)
    run = _excitons(model, laser, n_excitons, seed)
    record = _exposed(microscope, run, photons).measure(run, seed=seed)
    readings = measure_series(record[["counts"]].expand_dims("record"), METHODS, seed=seed)
    found = zip(METHODS, estimates(readings.isel(record=0)), strict=True)
    return Exploration(
        model,
        laser,
        run,
        record,
        growth=variance_growth(record["counts"]),
        displacement=mean_square_displacement(run).mean("train") / 2,
        diffusivities=MappingProxyType(dict(found)),
        truth=diffusivity(run),
    )


def _film(film: str | Film) -> Film:
    """A film in which excitons hop, by its name or as it is."""
    check_type("film", film, str, Film, remedy="give a Film or a name in tptools.FILMS")
    if isinstance(film, str):
        check_choice("film", film, [name for name, one in FILMS.items() if one.solid])
        return FILMS[film]
    return film


def _excitons(model: ExcitonModel, laser: Excitation, n_excitons: float, seed: int) -> xr.Dataset:
    """Trains in their steady state, for as long as the microscope looks."""
    in_first_layer = n_excitons / N_TRAINS / model.illuminated_layers
    spacing_nm = model.lattice_spacing_nm
    pulses = pulse_train(laser, n_excitons=in_first_layer, lattice_spacing_nm=spacing_nm)
    recording = Recording(until_ns=WINDOW_NS)
    return simulate(model, pulses, seed=seed, n_trains=N_TRAINS, recording=recording)


def _exposed(microscope: Microscope, run: xr.Dataset, photons: float | None) -> Microscope:
    """The microscope with the dwell time that gives so many photons: counts grow with it."""
    if photons is None:
        return microscope
    usual = float(microscope.expected(run)["counts"].sum())
    return microscope.with_(dwell_s=microscope.settings()["dwell_s"] * photons / usual)
