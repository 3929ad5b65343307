"""Numbers at the boundary: of any type they mean the same, and no size of them hangs or breaks."""

from __future__ import annotations

import ast
import inspect
import math
import re
import sys
import traceback
import tracemalloc
from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields, is_dataclass, replace
from decimal import Decimal
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr
from test_api import PUBLIC, methods

import tptools
from tptools import (
    absorption,
    fitting,
    heat,
    hopping_law,
    inference,
    instruments,
    io,
    kinetics,
    kmc,
    material,
    noise,
    planning,
    randomness,
    spectra,
    synthesis,
)
from tptools import checks as checks_module
from tptools.analysis.shape import spot_shape
from tptools.estimate import Estimate, correlated_estimates
from tptools.excitation import Excitation, tabulate
from tptools.film import FILMS
from tptools.fitting import performance
from tptools.kmc.cost import expected_steps

PACKAGE = str(Path(tptools.__file__).parent)

FILM = FILMS["OLA/OA"]
OPTICS, LASER = FILM.optics, Excitation(16, 2.5)
MODEL = kmc.ExcitonModel(lattice_size=81, lifetime_ns=0.0625)
PULSES = kmc.PulseTrain(0.25, 4, n_pulses=2, burn_in_pulses=0, spot_sigma_sites=4)
RECORDING = kmc.Recording(until_ns=1)
HEATED = heat.HeatedFilm(4, 32, 1e-7)
ON_GLASS = replace(HEATED, radius_um=math.inf, substrate=heat.FUSED_SILICA)
POINTS = np.sin(1.0 + np.arange(99))
DISPERSION = synthesis.Dispersion(8, "formula_units")
TIMES, POSITIONS = np.arange(0, 4, 0.25), np.arange(-1000.0, 1001.0, 100.0)
TRACE = xr.DataArray(np.exp(-TIMES), {"time_ns": TIMES})
SPOT = {"time_ns": TIMES, "position_nm": POSITIONS, "slice_counts": np.full(TIMES.size, 1e3)}
IMAGE = xr.DataArray(
    np.exp(-(POSITIONS[:, None] ** 2 + POSITIONS**2) / 2**18),
    {"y_nm": POSITIONS, "x_nm": POSITIONS},
    attrs={"units": "counts"},
)
SMALL_SCAN = instruments.ForceMicroscope(n_pixels=64, scan_nm=10000)
SMALL_IMAGE = instruments.ElectronMicroscope(n_pixels=64)


@cache
def run() -> xr.Dataset:
    """A few excitons of two trains."""
    pulses = kmc.pulse_train(Excitation(2, 2.5, spot_fwhm_nm=80), 4, 0)
    return kmc.simulate(MODEL, pulses, seed=1, n_trains=2, recording=RECORDING)


@cache
def clean() -> xr.DataArray:
    """Map without noise."""
    return noise.simulate_map(TRACE, seed=1, noise="none", background_counts=1)


@cache
def counts() -> xr.DataArray:
    """The same with photons from before the pulse."""
    times = np.arange(-1, 4, 0.25)
    return clean().reindex(time_ns=times, fill_value=1.0)


def light() -> xr.DataArray:
    """Counts of the whole spot."""
    return counts().sum("position_nm")


def exact(record: xr.DataArray) -> Estimate:
    """Method that reads a number."""
    return Estimate(float(record), 0.1, "cm2/s", "exact")


def draw(seed: int) -> xr.DataArray:
    """Record that is a number."""
    return xr.DataArray(np.random.default_rng(seed).normal())


def repetitions() -> xr.Dataset:
    """Few records of one method."""
    return performance.repeat(draw, 4, {"slices": exact})


def of(thing: Callable[..., Any], **given: Any) -> tuple[Callable[..., Any], dict[str, Any]]:
    """A call with numbers that are allowed, those that have a default included."""
    parameters = inspect.signature(thing).parameters.values()
    usual = {one.name: one.default for one in parameters if numbers_in(one.default)}
    return thing, usual | given


def instance(one: Any) -> tuple[Callable[..., Any], dict[str, Any]]:
    """The call that makes an instance."""
    return type(one), {each.name: getattr(one, each.name) for each in fields(one) if each.init}


def numbers_in(value: object) -> bool:
    """Whether a value is a number, or a pair of them."""
    if isinstance(value, tuple):
        return bool(value) and all(map(numbers_in, value))
    return isinstance(value, int | float) and not isinstance(value, bool)


INSTANCES = (
    LASER, MODEL, PULSES, RECORDING, HEATED, heat.FUSED_SILICA, DISPERSION, FILM, OPTICS,
    FILM.lattice, FILM.heat, hopping_law.HoppingLaw(), synthesis.Reagent("CsBr", 0.5, 4.0),
    SMALL_SCAN, SMALL_IMAGE, instruments.Nanocrystals(), instruments.Topography(),
    instruments.Detector(), instruments.IntegratingSphere(), instruments.Microscope(),
    instruments.Objective(), instruments.ColumnScan(), instruments.Scan(),
    instruments.Spectrometer(), instruments.Spectrophotometer(), instruments.Timer(),
    instruments.WholeSpot(),
    Estimate(1.0, 0.5, "nm", "given"), inference.LogUniform(0.125, 8), inference.Uniform(0, 4),
    inference.Observation("tau_us", 4, 8, 0.125, "given"),
    planning.ScanPlan(0.125, 0.0625, 4.0, 128.0, 1024.0, 2.0, 1024.0, 64.0, 512.0, 2.0, 64.0),
)  # fmt: skip
"""One of every class that a caller makes and that holds numbers."""

