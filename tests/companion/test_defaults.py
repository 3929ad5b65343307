"""Defaults of the library are constants; here they are what the paper prints."""

import inspect
from dataclasses import fields

import pytest

from tptools import material
from tptools.companion.paper import REPORTED
from tptools.excitation import Excitation
from tptools.heat import HeatedFilm
from tptools.instruments import (
    Detector,
    IntegratingSphere,
    Microscope,
    Nanocrystals,
    Objective,
    Timer,
)
from tptools.kmc import ExcitonModel, PulseTrain
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
