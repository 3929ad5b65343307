"""From records to numbers with error bars."""

from tptools.fitting.decays import (
    fit_decay,
    fit_tail,
    level_before_pulse,
    prompt_fraction,
    systematic_deviation,
)
from tptools.fitting.diffusion import diffusivity
from tptools.fitting.light import quantum_yield, whole_spot_light
from tptools.fitting.likelihood import cramer_rao_bound, spreading_spot
from tptools.fitting.line import line
from tptools.fitting.particles import Sizes, find_particles, mean_size
from tptools.fitting.power_law import exponent_half_width, fit_power_law, trend
from tptools.fitting.profiles import fit_profiles
from tptools.fitting.relaxation import fit_relaxation, relaxation_curve
from tptools.fitting.result import MISFIT_P, Fit
from tptools.fitting.series import CONDITIONS, estimates, measure_series
from tptools.fitting.slices import fit_growth, line_through_slices, variance_growth
from tptools.fitting.spectra import absorbance, fit_absorbance, fit_peak, reject_cosmic_rays
from tptools.fitting.statistics import (
    Agreement,
    RankCorrelation,
    agree,
    power_of_agreement,
    rank_correlation,
)
from tptools.fitting.step import Step, fit_step

__all__ = [
    "CONDITIONS",
    "MISFIT_P",
    "Agreement",
    "Fit",
    "RankCorrelation",
    "Sizes",
    "Step",
    "absorbance",
    "agree",
    "cramer_rao_bound",
    "diffusivity",
    "estimates",
    "exponent_half_width",
    "find_particles",
    "fit_absorbance",
    "fit_decay",
    "fit_growth",
    "fit_peak",
    "fit_power_law",
    "fit_profiles",
    "fit_relaxation",
    "fit_step",
    "fit_tail",
    "level_before_pulse",
    "line",
    "line_through_slices",
    "mean_size",
    "measure_series",
    "power_of_agreement",
    "prompt_fraction",
    "quantum_yield",
    "rank_correlation",
    "reject_cosmic_rays",
    "relaxation_curve",
    "spreading_spot",
    "systematic_deviation",
    "trend",
    "variance_growth",
    "whole_spot_light",
]