CALLS = {
    absorption.local_field_gain: {"volume_fraction": 0.5},
    absorption.mean_relative_intensity: {"density": 0.5},
    absorption.optical_density: {"thickness_nm": 32, "coefficient_per_cm": 512},
    absorption.thickness_for_nm: {"density": 0.5, "coefficient_per_cm": 512},
    Excitation.from_excitation_density: {"excitation_density": 0.25, "rep_rate_MHz": 2.5},
    tabulate: {"power_nW": 4, "rep_rate_MHz": 2.5},
    correlated_estimates: {
        "values": (1, 2), "covariance": [[1, 0], [0, 1]], "units": ["nm", "nm"], "method": "given"
    },
    Estimate(1.0, 0.5, "nm", "given").z: {"other": 2.0},
    FILM.at_temperature: {"temperature_K": 256},
    OPTICS.absorbance: {"wavelength_nm": 512},
    OPTICS.baseline: {"wavelength_nm": 512},
    OPTICS.emission: {"wavelength_nm": 512},
    OPTICS.relative_yield: {"excitation_density": 0.25},
    fitting.cramer_rao_bound: SPOT | {"diffusivity_cm2_s": 0.125, "variance_nm2": 65536.0},
    fitting.spreading_spot: SPOT | {"diffusivity_cm2_s": 0.125, "variance_nm2": 65536.0},
    fitting.relaxation_curve: {
        "time_us": 1, "limit_cm2_s": 0.25, "amplitude_cm2_s": 0.125, "tau_us": 4
    },
    fitting.diffusivity: {"counts": counts},
    fitting.exponent_half_width: {"power_nW": [1.0, 2.0, 4.0], "relative_error": 0.125},
    fitting.fit_decay: {"counts": light, "background": 1},
    fitting.fit_growth: {"growth": lambda: fitting.variance_growth(clean()).growth_nm2},
    fitting.fit_tail: {"counts": light, "window_ns": (1.0, 4.0)},
    fitting.level_before_pulse: {"counts": light},
    fitting.line_through_slices: {"counts": counts},
    fitting.power_of_agreement: {"difference": [2.0], "a_err": 1, "b_err": 1},
    fitting.prompt_fraction: {"counts": light},
    fitting.variance_growth: {"counts": counts},
    fitting.whole_spot_light: {"counts": counts, "centre_nm": 0},
    performance.variance_err_photons: {"sigma_nm": 256, "n_photons": 1024},
    performance.variance_err_white_noise: {
        "sigma_nm": 256, "pixel_nm": 32, "contrast_to_noise": 16, "window_nm": 4096
    },
    performance.mean_over_records: {"draw": draw, "n_records": 4, "method": exact},
    performance.repeat: {"draw": draw, "n_records": 4, "methods": {"slices": exact}},
    performance.summarise_repetitions: {"found": repetitions, "true_cm2_s": 0.125},
    heat.centre_temperature: {"film": HEATED, "times_ns": 32},
    heat.temperature: {"film": HEATED, "times_ns": 32, "cells": (16, 4)},
    heat.cooling_time: {"film": HEATED, "fraction": 0.5},
    heat.heat_accumulation: {"film": HEATED, "period_ns": 512, "n_pulses": 3},
    heat.stable_step_ns: {"film": HEATED, "cells": (16, 4)},
    heat.temperature_step: {"excitation_density": 0.25, "photon_energy_J": 4e-19},
    hopping_law.HoppingLaw().factor: {"temperature_K": 256},
    hopping_law.HoppingLaw().relaxation_factor: {"temperature_K": 256},
    hopping_law.barrier_meV: {"time_us": 8, "attempt_ps": 2, "temperature_K": 256},
    hopping_law.dipole_hop_factor: {
        "spacing_nm": 8, "index": 1.5, "reference_spacing_nm": 10, "reference_index": 1.5
    },
    instruments.diffraction_limit_nm: {"wavelength_nm": 512, "objective_NA": 0.5},
    instruments.magnification: {},
    instruments.Nanocrystals().scattered: {"field_nm": 64},
    instruments.IntegratingSphere().apparent_yield: {"quantum_yield": 0.5},
    instruments.Microscope().image_fwhm_nm: {"spot_fwhm_nm": 512},
    instruments.Microscope().measure: {"run": run, "seed": 3},
    instruments.Timer().response: {"fwhm_ps": 128},
    SMALL_SCAN.measure: {"sample": instruments.Topography(), "seed": 3},
    SMALL_IMAGE.measure: {"sample": instruments.Nanocrystals(), "seed": 3},
    instruments.IntegratingSphere().measure: {"sample": OPTICS, "seed": 3},
    instruments.Spectrometer().measure: {"sample": OPTICS, "excitation": LASER, "seed": 3},
    instruments.Spectrophotometer().measure: {"sample": OPTICS, "seed": 3},
    inference.Shot: {
        "label": "probe", "laser": LASER, "n_burst": 2, "delay_us": 2, "spot_ratio": 2,
        "burst_ratio": 2,
    },
    inference.expected_information: {
        "outcomes": [[0.25], [0.5], [1.0], [1.5]], "std_err": [0.125], "classes": [0, 0, 1, 1],
        "seed": 3, "n_draws": 2,
    },
    inference.photon_error_cm2_s: {
        "diffusivity_cm2_s": 0.125, "photons": 65536, "spot_fwhm_nm": 512, "lifetime_ns": 2,
        "background_share": 0.125,
    },
    inference.photons_needed: {
        "first": [0.25], "second": [0.5], "std_err": [0.125], "photons": 65536, "z": 2,
    },
    io.find_window: {"counts": counts},
    io.line_profile: {
        "image": IMAGE, "reduction": "cut", "at_nm": 64.0, "width_nm": 128.0
    },
    io.radial_profile: {"image": IMAGE, "step_nm": 128.0},
    kinetics.annihilation_partners: {"diffusivity_cm2_s": 0.125, "lifetime_ns": 4},
    kinetics.annihilation_yield: {"excitation_density": 0.25, "partners": 4},
    kinetics.biexciton_shift_nm: {"emission_eV": 2.5, "excitation_density": 0.25},
    kinetics.pair_share: {"excitation_density": 0.25},
    kinetics.saturation_yield: {"excitation_density": 0.25},
    MODEL.attempt_probability: {"hop_rate_per_ps": 0.5},
    MODEL.free_walk_diffusivity_cm2_s: {"hop_rate_per_ps": 0.5},
    kmc.diffusivities: {"result": run, "time_ns": 0.5, "window_ns": 0.5},
    kmc.diffusivity: {"result": run, "time_ns": 0.5, "window_ns": 0.5},
    kmc.film_diffusivity: {
        "model": MODEL, "light": PULSES, "seed": 3, "n_excitons": 64, "n_trains": 2
    },
    kmc.pulse_train: {"excitation": LASER, "n_pulses": 4, "burn_in_pulses": 2},
    kmc.simulate: {
        "model": MODEL, "pulses": PULSES, "recording": RECORDING, "seed": 3, "n_trains": 2,
        "n_threads": 2,
    },
    kmc.snapshot: {"model": MODEL, "pulses": PULSES, "seed": 3, "time_ns": 0.5, "pulse": 1},
    kmc.slab_diffusivity_ratio: {"n_layers": 3},
    material.absorption_coefficient_per_cm: {},
    material.absorption_cross_section_cm2: {},
    material.absorption_length_nm: {},
    material.crystal_heat_fraction: {},
    material.film_heat_capacity_J_m3K: {},
    material.filling_fraction: {},
    material.molar_absorptivity_per_cm_M: {},
    noise.add_noise: {"clean": clean, "seed": 3},
    noise.lifetime_trace: {"counts": counts, "until_ns": 2},
    noise.noisy_profiles: {"expected": clean, "n_records": 2, "seed": 3, "white_noise": 0.5},
    noise.simulate_map: {"trace": TRACE, "seed": 3},
    planning.plan_scan: {
        "diffusivity_cm2_s": 0.125, "error_cm2_s": 0.0625, "count_rate_Hz": 1024,
        "window_ns": 4.0, "step_nm": 128.0, "span_nm": 1024.0,
    },
    randomness.derive_seed: {"seed": 3, "power_nW": 4},
    spectra.absorption_shape: {
        "energy_eV": 2.5, "exciton_eV": 2.5, "exciton_fwhm_eV": 0.125, "binding_eV": 0.0625,
        "rise_per_eV": 0.5,
    },
    spectra.confined_emission_eV: {"edge_nm": 8},
    spectra.emission_shape: {"wavelength_nm": 512, "centre_eV": 2.5, "fwhm_eV": 0.125},
    spectra.photon_energy_eV: {"wavelength_nm": 512},
    synthesis.Dispersion.from_mass: {"mass_mg_mL": 8},
    synthesis.Reagent("CsBr").amount_mmol: {"mass_g": 0.5},
    synthesis.alumina_per_cycle_nm2: {"growth_nm": 0.5},
    synthesis.atoms_per_surface_nm2: {"dispersion": DISPERSION, "volume_mL": 1, "dose_umol": 2},
    synthesis.limiting_yield: {"cs_mmol": 1, "pb_mmol": 2, "br_mmol": 4},
    synthesis.shell_thickness_nm: {
        "dispersion": DISPERSION, "volume_mL": 1, "cycles": 2, "aluminium_umol_per_cycle": 2
    },
    synthesis.solids_thickness_nm: {"mass_mg_mL": 8, "volume_uL_cm2": 16},
}  # fmt: skip
"""Numbers that are allowed, most of them exact in half precision and 8 bits."""

