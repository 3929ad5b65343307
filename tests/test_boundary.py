"""The public boundary: whatever is given, it is understood or refused by name, in our own words."""

from __future__ import annotations

import datetime
import inspect
import sys
import traceback
from collections.abc import Callable
from dataclasses import is_dataclass
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from test_api import PUBLIC, methods

import tptools
from tptools import analysis, fitting, heat, inference, instruments, kmc, planning, synthesis
from tptools.estimate import Estimate, Goodness
from tptools.excitation import Excitation
from tptools.exploration import Exploration
from tptools.film import FILMS, Origin

PACKAGE = str(Path(tptools.__file__).parent)

GIVEN = {
    "nothing": None,
    "text": "text",
    "complex": 1j,
    "missing": float("nan"),
    "flag": True,
    "date": datetime.datetime(2020, 1, 1),
    "object": object(),
    "namespace": SimpleNamespace(counts=1),
    "list": [1, 2],
    "ragged": [[1, 2], [3]],
    "empty": [],
    "mapping": {"a": 1},
    "array": np.array([1.0, 2.0, 3.0]),
    "texts": np.array(["a", "b"]),
    "objects": np.array([object(), None]),
    "masked": np.ma.masked_array([1.0, 2.0], [True, False]),
    "series": pd.Series([1, 2]),
    "table": pd.DataFrame({"a": [1, 2], "b": ["x", "y"]}),
    "dataarray": xr.DataArray([1.0, 2.0], dims="x"),
    "lazy": xr.DataArray([1.0, 2.0], {"x": [0, 1]}).chunk(),
    "dataset": xr.Dataset({"a": ("x", [1, 2])}),
    "estimate": Estimate(1.0, 0.1, "nm", "given"),
}

DISPERSION = synthesis.Dispersion(8, "formula_units")
FILM = FILMS["OLA/OA"]
LASER = Excitation(10, 2.5)
MODEL = kmc.ExcitonModel(lattice_size=301, lifetime_ns=0.02)
TRACE = xr.DataArray([1.0, 0.5], {"time_ns": [0.0, 1.6]})
RATES = pd.DataFrame({"rate": np.geomspace(0.1, 10, 12)})
PRINTED_D = Estimate(0.1, 0.01, "cm2/s", "given")
PLAN = planning.plan_scan(0.05, 0.01, count_rate_Hz=1e4)
PRINTED = inference.Observation("rate", 0.5, 2.0, 0.1, "rounds to 1")

