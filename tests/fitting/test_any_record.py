"""What a record is kept as changes no fit: container, number type, direction, unit and mask."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, fields, is_dataclass
from functools import cache
from typing import Any

import numpy as np
import pytest
import xarray as xr
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tptools import fitting
from tptools.estimate import Estimate
from tptools.excitation import Excitation
from tptools.film import FILMS
from tptools.fitting import Fit, spreading_spot
from tptools.instruments import (
    ElectronMicroscope,
    ForceMicroscope,
    IntegratingSphere,
    Nanocrystals,
    Spectrometer,
    Spectrophotometer,
    Topography,
)
from tptools.noise import lifetime_trace

G = np.random.default_rng(1)
TIME_NS = np.arange(0.0, 20.0, 0.1)
POSITION_NM = np.linspace(-900.0, 900.0, 61)
LASER = Excitation(power_nW=10, rep_rate_MHz=2.5)
OPTICS = FILMS["OLA/OA"].optics


def decay() -> xr.DataArray:
    time = np.concatenate([np.arange(-1.0, 0, 0.1), TIME_NS]).round(6)
    light = np.where(time < 0, 0, 900 * np.exp(-np.maximum(time, 0) / 2.2))
    return xr.DataArray(G.poisson(light + 3).astype(float), {"time_ns": time})


def scan() -> xr.DataArray:
    time = np.arange(-0.5, 2.5, 0.1).round(6)
    late = np.maximum(time, 0)
    spot = spreading_spot(
        late, POSITION_NM, 8e3 * np.exp(-late), diffusivity_cm2_s=0.05, variance_nm2=212**2
    )
    light = spot.assign_coords(time_ns=time) * (time >= 0)[:, None] + 1
    return xr.DataArray(G.poisson(light).astype(float), light.coords, light.dims)


def topography() -> xr.DataArray:
    scan = ForceMicroscope(n_pixels=128).measure(Topography(thickness_nm=35), seed=1)
    return scan.height_nm.astype(float)


@dataclass(frozen=True)
class Case:
    """A fit, the plain record that it is given, and whether it understands a mask."""

    fit: Callable[[Any], Any]
    record: Callable[[], Any]
    masks: bool = True


CASES = {
    "fit_decay": Case(fitting.fit_decay, decay),
    "fit_tail": Case(lambda one: fitting.fit_tail(one, background=None), decay),
    "level_before_pulse": Case(fitting.level_before_pulse, decay),
    "prompt_fraction": Case(fitting.prompt_fraction, decay, masks=False),
    "variance_growth": Case(fitting.variance_growth, scan),
    "fit_growth": Case(
        fitting.fit_growth, lambda: fitting.variance_growth(scan()).growth_nm2.drop_attrs()
    ),
    "line_through_slices": Case(fitting.line_through_slices, scan),
    "fit_profiles": Case(fitting.fit_profiles, lambda: scan().isel(time_ns=[6, 9])),
    "whole_spot_light": Case(fitting.whole_spot_light, scan, masks=False),
    "lifetime_trace": Case(lifetime_trace, scan, masks=False),
    "find_particles": Case(
        fitting.find_particles,
        lambda: (
            ElectronMicroscope(n_pixels=300).measure(Nanocrystals(), seed=1).counts.astype(float)
        ),
    ),
    "fit_step": Case(fitting.fit_step, topography),
    "absorbance": Case(
        fitting.absorbance, lambda: Spectrophotometer().measure(OPTICS, seed=1), masks=False
    ),
    "fit_absorbance": Case(
        fitting.fit_absorbance,
        lambda: fitting.absorbance(Spectrophotometer().measure(OPTICS, seed=1)),
    ),
    "reject_cosmic_rays": Case(
        fitting.reject_cosmic_rays, lambda: Spectrometer().measure(OPTICS, LASER, seed=1)
    ),
    "fit_peak": Case(fitting.fit_peak, lambda: Spectrometer().measure(OPTICS, LASER, seed=1)),
    "quantum_yield": Case(
        fitting.quantum_yield,
        lambda: IntegratingSphere().measure(OPTICS, seed=1),
        masks=False,
    ),
    "measure_series": Case(
        lambda one: fitting.measure_series(one, ["slices", "global"], n_resamples=2),
        lambda: xr.concat([scan(), scan()], "record").to_dataset(name="counts"),
    ),
} | {
    method: Case(lambda one, method=method: fitting.diffusivity(one, method), scan)
    for method in ("slices", "global", "convolution", "moment")
}
"""Every public function that is given a record, by name."""

PLAIN = {name: case.record() for name, case in CASES.items()}
FINER = {"time_ns": ("ps", 1e3), "position_nm": ("pm", 1e3), "wavelength_nm": ("um", 1e-3)}
AXES = (*FINER, "x_nm", "y_nm")


def numbers(found: Any) -> list[float]:
    """All numbers of a result, in one row."""
    if isinstance(found, Estimate):
        return [found.value, found.std_err]
    if isinstance(found, Fit):
        return [one for parameter in found.values() for one in numbers(parameter)]
    if isinstance(found, xr.Dataset):
        return [one for name in sorted(found) for one in numbers(found[name])]
    if isinstance(found, xr.DataArray):
        return np.ravel(found).tolist() if found.dtype.kind in "fiub" else []
    if is_dataclass(found):
        return [one for field in fields(found) for one in numbers(getattr(found, field.name))]
    return [float(found)] if isinstance(found, float) else []


def recast(record: Any, dtype: str) -> Any:
    """Whole numbers in another type, as far as it holds them."""
    if isinstance(record, xr.Dataset):
        return record.map(recast, dtype=dtype, keep_attrs=True)
    whole = record.dtype.kind in "fiu" and bool((record == record.round()).all())
    if not whole or ("u" in dtype and float(record.max()) > 65535):
        return record
    return record.astype(dtype)


def container(record: Any, kind: str) -> Any:
    if kind == "lazy":
        return record.chunk()
    if isinstance(record, xr.DataArray) and kind == "dataset":
        return record.to_dataset(name="counts")
    if (
        isinstance(record, xr.DataArray)
        and kind == "pandas"
        and not set(record.coords) - set(record.dims)
    ):
        return record.drop_attrs().to_pandas()
    return record


def with_reading(record: Any, change: Callable[[xr.DataArray], xr.DataArray]) -> Any:
    """The record with its readings changed: of a dataset, the first of the usual names."""
    if isinstance(record, xr.DataArray):
        return change(record)
    names = ("counts", "absorbance", "sample", "sample_emission")
    name = next(one for one in names if one in record)
    return record.assign({name: change(record[name])})


def masked(record: xr.DataArray, chosen: float) -> xr.DataArray:
    good = np.ones(record.size, bool)
    good[int(chosen * (record.size - 1))] = False
    return record.where(xr.DataArray(good.reshape(record.shape), dims=record.dims))


@cache
def wanted_of(name: str) -> list[float]:
    return numbers(CASES[name].fit(PLAIN[name]))


def check(name: str, record: Any, plain: Any) -> None:
    wanted = wanted_of(name) if plain is PLAIN[name] else numbers(CASES[name].fit(plain))
    assert wanted
    np.testing.assert_allclose(numbers(CASES[name].fit(record)), wanted, rtol=2e-4, atol=1e-9)


QUICK = settings(
    deadline=None,
    max_examples=6,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],  # a form is short enough as it is
    suppress_health_check=[HealthCheck.too_slow],
)


@pytest.mark.parametrize("name", CASES)
@QUICK
@given(data=st.data())
def test_the_form_of_a_record_changes_no_fit(name, data):
    """Number types, byte order, directions, units, masks and containers give the plain result."""
    plain = PLAIN[name]
    if CASES[name].masks and data.draw(st.booleans(), "mask"):
        chosen = data.draw(st.floats(0, 1), "where")
        plain = with_reading(plain, lambda one: masked(one, chosen))
    record = recast(plain, data.draw(st.sampled_from(["<f8", ">f8", "<u2", ">i4", "O"]), "dtype"))
    containers, renamed = ["array", "lazy", "dataset", "pandas"], {}
    for axis in [one for one in AXES if one in record.dims]:
        values, attrs = record[axis].to_numpy(), {}
        if axis in FINER and data.draw(st.booleans(), f"other unit of {axis}"):
            unit, factor = FINER[axis]
            values, attrs = (values * factor).round(6), {"units": unit}
            if data.draw(st.booleans(), "by its name"):
                renamed[axis], attrs = f"{axis.rsplit('_', 1)[0]}_{unit}", {}
        if attrs and containers[-1] == "pandas":
            containers = containers[:-1]  # pandas has no place for an attribute
        kind = data.draw(st.sampled_from([">f8", "<f4", "O"]), f"type of {axis}")
        record = record.assign_coords({axis: (axis, values.astype(kind), attrs)})
        if data.draw(st.booleans(), f"{axis} descends"):
            record = record.isel({axis: slice(None, None, -1)})
    record = container(record.rename(renamed), data.draw(st.sampled_from(containers), "container"))
    check(name, record, plain)


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize(
    "given", [None, "counts", 3, [1, 2], np.ones((4, 4)), {"counts": 1}, xr.Dataset(), math.pi]
)
def test_what_is_no_record_is_refused_in_plain_words(name, given):
    """Anything else is a TypeError or ValueError that says what it must be."""
    with pytest.raises((TypeError, ValueError), match=r"must be|lacks|has no|select one"):
        CASES[name].fit(given)


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("values", ["text", "complex", "things", "endless"])
def test_values_that_are_no_counts_are_refused(name, values):
    """Text, complex numbers, objects and infinity never reach a fit."""
    record = PLAIN[name]
    change = {
        "text": lambda one: one.astype(str),
        "complex": lambda one: one.astype(complex),
        "things": lambda one: one.copy(data=np.full(one.shape, object())),
        "endless": lambda one: one + np.inf,
    }[values]
    with pytest.raises((TypeError, ValueError), match="must"):
        CASES[name].fit(
            record.map(change, keep_attrs=True)
            if isinstance(record, xr.Dataset)
            else change(record)
        )


def any_decay(g: np.random.Generator) -> xr.DataArray:
    time = np.arange(int(g.integers(8, 400))) * 10 ** g.uniform(-2, 0) - g.choice([0.0, 1.0])
    light = np.exp(-np.maximum(time, 0) / 10 ** g.uniform(-2, 2)) * (time >= 0)
    counts = g.poisson(10 ** g.uniform(-2, 4) * light + 10 ** g.uniform(-3, 1))
    return xr.DataArray(counts, {"time_ns": time})


def any_scan(g: np.random.Generator) -> xr.DataArray:
    position, time = np.linspace(-900, 900, g.integers(6, 61)), np.arange(g.integers(3, 40)) * 0.1
    spot = spreading_spot(
        time,
        position,
        10 ** g.uniform(0, 5) * np.exp(-time / 2),
        diffusivity_cm2_s=g.uniform(0, 0.3),
        variance_nm2=10 ** g.uniform(3, 6),
        centre_nm=g.uniform(-900, 900),
        background=10 ** g.uniform(-3, 2),
    )
    counts = spot.copy(data=g.poisson(spot))
    return counts.where(g.random(counts.shape) > g.choice([0.0, 0.1, 0.5]))


@pytest.mark.parametrize("method", ["slices", "global", "convolution", "moment"])
def test_any_counts_of_a_scan_end_in_an_estimate(method):
    """Sparse, masked and misplaced spots give a number or NaN with a note, and no warning."""
    g = np.random.default_rng(5)
    for _ in range(60):
        found = fitting.diffusivity(any_scan(g), method)
        assert found.note or not math.isnan(found.value)


def test_any_counts_of_a_decay_end_in_an_estimate():
    """Sparse, flat and cut decays give numbers, or NaN with a note, and no warning."""
    g = np.random.default_rng(5)
    for _ in range(60):
        decay = any_decay(g)
        window = float(decay.time_ns[0]), float(decay.time_ns[-1])
        n_filled = int((decay > 0).sum())
        share = fitting.prompt_fraction(decay, background=g.uniform(0, 3))
        assert share.note or 0 <= share.value <= 1
        for background in (0.0, None):
            if n_filled > 3:  # fewer are refused, and that is tested elsewhere
                fit = fitting.fit_decay(decay, window_ns=window, background=background)
                assert all(one.note or not math.isnan(one.value) for one in fit.values())


def test_every_fit_of_records_is_tried():
    """No public function that takes a record is missing here."""
    takes = {
        name
        for name in fitting.__all__
        if callable(getattr(fitting, name))
        and next(iter(getattr(getattr(fitting, name), "__annotations__", {}).values()), "")
        in ("xr.DataArray", "xr.Dataset")
    }
    assert takes - {*CASES} <= {"diffusivity", "estimates", "mean_size"}