DOORS = {type(one).__name__: instance(one) for one in INSTANCES} | {
    thing.__qualname__: of(thing, **given) for thing, given in CALLS.items()
}
NUMERIC = {
    name: [key for key, value in given.items() if numbers_in(value)]
    for name, (_, given) in DOORS.items()
}

TYPES: dict[str, Callable[[Any], Any]] = {
    "float16": np.float16,
    "float32": np.float32,
    "float64": np.float64,
    "longdouble": np.longdouble,
    "big-endian": lambda x: np.array(x, ">f8" if isinstance(x, float) else ">i4")[()],
    "no dimension": np.array,
    "fraction": Fraction,
    "decimal": Decimal,
    "int8": np.int8,
    "uint8": np.uint8,
}


def plainly(given: Mapping[str, Any]) -> dict[str, Any]:
    """Arguments, those computed that are given as functions without arguments."""
    lazy = (run, clean, counts, light, repetitions)
    made = {
        key: value() if value in lazy or getattr(value, "__name__", "") == "<lambda>" else value
        for key, value in given.items()
        if callable(value)
    }
    return dict(given) | made


def as_type(value: Any, kind: Callable[[Any], Any]) -> Any:
    """The same number of another type, or as it is where that type does not hold it."""
    if isinstance(value, tuple):
        return tuple(as_type(one, kind) for one in value)
    whole = isinstance(value, int)
    if not math.isfinite(value) or kind in (FLOATS if whole else BYTES):
        return value
    if kind in BYTES and not 0 <= value < 128:
        return value
    with np.errstate(over="ignore"):
        other = kind(value)
    return other if float(other) == value else value


BYTES = (np.int8, np.uint8)
FLOATS = (np.float16, np.float32, np.float64, np.longdouble, Fraction, Decimal)


