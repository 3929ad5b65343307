"""From records to numbers with error bars."""

from tptools.fitting.decays import fit_decay, fit_tail, prompt_fraction
from tptools.fitting.diffusion import MsdFit, diffusivity, fit_msd, mean_square_displacement
from tptools.fitting.likelihood import cramer_rao_bound, spreading_spot
from tptools.fitting.particles import Sizes, Step, find_particles, fit_step, mean_size
from tptools.fitting.profiles import fit_profiles
from tptools.fitting.relaxation import fit_relaxation, relaxation_curve

__all__ = [
    "MsdFit",
    "Sizes",
    "Step",
    "cramer_rao_bound",
    "diffusivity",
    "find_particles",
    "fit_decay",
    "fit_msd",
    "fit_profiles",
    "fit_relaxation",
    "fit_step",
    "fit_tail",
    "mean_size",
    "mean_square_displacement",
    "prompt_fraction",
    "relaxation_curve",
    "spreading_spot",
]
