"""The public boundary: whatever is given, it is understood or refused by name, in our own words."""

from __future__ import annotations

import datetime
import inspect
import pydoc
import re
import sys
import traceback
from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields, is_dataclass
from functools import cache
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from test_api import PUBLIC, methods
from test_numbers import DOORS as WITH_NUMBERS
from test_numbers import IMAGE, UNTRIED, clean, counts, draw, light, plainly, repetitions
from test_numbers import run as few_excitons

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


@cache
def of_instrument(name: str) -> xr.Dataset:
    """A record of a film by one that reads its light."""
    return getattr(instruments, name)().measure(FILM.optics, seed=1, **LIT[name])


LIT = {"Spectrophotometer": {}, "IntegratingSphere": {}, "Spectrometer": {"excitation": LASER}}
OTHERS = {
    "clean": clean,
    "dataset": lambda: xr.Dataset({"counts": counts().expand_dims(record=1)}),
    "films": RATES,
    "find_particles.counts": IMAGE,
    "found": repetitions,
    "heat": FILM.heat,
    "height_nm": IMAGE,
    "hopping": MODEL,
    "keys": ["a"],
    "lattice": FILM.lattice,
    "maps": lambda: {"a": clean()},
    "model": MODEL,
    "msds": {"a": TRACE},
    "name": "a name",
    "n_radii": 4,
    "plot_exploration.truth": PRINTED_D,
    "plot_variance_growth.diffusivities": {"a": PRINTED_D},
    "power_nW": [1.0, 2.0, 4.0],
    "prior": inference.Prior({"rate": inference.LogUniform(0.1, 10)}),
    "profiles": clean,
    "quantity": 1.0,
    "result": few_excitons,
    "run": few_excitons,
    "sample": FILM.optics,
    "compare_at_equal_time.table": lambda: kmc.diffusivities(few_excitons()).assign(
        time_between_excitations_us=((), 4.0, {"units": "us"})
    ),
    "fitting.absorbance.record": lambda: of_instrument("Spectrophotometer"),
    "fit_peak.record": lambda: of_instrument("Spectrometer"),
    "fit_power_law.intensity": [1.0, 2.1, 3.9],
    "mean.estimates": [PRINTED_D],
    "quantum_yield.record": lambda: of_instrument("IntegratingSphere"),
    "reject_cosmic_rays.record": lambda: of_instrument("Spectrometer"),
    "trend.estimates": [PRINTED_D] * 3,
    "Shot.since_fresh": (0, 5),
    "simulate.history": [kmc.PulseTrain(0.25, 4, n_pulses=1, burn_in_pulses=0, spot_sigma_sites=4)],
    "scan": lambda: xr.Dataset({"counts": counts()}),
    "scans": {},
    "source": "nowhere",
    "spectrum": np.ones(3),
    "start": MODEL,
    "start_ns": [0.0, 1.0],
    "conditions.film": {"lifetime_ns": 1.0},
    "measure_films.films": pd.DataFrame({"lifetime_ns": [1.0, 2.0]}),
    "time_us": [1.0, 2.0],
    "trace": TRACE,
    "values": [1.0, 2.0],
    "acceptance": np.abs,
    "answer": "yes",
    "background": 1.0,
    "conditions": pd.DataFrame(),
    "counts": counts,
    "count_rate_Hz": 1e4,
    "decay": light,
    "error_cm2_s": 0.01,
    "expected": xr.DataArray(),
    "growth": lambda: fitting.variance_growth(clean()),
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
    "draws": {1: draw},
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
    "film": FILM,
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
    "likelihood": np.ones_like,
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
"""A good value of every argument that may be needed, by its name, or also that of its door."""

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


def needed_by(name: str) -> dict[str, object]:
    """A good value of every argument that has no default, where one is known."""
    owner = next((one for one in OWNERS if type(one) is DOORS[name]), None)
    needed = [one.name for one in arguments(DOORS[name]) if one.default is one.empty]
    known = {one: getattr(owner, one) for one in needed if hasattr(owner, one)}
    known |= {one: OTHERS[one] for one in needed if one in OTHERS}
    return plainly(known | only_for(name))


def only_for(name: str) -> dict[str, object]:
    """Good values that are given under the name of one door."""
    own = ((key.rpartition("."), value) for key, value in OTHERS.items())
    return {
        key: value for (door, dot, key), value in own if dot and f".{name}".endswith(f".{door}")
    }


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
    first = arguments(DOORS[name])[0]
    needed = needed_by(name)
    needed.pop(first.name, None)
    faults = {
        kind: found
        for kind, given in GIVEN.items()
        if (found := fault(DOORS[name], needed, first.name, given))
    }
    assert faults == {}


UNNAMED = {
    "may be anything": """
        ExcitonModel: film; Film: title origins[]; Optics: film; Timer: first_photon_only; Estimate:
        unit method note converged goodness; correlated_estimates: units[] method note converged;
        diffusivity: window_ns; diffusivities: window_ns; line_through_slices: goodness;
        variance_err_photons: least_squares; simulate: progress; Reagent.amount_mmol: as_pure;
        analyse: name; Origin: unit; fitting.diffusivity: goodness; fit_profiles: background;
        measure_films: progress; run_shots: progress; calibrate: progress; sweep: progress; colours:
        keys[]; Estimate.of: unit method note converged; Origin.inherited: film;
        SeriesAnalysis.diffusivities: method; WholeSpot.collection: spacing_nm acceptance
    """,
    "is refused for another, or once that is read": """
        HeatedFilm: substrate; expected_information: classes; pulse_train: n_excitons;
        Reagent.amount_mmol: volume_mL; analyse_series: conditions; write_csv: path;
        write_json: path; write_report: path; agree: a_err b b_err a_err[] b[]
        b_err[]; estimates: error unit; fit_relaxation: std_err_cm2_s; line: std_err;
        compare_experiments: true_cm2_s; detected: at_zero; rank_correlation: seed;
        calibrate: targets[]; posterior: n_prior; rank_statistics:
        observations observations[] seed; read_decay: channel time_zero_ns window_ns period_ns
        progress; read_image: pixel_nm channel time_zero_ns window_ns period_ns progress; read_scan:
        position_nm pattern step_nm channel time_zero_ns window_ns period_ns progress; sweep:
        grid[]; plot_variance_growth: msds{} window_ns; blurred: wavelength_nm
    """,
    "is refused by Python": """
        Estimate: quantity; correlated_estimates: covariance covariance[];
        fit_growth: free_intercept; line_through_slices: free_intercept; mean_over_records: method;
        repeat: methods[] methods{}; Shot: since_fresh; expected_information: classes[];
        radial_profile: centre_nm; analyse: methods; measure_series: methods; conditions: film[];
        likelihood_of: relative_errors; measure_films: cache_dir; reprinted: numbers; run_shots:
        shots cache_dir; share_below: truth truth[]; sweep: cache_dir; plot_decay:
        background; plot_maps: units; Emulator.draws: films
    """,
}
"""Arguments that no check of their own refuses, their elements as [] and unknown names as {}."""
HOLDERS = UNTRIED["what a function of the package returns"].split()
HOLDERS += ["analysis.SeriesAnalysis", "analysis.SpotShape", "exploration.Exploration"]
HOLDERS += ["inference.Calibration", "inference.Emulator"]
"""Classes that hold what a function has found."""


def calls() -> dict[str, tuple[Callable, dict[str, object] | None]]:
    """Every public function, class and method, with right arguments where they are known."""
    tried = {getattr(door, "__func__", door) for door, _ in WITH_NUMBERS.values()}
    others = {
        name: (door, None)
        for name, door in DOORS.items()
        if getattr(door, "__func__", door) not in tried
        and name.removeprefix("tptools.") not in HOLDERS
    }
    return WITH_NUMBERS | others


CALLS = calls()


def of_no_type(value: object) -> Iterator[tuple[str, object]]:
    """What no argument can be, and a list or mapping like a right one that holds it."""
    yield "", object()
    if isinstance(value, list | tuple) and value:
        yield "[]", type(value)(object() for _ in value)
    if isinstance(value, Mapping) and value:
        yield "[]", dict.fromkeys(value, object())
        yield "{}", {"no such name": object()}


def unnamed(name: str) -> set[str]:
    """What the table says of the arguments of a door."""
    parts = (part.partition(":") for text in UNNAMED.values() for part in text.split(";"))
    return {
        argument
        for door, _, found in parts
        if f".{name}".endswith(f".{door.strip()}")
        for argument in found.split()
    }


@pytest.mark.parametrize("name", CALLS)
def test_every_argument_is_refused_by_its_own_name(name):
    """All others being right, one of no type is what the message starts with, and none is lost.

    Functions that a message names exist.
    """
    door, given = CALLS[name]
    given = needed_by(name) if given is None else plainly(given | only_for(name))
    for argument in (one.name for one in arguments(door)):
        for kind, wrong in of_no_type(given.get(argument)):
            if f"{argument}{kind}" not in unnamed(name):
                own = rf"(\w+ (of|in) )?{argument.removesuffix('s')}s?\b"
                with pytest.raises((TypeError, ValueError), match=f"^{own}") as raised:
                    door(**given | {argument: wrong})
                sources = re.findall(r"\w*tptools[\w.]*\w", str(raised.value))
                assert all(map(pydoc.locate, sources)), sources


UNITS = {
    "cm2_s": ["cm2/s"],
    "K": ["K"],
    "W_cm2": ["W/cm²"],
    "deg": ["degree"],
    "nW": ["nW"],
    "nm": ["nm"],
    "nm2": ["nm2"],
    "ns": ["ns"],
    "uJ_cm2": ["µJ/cm²"],
    "um": ["µm"],
    "us": ["us", "µs"],
}
OTHER_UNITS = [
    "",
    "1",
    "bit",
    "cm2/s",
    "cm2/s per decade",
    "counts",
    "counts nm2",
    "eV",
    "nm",
    "nm2",
]
UNREAD = """
    expected_counts estimates find_particles fit_absorbance fit_relaxation line compare_experiments
    detected systematic_deviation measure_curve measure_films posterior run_shots read_decay
    read_image read_scan sweep ElectronMicroscope.expected ForceMicroscope.expected
"""
"""What takes longer, or more than one good value, or a file."""


def labelled(name: str, result: object) -> Iterator[tuple[str, Mapping[str, object]]]:
    """Names and attributes of all arrays and estimates in a result."""
    if isinstance(result, xr.DataArray):
        yield str(result.name or ""), result.attrs
        result = result.coords
    if isinstance(result, xr.Dataset):
        result = result.variables
    if isinstance(result, Estimate):
        yield name, {"units": result.unit}
    elif isinstance(result, Mapping):
        for key, value in result.items():
            numbers = isinstance(value, xr.Variable | xr.DataArray)
            yield from [(key, value.attrs)] if numbers else labelled(key, value)
    elif isinstance(result, list | tuple):
        for value in result:
            yield from labelled(name, value)
    elif is_dataclass(result):
        for one in fields(result):
            yield from labelled(one.name, getattr(result, one.name))


def read() -> list[str]:
    """Doors that return labelled arrays or estimates, and have all that they need."""
    held = ("xarray.", "xr.", "Estimate", "fitting.", "Fit")
    returned = {
        name: inspect.signature(door).return_annotation for name, (door, _) in CALLS.items()
    }
    return [
        name
        for name, one in returned.items()
        if any(word in str(one) for word in held)
        and not any(f".{name}".endswith(f".{other}") for other in UNREAD.split())
    ]


@pytest.mark.parametrize("name", read())
def test_results_have_the_units_of_their_names(name):
    """Each array and estimate is in the unit that its name ends with, or in one that is known.

    All that has a long name or other attributes has a unit, but for what is true or false. Axes lie
    along the dimensions of their names.
    """
    door, given = CALLS[name]
    found = door(**(needed_by(name) if given is None else plainly(given | only_for(name))))
    coords = getattr(found, "coords", {})
    assert all(coords[one].dims == (one,) for one in getattr(found, "sizes", ()) if one in coords)
    wrong = {}
    for label, attrs in labelled("", found):
        ends = [units for end, units in UNITS.items() if label.endswith(f"_{end}")]
        allowed = ends[0] if ends else OTHER_UNITS
        if (
            attrs.get("units") not in allowed
            and (ends or attrs)
            and label not in ("reason", "saturated")
        ):
            wrong[label] = attrs
        if ends and attrs.keys() - clean().attrs.keys():  # of which some stay
            wrong[label] = attrs
    assert wrong == {}


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
