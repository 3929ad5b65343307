"""Defaults of the library are constants; here they are what the paper prints."""

import inspect
from dataclasses import fields

import pytest

from tptools import instruments, kmc, material
from tptools.companion.paper import REPORTED
from tptools.excitation import Excitation
from tptools.heat import HeatedFilm, centre_temperature, temperature
from tptools.instruments import (
    Detector,
    ElectronMicroscope,
    ForceMicroscope,
    IntegratingSphere,
    Microscope,
    Nanocrystals,
    Objective,
    Spectrometer,
    Spectrophotometer,
    Timer,
    Topography,
    WholeSpot,
)
from tptools.kmc import ExcitonModel, PulseTrain, Recording
from tptools.noise import simulate_map


def default(owner, name):
    """Default of a dataclass's field or of a function's parameter."""
    if inspect.isclass(owner):
        return next(one.default for one in fields(owner) if one.name == name)
    return inspect.signature(owner).parameters[name].default


DEFAULTS = {
    "edge of a nanocrystal": (material.EDGE_NM, "main-NC-size"),
    "edge in a micrograph": (default(Nanocrystals, "edge_nm"), "main-NC-size"),
    "spacing": (material.SPACING_NM, "s2-l"),
    "spacing of the lattice": (default(ExcitonModel, "lattice_spacing_nm"), "s2-l"),
    "size of the lattice": (default(ExcitonModel, "lattice_size"), "s2-lattice"),
    "slow hops": (default(ExcitonModel, "hop_rate_ground_per_ps"), "s2-P-slow"),
    "fast hops": (default(ExcitonModel, "hop_rate_modified_per_ps"), "s2-P-fast"),
    "lifetime": (default(ExcitonModel, "lifetime_ns"), "s2-tau-ex"),
    "memory": (default(ExcitonModel, "relaxation_time_us"), "s2-tau-relax"),
    "spot on the lattice": (default(PulseTrain, "spot_sigma_sites"), "s2-sigma"),
    "pulses": (default(PulseTrain, "n_pulses"), "s2-1000pulses"),
    "absorptivity": (1e-6 * material.MOLAR_ABSORPTIVITY_PER_CM_M_NM3, "s6-eps-coef"),
    "laser spot": (default(Excitation, "spot_fwhm_nm"), "s6-spot"),
    "throughput": (100 * default(Excitation, "throughput"), "s6-throughput"),
    "wavelength": (default(Excitation, "wavelength_nm"), "main-lambda-exc"),
    "heated spot": (default(HeatedFilm, "spot_fwhm_nm"), "main-spot-fwhm"),
    "aperture": (Objective().objective_NA, "s3-fiber-obj"),
    "magnification": (Objective().magnification, "s3-mag"),
    "edge of the APD": (Detector().apd_edge_um, "main-apd-area"),
    "jitter of the APD": (Detector().apd_jitter_fwhm_ps, "s3-apd"),
    "laser pulse": (Timer().laser_pulse_fwhm_ps, "main-pulse-width"),
    "quantum yield": (100 * Microscope().quantum_yield, "main-PLQY"),
    "lamp of the sphere": (IntegratingSphere().excitation_nm, "s1-PL-EPFL"),
    "simulated diffusivity": (default(simulate_map, "D_cm2_s"), "s7-D"),
    "simulated spot": (default(simulate_map, "spot_fwhm_nm"), "s7-fwhm"),
}


@pytest.mark.parametrize("name", DEFAULTS)
def test_defaults_are_those_of_the_paper(name):
    """To the last digit."""
    value, claim = DEFAULTS[name]
    assert value == pytest.approx(REPORTED[claim].value, rel=1e-12)


def test_cross_section_is_the_printed_one():
    """The paper derives it from the same absorptivity, and prints three digits."""
    printed = REPORTED["s6-sigma-abs"]
    assert abs(material.absorption_cross_section_cm2() - printed.value) <= printed.half_unit