OTHERS = {
    "acceptance": np.abs,
    "answer": "yes",
    "background": 1.0,
    "conditions": pd.DataFrame(),
    "counts": xr.DataArray(),
    "count_rate_Hz": 1e4,
    "decay": xr.DataArray(),
    "error_cm2_s": 0.01,
    "expected": xr.DataArray(),
    "growth": xr.Dataset(),
    "kurtosis_at_last": Estimate(0.0, 0.1, "", "given"),
    "lifetime": None,
    "lifetime_of_spot": Estimate(2.0, 0.1, "ns", "given"),
    "path": "nowhere",
    "settings": {},
    "shape": None,
    "slices_factor": Estimate(1.0, 0.1, "", "given"),
    "slices_reasons": (),
    "tail": None,
    "warnings": (),
    "window_ns": (0.0, 3.0),
    "a_err": [0.1, 0.1],
    "aluminium_umol_per_cycle": 1.0,
    "amplitude_cm2_s": 0.1,
    "at_zero": xr.DataArray([0.0, 0.1], dims="record"),
    "b": [1.0, 2.0],
    "b_err": [0.1, 0.1],
    "binding_eV": 0.04,
    "br_mmol": 1.0,
    "centre_eV": 2.4,
    "chi_square": 1.0,
    "coefficient_per_cm": 1e4,
    "converged": True,
    "contrast_to_noise": 10.0,
    "count": 3,
    "counted": "formula_units",
    "covariance": [[1.0]],
    "classes": [0, 0, 1, 1],
    "cycles": 1,
    "curve": np.abs,
    "diffusivities": {},
    "diffusivity_cm2_s": 0.1,
    "draws": {},
    "displacement": TRACE,
    "dose_umol": 1.0,
    "edge": 0.1,
    "end_nm": 600.0,
    "end_ns": [1.0, 2.0],
    "excitation": LASER,
    "excitation_density": 0.1,
    "excitations": [LASER],
    "exciton_eV": 2.5,
    "exciton_fwhm_eV": 0.1,
    "estimates": [],
    "film": xr.DataArray(),
    "fits": xr.Dataset(),
    "fitted": np.ones(2),
    "fraction": 0.5,
    "fwhm_eV": 0.1,
    "fwhm_ps": 80.0,
    "grid": {"excitation_density": 0.08, "period_us": 5.0, "n_pulses": 2},
    "heat_capacity_J_m3K": 1e6,
    "high": 1.0,
    "history": pd.DataFrame(),
    "interface_conductance_MW_m2K": 10.0,
    "cells": (10, 3),
    "lifetime_ns": 2.0,
    "intensity": [1.0, 2.0],
    "levelled": xr.DataArray(),
    "limit_cm2_s": 0.01,
    "low": 0.1,
    "lasers": [LASER],
    "light": LASER,
    "linear_below": 1e-3,
    "likelihood": lambda films: np.ones(len(films)),
    "method": "given",
    "n_free": 1.0,
    "n_points": 2,
    "n_photons": 100.0,
    "n_pulses": 2,
    "n_records": 2,
    "n": 2,
    "numbers": RATES,
    "objective_NA": 0.9,
    "observations": [PRINTED],
    "origin": "assumed",
    "outputs": RATES.to_numpy(),
    "p_value": 0.5,
    "partners": 1.0,
    "pb_mmol": 1.0,
    "period_ns": 10.0,
    "period_us": 5.0,
    "photon_energy_J": 4e-19,
    "pixel_nm": 50.0,
    "position_nm": np.linspace(-500, 500, 5),
    "pulses": kmc.PulseTrain(0.08, 5, n_pulses=2, burn_in_pulses=0),
    "reason": "to try",
    "reference_index": 1.5,
    "reference_spacing_nm": 10.0,
    "relative_error": 0.1,
    "rep_rate_MHz": 2.5,
    "photons": 1e5,
    "second": [1.0, 2.0],
    "laser": LASER,
    "shots": [],
    "roughness": Estimate(1.0, 0.1, "nm", "given"),
    "rise_per_eV": 1.0,
    "index": 1.5,
    "seed": 1,
    "slice_counts": [1.0],
    "spread": Estimate(1.0, 0.1, "nm", "given"),
    "spacing_nm": 10.0,
    "std_err": 0.1,
    "targets": {"tau_us": 5.0},
    "tau_us": 5.0,
    "true_cm2_s": 0.1,
    "truth": {"rate": 1.0},
    "used": xr.DataArray(),
    "variance_nm2": 200.0**2,
    "x": [1.0, 2.0],
    "y": [1.0, 2.0],
    "thermal_diffusivity_m2_s": 1e-7,
    "thickness_nm": 35.0,
    "time_ns": 1.0,
    "times_ns": [1.0],
    "unit": "nm",
    "units": ["nm"],
    "volume_mL": 1.0,
    "volume_uL_cm2": 10.0,
    "wavelength_nm": 500.0,
    "weights": np.ones(12),
}
"""A good value of every argument that may be needed beside the first, by its name."""

OWNERS = (
    DISPERSION,
    FILM,
    FILM.heat,
    FILM.lattice,
    FILM.optics,
    FILM.solid,
    LASER,
    MODEL,
    OTHERS["pulses"],
    Estimate(1.0, 0.1, "nm", "given"),
    Exploration(MODEL, LASER, xr.Dataset(), xr.Dataset(), xr.Dataset(), TRACE, {}, PRINTED_D),
    fitting.Fit({}, "given", np.ones(2), 1.0, 1.0, np.abs),
    Goodness(1.0, 1.0, 0.5),
    Origin("nm", "assumed", "to try"),
    PLAN,
    analysis.SeriesAnalysis({}, pd.DataFrame(), {}, (), ()),
    heat.HeatedFilm(5, 35, 1e-7),
    heat.FUSED_SILICA,
    inference.Choice((0.0, 1.0)),
    inference.Emulator.fit(RATES, RATES.to_numpy(), linear_below=1e-3),
    inference.LogUniform(0.1, 10),
    inference.Prior({"rate": inference.Uniform(0, 1)}),
    inference.Uniform(0, 1),
    PRINTED,
    synthesis.Reagent("CsBr"),
    tptools.HoppingLaw(),
    *(getattr(instruments, name)() for name in instruments.__all__ if name[0].isupper()
      and name != "Instrument"),
)  # fmt: skip
OUTSIDE = ("tptools.companion.", "tptools.provenance.", "tptools.records.")


def doors() -> dict[str, Callable]:
    """Public functions, classes and methods that take an argument, by name."""
    inside = {name: one for name, one in PUBLIC.items() if not name.startswith(OUTSIDE)}
    found = {
        name: one
        for name, one in inside.items()
        if not (inspect.isclass(one) and issubclass(one, BaseException | instruments.Instrument))
    }
    for owner in OWNERS:
        named = type(owner).__name__
        found |= {f"{named}.{name}": getattr(owner, name) for name, _ in methods(type(owner))}
    return {name: one for name, one in found.items() if arguments(one)}


def arguments(door: Callable) -> list[inspect.Parameter]:
    """What can be given by name."""
    kinds = (inspect.Parameter.VAR_KEYWORD, inspect.Parameter.VAR_POSITIONAL)
    return [one for one in inspect.signature(door).parameters.values() if one.kind not in kinds]