def text_of(result: Any) -> str:
    """All that a result says, to the last digit and the type of every number."""
    if isinstance(result, xr.DataArray | xr.Dataset):
        return repr(result.to_dict())
    if is_dataclass(result) and not isinstance(result, type):
        own = {one.name: getattr(result, one.name) for one in fields(result) if one.compare}
        return repr({key: text_of(value) for key, value in own.items() if not callable(value)})
    return repr(result)


FEWER = (np.float16, np.longdouble, Decimal, np.uint8)
"""One of each kind: rounds, is no float, is no number to numpy, wraps."""


@pytest.mark.parametrize("name", DOORS)
def test_numbers_of_any_type_are_the_same(name):
    """The result, its text and its types are those of plain numbers, whatever the type given."""
    door, given = DOORS[name]
    given = plainly(given)
    wanted = text_of(door(**given))
    for kind in TYPES.values() if inspect.isclass(door) else FEWER:
        other = {key: as_type(given[key], kind) for key in NUMERIC[name]}
        assert text_of(door(**given | other)) == wanted, kind


@pytest.mark.parametrize("one", INSTANCES, ids=lambda one: type(one).__name__)
def test_whole_numbers_of_any_type_make_the_same_thing(one):
    """3, 3.0 and a byte of 3 make equal instances, of one hash and one stream of chance."""
    make, given = instance(one)
    numbers = {key: round(value) for key, value in given.items() if numbers_in(value) and (
        0 < value < 128 and value == round(value)
    )}  # fmt: skip
    for kind in (float, np.uint8, np.float16, ">f4"):
        kind = np.dtype(kind).type if isinstance(kind, str) else kind
        floats = {
            key for key, each in zip(given, fields(one), strict=False) if "float" in str(each.type)
        }
        other = make(**given | {key: kind(x) for key, x in numbers.items() if key in floats})
        assert other == one
        assert all(type(getattr(other, key)) in (int, float) for key in numbers)


EXTREMES: dict[str, Any] = {
    "zero": 0,
    "minus zero": -0.0,
    "minus": -1,
    "one": 1,
    "beyond one": 1.5,
    "tiny": 1e-300,
    "subnormal": 5e-324,
    "huge": 1e300,
    "billion": 10**9,
    "many": 10**19,
    "beyond floats": 10**400,
    "infinite": math.inf,
    "missing": math.nan,
    "full byte": np.uint8(200),
    "negative byte": np.int8(-128),
    "half": np.float16(1000),
    "flag": True,
    "text": "3",
    "complex": 1j,
    "list": [1],
    "estimate": Estimate(1.0, 0.1, "nm", "given"),
}