ASSUMED = {
    Nanocrystals: """edge_nm=8.3, edge_spread_nm=0.8, aspect_spread=0.04, corner_radius_nm=1.2,
        gap_nm=1.7, position_jitter_nm=0.5, rotation_spread_deg=4.0, vacancy_fraction=0.06,
        specimen=0""",
    ElectronMicroscope: """n_pixels=1024, pixel_nm=0.18, electrons_per_nm2=5000.0,
        attenuation_nm=30.0, blur_fwhm_nm=0.5, support_contrast=0.02, support_grain_nm=0.6,
        counts_per_electron=20.0, read_noise_counts=8.0, full_scale_counts=65535""",
    Topography: """thickness_nm=35.0, roughness_nm=2.0, correlation_nm=120.0, grain_nm=50.0,
        grain_relief_nm=1.0, substrate_roughness_nm=0.3, scratch_from_nm=3000.0,
        scratch_to_nm=8000.0, rim_height_nm=12.0, rim_width_nm=80.0, specimen=0""",
    ForceMicroscope: """n_pixels=1024, scan_nm=5000.0, tip_radius_nm=8.0, tip_half_angle_deg=20.0,
        tilt_nm=15.0, bow_nm=3.0, line_noise_nm=0.4, pixel_noise_nm=0.15, z_range_nm=1000.0,
        n_bits=16""",
    Spectrometer: """grooves_per_mm=300.0, focal_length_mm=150.0, fibre_core_um=105.0,
        pixel_um=20.0, n_rows=100, window_start_nm=450.0, window_end_nm=600.0,
        detection_efficiency=0.0018, exposure_s=4.0, n_frames=5, electrons_per_count=4.0,
        bias_counts=600.0, converter_bits=16, full_well_electrons=300000.0,
        read_noise_electrons=4.0, dark_electrons_s=0.002, cosmic_rays_cm2_min=0.9,
        cosmic_ray_electrons=2000.0, laser_drift=0.01""",
    Spectrophotometer: """start_nm=360.0, end_nm=620.0, step_nm=1.0, bandwidth_nm=2.0,
        lamp_temperature_K=3000.0, brightest_rate_Hz=100000000.0, dwell_s=0.5,
        stray_fraction=7e-07, dark_rate_Hz=100.0""",
    IntegratingSphere: """excitation_nm=370.0, lamp_photons=100000000000.0, throughput=0.001,
        background_counts=10000.0, lamp_drift=0.003, reabsorption=0.0, n_repeats=3""",
    Objective: "objective_NA=0.85, magnification=495.0, emission_wavelength_nm=515.0",
    Detector: """apd_edge_um=50.0, apd_jitter_fwhm_ps=50.0, detection_efficiency=0.0018,
        filter_transmission=1.0, dark_rate_Hz=50.0, background_rate_Hz=50.0, dead_time_ns=77.0""",
    Timer: """laser_pulse_fwhm_ps=50.0, electronics_fwhm_ps=37.0, tcspc_bin_ps=32.0,
        window_start_ns=-1.024, window_end_ns=20.0, first_photon_only=False""",
    instruments.Scan: "scan_span_nm=3000.0, scan_step_nm=50.0, dwell_s=18.0",
    WholeSpot: "dwell_s=18.0",
    ExcitonModel: """hop_rate_ground_per_ps=0.006, hop_rate_modified_per_ps=0.7, lifetime_ns=2.5,
        relaxation_time_us=8.1, lattice_spacing_nm=10.0, lattice_size=1000,
        hop_rule='chosen_neighbour', trap_rate_per_ps=0.0, trap_time_minimum_ns=1.0,
        trap_exponent=0.5, annihilation_rate_per_ps=0.0, modification_probability=1.0,
        modified_by='visits', n_layers=1, absorption_cross_section_nm2=5.290715753070582,
        film=''""",
    Recording: "interval_ps=50, until_ns=10.0, follow_ns=None",
}
"""What the paper says and what it leaves open: the settings behind all numbers of the book."""


@pytest.mark.parametrize("kind", ASSUMED, ids=lambda kind: kind.__name__)
def test_settings_that_are_not_given_are_those_of_the_book(kind):
    """Who changes one has all records and chapters to make anew."""
    assert repr(kind()) == f"{kind.__name__}({' '.join(ASSUMED[kind].split())})"


LEFT_OUT = {
    kmc.simulate: {"n_trains": 1, "progress": False, "recording": Recording(), "history": ()},
    kmc.snapshot: {"pulse": None, "train": 0},
    kmc.sweep: {"seed": 0, "n_trains": 1, "progress": True, "recording": Recording()},
    kmc.film_diffusivity: {"n_excitons": 10_000, "n_trains": 4, "time_ns": 1.0},
    kmc.diffusivity: {"time_ns": 1.0, "estimator": "second_moment", "window_ns": 3.0},
    kmc.diffusivities: {"time_ns": 1.0, "estimator": "second_moment", "window_ns": 3.0},
    kmc.pulse_train: {"lattice_spacing_nm": 10.0, "excitons_stay": False},
    temperature: {"method": "exact", "cells": (200, 20)},
    centre_temperature: {"method": "exact", "cells": None},
    instruments.magnification: {
        "engraved": 100.0, "designed_for_mm": 164.5, "tube_lens_mm": 200.0,
        "telescope_mm": (30.0, 125.0),
    },
}  # fmt: skip


@pytest.mark.parametrize("function", LEFT_OUT, ids=lambda function: function.__name__)
def test_arguments_that_are_left_out_are_those_of_the_book(function):
    """So are those of the functions that run the model and read it."""
    assert {name: default(function, name) for name in LEFT_OUT[function]} == LEFT_OUT[function]


def test_a_train_is_that_of_note_2():
    """Beside its light: a thousand pulses after a burn-in, in the middle, none of which stays."""
    wanted = PulseTrain(0.5, 2.0, 10.62, 1000, None, None, False, 0)
    assert (PulseTrain(0.5, 2.0), repr(PulseTrain(0.5, 2.0))) == (wanted, repr(wanted))