DOORS = doors()


@pytest.fixture(autouse=True)
def without_windows(monkeypatch):
    """Draw nothing on a screen, and close every figure."""
    plt = pytest.importorskip("matplotlib.pyplot")
    yield
    plt.close("all")


def fault(door: Callable, needed: dict[str, object], name: str, given: object) -> str:
    """What is wrong with the answer to an argument; an error of another kind is let through."""
    names = ["counts", *(one.name for one in arguments(door))]
    try:
        door(**{name: given}, **needed)
    except (TypeError, ValueError) as error:
        raised_in = traceback.extract_tb(error.__traceback__)[-1].filename
        own = raised_in.startswith(PACKAGE) and any(one in str(error) for one in names)
        return "" if own else repr(error)
    except FileNotFoundError as error:
        return "" if str(given) in str(error) else repr(error)
    except KeyError as error:  # as every mapping answers
        return "" if f"no parameter {given!r}" in str(error) else repr(error)
    return ""


@pytest.mark.parametrize("name", DOORS)
def test_first_argument_is_understood_or_refused_by_name(name):
    """Of any type, it gives a result, or a TypeError or ValueError of the package that names it."""
    first, *others = arguments(DOORS[name])
    owner = next((one for one in OWNERS if type(one) is DOORS[name]), None)
    needed = {
        one.name: OTHERS[one.name] if one.name in OTHERS else getattr(owner, one.name)
        for one in others
        if one.default is one.empty
    }
    faults = {
        kind: found
        for kind, given in GIVEN.items()
        if (found := fault(DOORS[name], needed, first.name, given))
    }
    assert faults == {}


@pytest.fixture(scope="module")
def run():
    """A few excitons of two trains."""
    pulses = kmc.pulse_train(LASER, 20, 0)
    return kmc.simulate(MODEL, pulses, seed=1, n_trains=2, recording=kmc.Recording(until_ns=1))


@pytest.mark.parametrize(
    "read",
    [
        kmc.mean_square_displacement,
        kmc.density,
        kmc.diffusivities,
        instruments.Microscope().expected,
        lambda run: instruments.Microscope().measure(run, seed=1),
    ],
)
def test_lazy_runs_are_computed(run, read):
    """A run that dask holds gives what the same run in memory gives, in memory."""
    lazy = read(run.chunk())
    xr.testing.assert_identical(lazy, read(run))
    assert not lazy.chunks


@pytest.mark.parametrize(
    "like",
    [np.array, list, pd.Series, np.ma.asarray, lambda x: np.array(x, object), ">f4", "u2"],
)
def test_numbers_are_understood_in_any_container(like):
    """Wavelengths, temperatures, times and powers may be of any type that holds numbers."""
    plain = np.array([400.0, 450.0, 500.0])
    given = plain.astype(like) if isinstance(like, str) else like(plain)
    film = heat.HeatedFilm(5, 35, 1e-7)
    for read in (
        FILM.optics.absorbance,
        tptools.HoppingLaw().factor,
        lambda x: heat.centre_temperature(film, x).to_numpy(),
        lambda x: tptools.tabulate(x, 2.5).fluence_uJ_cm2.to_numpy(),
        lambda x: heat.temperature_step(x, 4e-19).temperature_step_K.to_numpy(),
    ):
        np.testing.assert_array_equal(read(given), read(plain))


def test_every_class_with_methods_is_tried():
    """No public class is left out whose methods take an argument."""
    tried = {type(owner) for owner in OWNERS}
    classes = [one for name, one in PUBLIC.items() if not name.startswith(OUTSIDE)]
    untried = {
        one.__name__
        for one in classes
        if inspect.isclass(one) and one not in tried and any(methods(one))
    }
    assert untried == {"Instrument"}


def test_bars_are_shown_where_asked_for():
    """By default nothing is printed, but by a sweep, which takes minutes."""
    made = {k: v for k, v in PUBLIC.items() if inspect.isfunction(v) or is_dataclass(v)}
    parameters = {name: inspect.signature(one).parameters for name, one in made.items()}
    asked = {name: one["progress"].default for name, one in parameters.items() if "progress" in one}
    assert {*asked.values()} <= {True, False}
    assert [name for name, default in asked.items() if default] == ["tptools.kmc.sweep"]


def test_nothing_changes_once_it_is_made():
    """All classes that hold fields are frozen, public or not: a result stays what it was."""
    classes = [
        thing
        for name, module in [*sys.modules.items()]
        if name.startswith("tptools.")
        for thing in vars(module).values()
        if inspect.isclass(thing) and thing.__module__ == name and is_dataclass(thing)
    ]
    assert len(classes) > 80
    assert [one.__name__ for one in classes if not one.__dataclass_params__.frozen] == []