LADDER = ("minus", "zero", "one", "beyond one", "infinite", "missing")
POSITIVE = "minus, zero, infinite, missing"
REFUSED = {
    "minus, infinite, missing": """
        ExcitonModel: absorption_cross_section_nm2; Optics: stokes_shift_meV
        continuum_rise_per_eV exciton_absorbance baseline_absorbance baseline_exponent
        annihilation_partners; Lattice: shell_growth_nm; HoppingLaw: phonon_broadening_meV
        disorder_meV relaxation_activation_meV; ForceMicroscope: tip_radius_nm line_noise_nm
        pixel_noise_nm; ElectronMicroscope: blur_fwhm_nm support_contrast support_grain_nm
        read_noise_counts; Nanocrystals: edge_spread_nm corner_radius_nm gap_nm
        position_jitter_nm rotation_spread_deg; Topography: roughness_nm grain_relief_nm
        substrate_roughness_nm rim_height_nm; Detector: apd_jitter_fwhm_ps dark_rate_Hz
        background_rate_Hz dead_time_ns; IntegratingSphere: background_counts; ColumnScan:
        scan_span_nm; Scan: scan_span_nm; Spectrometer: fibre_core_um bias_counts
        read_noise_electrons dark_electrons_s cosmic_rays_cm2_min cosmic_ray_electrons;
        Spectrophotometer: bandwidth_nm dark_rate_Hz; Timer: electronics_fwhm_ps window_end_ns;
        Observation: low; ScanPlan: diffusivity_cm2_s background_rate_Hz;
        mean_relative_intensity: density; optical_density: thickness_nm coefficient_per_cm;
        thickness_for_nm: density; Optics.relative_yield: excitation_density; cramer_rao_bound:
        background diffusivity_cm2_s; spreading_spot: background diffusivity_cm2_s; fit_decay:
        background; fit_tail: background; power_of_agreement: a_err b_err; prompt_fraction:
        background; centre_temperature: times_ns; temperature: times_ns; temperature_step:
        excitation_density; Microscope.image_fwhm_nm: spot_fwhm_nm; Shot: burst_aside;
        photon_error_cm2_s: spot_fwhm_nm background_share diffusivity_cm2_s;
        annihilation_partners: auger_lifetime_ns; annihilation_yield: excitation_density
        partners; biexciton_shift_nm: energy_meV excitation_density; pair_share:
        excitation_density; saturation_yield: excitation_density;
        ExcitonModel.attempt_probability: hop_rate_per_ps;
        ExcitonModel.free_walk_diffusivity_cm2_s: hop_rate_per_ps; snapshot: time_ns; add_noise:
        background_counts; noisy_profiles: white_noise; simulate_map: D_cm2_s background_counts;
        plan_scan: background_rate_Hz diffusivity_cm2_s; Reagent.amount_mmol: mass_g;
        alumina_per_cycle_nm2: growth_nm; atoms_per_surface_nm2: dose_umol; limiting_yield:
        cs_mmol pb_mmol br_mmol; shell_thickness_nm: aluminium_umol_per_cycle;
        solids_thickness_nm: mass_mg_mL volume_uL_cm2
    """,
    "minus, zero, beyond one, infinite, missing": """
        Excitation: throughput; ExcitonModel: n_layers; PulseTrain: excitation_density n_pulses;
        Recording: interval_ps; Optics: quantum_yield; Reagent: purity; ForceMicroscope: n_bits;
        ElectronMicroscope: n_pixels full_scale_counts; Detector: detection_efficiency
        filter_transmission; IntegratingSphere: throughput n_repeats; Microscope: quantum_yield;
        Objective: objective_NA; Spectrometer: n_rows detection_efficiency n_frames
        converter_bits; local_field_gain: volume_fraction; diffusivity: time_ns;
        mean_over_records: n_records; repeat: n_records; heat_accumulation: n_pulses;
        diffraction_limit_nm: objective_NA; expected_information: n_draws; diffusivities:
        time_ns; film_diffusivity: n_trains; pulse_train: n_pulses; simulate: n_trains
        n_threads; slab_diffusivity_ratio: n_layers; absorption_coefficient_per_cm:
        volume_fraction; absorption_length_nm: volume_fraction; noisy_profiles: n_records
    """,
    "minus, beyond one, infinite, missing": """
        ExcitonModel: hop_rate_ground_per_ps hop_rate_modified_per_ps annihilation_rate_per_ps
        modification_probability; PulseTrain: burn_in_pulses; Lattice: shell_cycles;
        Nanocrystals: specimen; Topography: specimen; mean_over_records: seed; repeat: seed;
        IntegratingSphere.apparent_yield: quantum_yield; Microscope.measure: seed;
        ForceMicroscope.measure: seed; ElectronMicroscope.measure: seed;
        IntegratingSphere.measure: seed; Spectrometer.measure: seed; Spectrophotometer.measure:
        seed; Shot: n_burst; expected_information: seed; film_diffusivity: seed; pulse_train:
        burn_in_pulses; simulate: seed; snapshot: train seed pulse; crystal_heat_fraction:
        volume_fraction; film_heat_capacity_J_m3K: volume_fraction; add_noise: seed;
        noisy_profiles: seed; simulate_map: seed; derive_seed: seed; shell_thickness_nm: cycles
    """,
    "infinite, missing": """
        Optics: emission_shift_meV; ForceMicroscope: tilt_nm bow_nm; Topography:
        scratch_from_nm; Timer: window_start_ns; Uniform: low; cramer_rao_bound: centre_nm;
        spreading_spot: centre_nm; relaxation_curve: limit_cm2_s amplitude_cm2_s; fit_decay:
        window_ns; fit_growth: window_ns; level_before_pulse: until_ns; line_through_slices:
        window_ns; variance_growth: window_ns; whole_spot_light: centre_nm;
        summarise_repetitions: true_cm2_s; line_profile: at_nm; absorption_shape: rise_per_eV
    """,
    "minus, zero, one, beyond one, infinite, missing": """
        ExcitonModel: lattice_size; ForceMicroscope: n_pixels; Nanocrystals: edge_nm;
        Topography: scratch_to_nm; Spectrometer: window_end_nm; Spectrophotometer: end_nm;
        ScanPlan: span_nm period_ns; power_of_agreement: level; temperature: cells;
        cooling_time: fraction; stable_step_ns: cells; find_window: fraction; filling_fraction:
        spacing_nm; plan_scan: period_ns span_nm; confined_emission_eV: edge_nm
    """,
    "minus, zero, infinite": """
        Optics.absorbance: wavelength_nm; Optics.baseline: wavelength_nm; Optics.emission:
        wavelength_nm; absorption_shape: energy_eV exciton_eV exciton_fwhm_eV binding_eV;
        emission_shape: wavelength_nm centre_eV fwhm_eV; photon_energy_eV: wavelength_nm
    """,
    "minus, one, beyond one, infinite, missing": """
        ExcitonModel: trap_rate_per_ps; Nanocrystals: aspect_spread vacancy_fraction;
        IntegratingSphere: lamp_drift reabsorption; Spectrometer: laser_drift;
        Spectrophotometer: stray_fraction
    """,
    "": """
        Estimate: value; correlated_estimates: values; Estimate.z: other; relaxation_curve:
        time_us; diffusivity: window_ns; diffusivities: window_ns
    """,
    "minus, zero, missing": """
        ExcitonModel: lifetime_ns; PulseTrain: period_us; HeatedFilm: radius_um
    """,
    "minus, zero, one, beyond one, missing": """
        Observation: high; line_through_slices: within_nm; variance_err_white_noise: window_nm
    """,
    "minus, missing": """
        Substrate: interface_conductance_MW_m2K; lifetime_trace: until_ns
    """,
    "beyond one, infinite, missing": """
        PulseTrain: aside_sites
    """,
    "minus": """
        Estimate: std_err
    """,
    "zero, one, beyond one, infinite, missing": """
        whole_spot_light: background_until_ns
    """,
    "missing": """
        derive_seed: power_nW
    """,
}
"""Steps of the ladder that a number may not be on, where others than those of `POSITIVE`.

In other cases the other arguments set its ends, or it counts something.
"""


DERIVED = ("variance_nm2", "stream")
"""What is named where no argument is: the smallest variance, and keys of streams of chance."""


def refused_of(name: str) -> dict[str, str]:
    """What the table says of the numbers of a door."""
    parts = [
        (steps, part.partition(":")) for steps, text in REFUSED.items() for part in text.split(";")
    ]
    known = {
        key: steps for steps, (one, _, keys) in parts if one.strip() == name for key in keys.split()
    }
    return dict.fromkeys(NUMERIC[name], POSITIVE) | known


def fault(door: Callable[..., Any], given: dict[str, Any], name: str) -> str:
    """What is wrong with the answer to an extreme number, or that it is refused in our words."""
    try:
        result = door(**given)
    except (TypeError, ValueError, kmc.LatticeEdgeError) as error:
        raised_in = traceback.extract_tb(error.__traceback__)[-1].filename
        named = {*given, *DERIVED} & {*re.findall(r"\w+", str(error))}
        if raised_in.startswith(PACKAGE):
            return "refused" if named else f"refused: {error}"
        return f"{type(error).__name__}: {error}"
    except (ArithmeticError, LookupError, MemoryError, AttributeError, Warning) as error:
        return f"{type(error).__name__}: {error}"
    missing = isinstance(given[name], float) and math.isnan(given[name])
    if isinstance(result, float) and math.isnan(result) and not missing:
        return "NaN"
    return ""


@pytest.mark.parametrize("name", DOORS)
def test_extreme_numbers_are_answered_or_refused(name):
    """Each gives a result or is refused in our own words, and nothing hangs or warns.

    On the ladder, just what has no sense is refused, by name.
    """
    door, given = DOORS[name]
    given = plainly(given)
    found = {
        (key, kind): fault(door, given | {key: like(given[key], extreme)}, key)
        for key in NUMERIC[name]
        for kind, extreme in EXTREMES.items()
    }
    own = {place: one for place, one in found.items() if not one or one.startswith("refused")}
    assert found == own
    assert {one for (_, step), one in found.items() if step in LADDER} <= {"", "refused"}
    refused = {key: ", ".join(step for step in LADDER if found[key, step]) for key in NUMERIC[name]}
    assert refused == refused_of(name)


def like(value: Any, extreme: Any) -> Any:
    """The extreme, or a pair that starts with it."""
    return (extreme, *value[1:]) if isinstance(value, tuple) else extreme


TOO_MANY = round(checks_module.LARGEST)


@pytest.mark.parametrize(
    ("name", "key", "within", "beyond"),
    [
        ("ExcitonModel", "lattice_size", 3, 2),
        ("ExcitonModel", "lifetime_ns", 0.001, 0.0009),
        ("ExcitonModel", "trap_rate_per_ps", 0.99, 1),
        ("ForceMicroscope", "n_pixels", 2, 1),
        ("ForceMicroscope", "tip_half_angle_deg", 89.9, 90),
        ("IntegratingSphere", "lamp_drift", 0.19, 0.2),
        ("IntegratingSphere", "reabsorption", 0.99, 1),
        ("Nanocrystals", "aspect_spread", 0.2, 0.21),
        ("Nanocrystals", "vacancy_fraction", 0.99, 1),
        ("PulseTrain", "aside_sites", -TOO_MANY, -TOO_MANY - 1),
        ("PulseTrain", "aside_sites", TOO_MANY - 1, TOO_MANY),
        ("PulseTrain", "burn_in_pulses", TOO_MANY - 1, TOO_MANY),
        ("PulseTrain", "n_pulses", TOO_MANY - 1, TOO_MANY),
        ("Spectrometer", "laser_drift", 0.19, 0.2),
        ("Spectrometer", "window_end_nm", 460, 459.9),
        ("Spectrophotometer", "end_nm", 361, 360.9),
        ("Spectrophotometer", "stray_fraction", 0.99, 1),
        ("Topography", "scratch_to_nm", 3000.5, 3000),
    ],
)
def test_limits_between_the_steps_are_where_they_are_said_to_be(name, key, within, beyond):
    """Just within a number is taken, and just beyond an error starts with its name and value."""
    make, given = DOORS[name]
    assert getattr(make(**given | {key: within}), key) == within
    with pytest.raises(ValueError, match=f"^{key} = {beyond} "):
        make(**given | {key: beyond})


@pytest.mark.parametrize(
    ("changes", "estimate"),
    [
        ({"pulses": replace(PULSES, burn_in_pulses=10**19)}, r"e\+\d+ steps"),
        ({"pulses": replace(PULSES, period_us=1e-300, burn_in_pulses=None)}, r"e\+\d+ steps"),
        ({"model": replace(MODEL, lifetime_ns=1e300)}, r"e\+\d+ steps"),
        ({"n_trains": 10**19}, r"e\+\d+ steps"),
        ({"recording": kmc.Recording(until_ns=1e9)}, r"e\+\d+ GB"),
        ({"model": replace(MODEL, lattice_size=46_000)}, r"e\+\d+ GB"),
    ],
)
def test_runs_that_cannot_end_or_fit_are_refused_with_the_estimate(changes, estimate):
    """Before they start, and so is a sweep, with what they would take."""
    given = {"model": MODEL, "pulses": PULSES, "seed": 1} | changes
    with pytest.raises(ValueError, match=estimate):
        kmc.simulate(**given)


@pytest.mark.parametrize(
    "call",
    [
        lambda: instruments.ForceMicroscope(n_pixels=10**9),
        lambda: instruments.ForceMicroscope(n_pixels=10**400),
        lambda: instruments.ElectronMicroscope(n_pixels=10**6),
        lambda: instruments.Spectrometer(n_frames=10**8),
        lambda: instruments.Spectrometer(pixel_um=1e-9),
        lambda: instruments.Spectrometer(window_end_nm=1e14),
        lambda: instruments.Spectrophotometer(step_nm=1e-9),
        lambda: instruments.IntegratingSphere(n_repeats=10**10),
        lambda: instruments.Scan(scan_step_nm=1e-9),
        lambda: instruments.ColumnScan(scan_span_nm=1e12),
        lambda: instruments.Scan().collection(10**5, 10.0, np.ones_like),
        lambda: instruments.WholeSpot().collection(10**10, 10.0, np.ones_like),
        lambda: instruments.Timer(tcspc_bin_ps=1e-9),
        lambda: instruments.Timer(window_end_ns=1e9),
        lambda: instruments.Timer(window_start_ns=-1e9, window_end_ns=1e9),
        lambda: instruments.Timer().response(1e12),
        lambda: instruments.Microscope().with_(tcspc_bin_ps=1e-4).measure(run(), seed=1),
        lambda: noise.noisy_profiles(clean(), 10**8, seed=1),
        lambda: fitting.rank_correlation(range(9), [*range(8), 0], n_resamples=10**9),
        lambda: fitting.measure_series(
            xr.Dataset({"counts": counts().round().expand_dims(record=1)}), n_resamples=10**9
        ),
        lambda: heat.temperature(HEATED, 32, cells=(90_000, 90_000)),
        lambda: heat.temperature(HEATED, np.arange(1e5), cells=(300, 300)),
        lambda: heat.centre_temperature(HEATED, np.arange(1e6), "explicit"),
        lambda: heat.heat_accumulation(HEATED, 512, 10**9),
    ],
    ids=lambda call: f"line {call.__code__.co_firstlineno}",
)  # fmt: skip
def test_what_does_not_fit_is_refused_with_the_estimate(call):
    """Arrays of any size are asked for by a number alone: it is refused before they are made."""
    with pytest.raises(
        ValueError, match=r"would hold (\d\S*|inf) GB and may hold 8 GB; (give|lower|raise) "
    ):
        call()


@pytest.mark.parametrize(
    "call",
    [
        lambda: instruments.ForceMicroscope(128).measure(instruments.Topography(), seed=1),
        lambda: instruments.ElectronMicroscope(128, 0.4).measure(
            instruments.Nanocrystals(), seed=1
        ),
        lambda: instruments.Spectrometer(n_frames=300).measure(OPTICS, LASER, seed=1),
        lambda: instruments.Spectrophotometer(step_nm=0.02).measure(OPTICS, seed=1),
        lambda: instruments.IntegratingSphere(n_repeats=10**4).measure(OPTICS, seed=1),
        lambda: instruments.Scan().collection(200, 10.0, np.cos),
        lambda: instruments.Scan(scan_step_nm=1).collection(20, 10.0, np.cos),
        lambda: instruments.WholeSpot().collection(10**5, 10.0, np.exp),
        lambda: instruments.Timer(50, 37, 0.05, 0, 0.01).response(800),
        lambda: instruments.Timer().folded(np.arange(300), np.arange(1, 301), 400, 80),
        lambda: instruments.Microscope().with_(tcspc_bin_ps=2, scan_step_nm=10).expected(run()),
        lambda: heat.temperature(HEATED, np.arange(1e3), cells=(50, 10)),
        lambda: heat.temperature(HEATED, [0, 1e-3], "explicit", cells=(300, 90)),
        lambda: heat.temperature(ON_GLASS, np.arange(1.0, 201), cells=(50, 10)),
        lambda: heat.centre_temperature(HEATED, np.arange(1e5)),
        lambda: heat.heat_accumulation(HEATED, 5e-3, 10**5),
        lambda: noise.noisy_profiles(clean(), 10**3, seed=1),
        lambda: noise.noisy_profiles(clean(), 10**3, white_noise=1, seed=1),
        lambda: fitting.rank_correlation(range(99), POINTS, n_resamples=1000),
        lambda: fitting.rank_correlation(range(99), POINTS, given=POINTS**2, n_resamples=1000),
        lambda: fitting.measure_series(
            xr.Dataset({"counts": counts().round().expand_dims(record=1)}), n_resamples=300
        ),
        lambda: spot_shape(counts().round(), 0.05, n_resamples=1000),
        lambda: inference.expected_information(
            POINTS[:, None], [0.01], POINTS > 0, n_draws=99, seed=1
        ),
        lambda: inference.expected_information(
            np.outer(POINTS, POINTS[:30]), POINTS[:30] ** 2, POINTS > 0, n_draws=9, seed=1
        ),
    ],
    ids=lambda call: f"line {call.__code__.co_firstlineno}",
)
@pytest.mark.skipif(sys.platform != "linux", reason="numpy uses temporary arrays again on Linux")
def test_what_fits_is_what_is_held(call, monkeypatch):
    """The estimate is what all arrays take at their peak: 5 % less at most, or a third more."""
    call()
    tracemalloc.start()
    try:
        call()
        peak_gb = 1e-9 * tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    monkeypatch.setattr(checks_module, "MOST_GB", 1.33 * peak_gb)
    call()
    monkeypatch.setattr(checks_module, "MOST_GB", 0.95 * peak_gb)
    with pytest.raises(ValueError, match="would hold"):
        call()


@pytest.mark.parametrize(
    ("grid", "reason"),
    [
        ({"burn_in_pulses": [None, 3]}, "give a number for None"),
        ({"burn_in_pulses": [0, 10**19]}, "steps"),
        ({"spot_sigma_sites": [3, 300]}, "too small"),
    ],
)
def test_a_grid_is_checked_before_its_first_condition(grid, reason, monkeypatch):
    """No condition has run when one of them is refused."""
    monkeypatch.setitem(kmc.sweep.__globals__, "simulate", None)
    usual = {"excitation_density": 0.25, "period_us": 4.0, "n_pulses": 2, "spot_sigma_sites": 4}
    with pytest.raises(ValueError, match=reason):
        kmc.sweep(MODEL, usual | grid, progress=False)


def test_burn_in_and_number_of_pulses_can_span_a_grid():
    """Their axes hold what was asked for."""
    grid = {"excitation_density": 0.25, "period_us": 4.0, "spot_sigma_sites": 4}
    grid |= {"n_pulses": np.array([3, 4], np.uint8), "burn_in_pulses": [0, 2]}
    runs = kmc.sweep(MODEL, grid, n_trains=2, progress=False, recording=RECORDING)
    assert runs.n_pulses.values.tolist() == [3, 4]
    assert runs.burn_in_pulses.values.tolist() == [0, 2]


def test_steps_are_those_that_excitons_live():
    """The expected number is the integral of the excitons over time, to its statistical error."""
    pulses = replace(PULSES, n_pulses=400)
    short = kmc.Recording(interval_ps=1, until_ns=1)
    found = kmc.simulate(MODEL, pulses, seed=1, n_trains=4, recording=short)
    steps = found.exciton_count.sum("time_ns").values
    error = steps.std(ddof=1) / 2
    assert steps.mean() == pytest.approx(expected_steps(MODEL, pulses, short), abs=4 * error)


def takes_number(thing: Any) -> bool:
    """Whether a parameter of a function or class is declared as a number."""
    try:
        parameters = inspect.signature(thing).parameters.values()
    except ValueError:  # classes of exceptions
        return False
    declared = (getattr(one.annotation, "__name__", str(one.annotation)) for one in parameters)
    return any(one.removesuffix(" | None") in ("int", "float") for one in declared)


UNTRIED = {
    "what a function of the package returns": """analysis.Analysis analysis.Answer
        estimate.Goodness fitting.Agreement fitting.Fit
        fitting.RankCorrelation fitting.Sizes fitting.Step kmc.SweepInterrupted""",
    "a step within a measurement that is tried": """instruments.Instrument.measure
        instruments.Scan.collection instruments.Timer.folded instruments.WholeSpot.collection""",
    "hands its numbers on to one that is tried": """exploration.explore
        inference.calibrate inference.measure_curve
        inference.run_shots
        inference.measure_films
        fitting.performance.compare_experiments heat.HeatedFilm.of kmc.sweep noise.noisy_records
        noise.photon_records randomness.generator randomness.seed_sequence""",
    "reads files, and is tried with its own tests": "io.read_decay io.read_image io.read_scan",
    "needs a sample of films, and is tried with its own tests": """inference.Emulator
        inference.Emulator.draws inference.Emulator.fit inference.Prior.design
        inference.Prior.shares inference.posterior inference.rank_statistics
        inference.reprinted inference.share_below""",
    "needs a long record, and is tried with its own tests": """fitting.Fit.interval
        fitting.find_particles fitting.fit_absorbance fitting.fit_power_law fitting.fit_step
        analysis.analyse analysis.spot_shape planning.ScanPlan.draw plotting.plot_decay
        fitting.measure_series fitting.rank_correlation fitting.reject_cosmic_rays
        records.as_columns spectra.blurred""",
}


def test_every_public_class_and_function_with_numbers_is_tried():
    """What takes a number has its place in the tables above, or a reason to be left out."""
    tried = {getattr(door, "__func__", door) for door, _ in DOORS.values()}
    library = {k: one for k, one in PUBLIC.items() if not k.startswith("tptools.companion.")}
    parts = dict(library)
    for name, one in library.items():
        if inspect.isclass(one):
            parts |= {f"{name}.{method}": part for method, part in methods(one)}
    untried = {name for name, one in parts.items() if takes_number(one) and one not in tried}
    assert untried == {f"tptools.{name}" for names in UNTRIED.values() for name in names.split()}


def checks() -> Iterator[tuple[str, ast.Call, set[str]]]:
    """Every check of an argument in the package: its place, itself, and the names around it."""
    for path in sorted(Path(PACKAGE).rglob("*.py")):
        for function in ast.walk(ast.parse(path.read_bytes())):
            if not isinstance(function, ast.FunctionDef):
                continue
            inside = [*ast.walk(function)]
            for call in inside:
                match call:
                    case ast.Call(ast.Name(name), [ast.Constant(str()) as first, _, *_]) if (
                        name in CHECKS
                    ):
                        others = (one for one in inside if one is not first)
                        yield f"{path.name}:{call.lineno}", call, set(map(word_of, others))


CHECKS = (
    "check_number", "check_integer", "check_type", "check_choice", "check_callable", "check_holds",
    "check_errors", "as_number", "as_numbers", "as_positive", "as_dataset",
)  # fmt: skip


def word_of(node: ast.AST) -> str:
    """Name, attribute or text of a node; empty for any other."""
    match node:
        case ast.Name(word) | ast.Attribute(_, word) | ast.arg(word) | ast.Constant(str(word)):
            return word
    return ""


def test_every_check_names_what_it_checks():
    """The name in the message is that of something in reach of the check, word by word."""
    found = [*checks()]
    assert len(found) > 250
    for place, call, around in found:
        words = {one.removesuffix("s") for one in re.findall(r"\w+", call.args[0].value)}
        around.add("value")  # of any array
        assert words & {one.removesuffix("s") for one in around}, f"{place}: {call.args[0].value}"


def test_what_is_lacking_can_be_had_somewhere():
    """From what has the name that is said, or is said in plain words."""
    found = []
    for path in Path(PACKAGE).rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_bytes())):
            match node:
                case ast.Call(ast.Name("as_dataset" | "check_holds"), [*_, ast.Constant(source)]):
                    found.append((f"{path.name}:{node.lineno}", source))
    assert len(found) > 10
    for place, source in found:
        known = {source, source.rpartition(".")[0]} & {*PUBLIC} or source.islower()
        assert known, f"{place}: {source}"


def test_no_positive_number_is_too_small():
    """What must be above a number must be above zero, or above a limit that has a name."""
    limits = [
        (place, limit.value.value)
        for place, call, _ in checks()
        for limit in call.keywords
        if limit.arg == "above" and isinstance(limit.value, ast.Constant)
    ]
    assert len(limits) > 50
    assert [place for place, limit in limits if limit != 0] == []
