"""From records to numbers with error bars."""

from tptools.fitting.decays import fit_decay, fit_tail, prompt_fraction
from tptools.fitting.diffusion import MsdFit, diffusivity, fit_msd, mean_square_displacement
from tptools.fitting.likelihood import cramer_rao_bound, spreading_spot
from tptools.fitting.profiles import fit_profiles
from tptools.fitting.relaxation import fit_relaxation, relaxation_curve
from tptools.fitting.series import measure_series
from tptools.fitting.statistics import agree, line, rank_correlation

__all__ = [
    "MsdFit",
    "agree",
    "cramer_rao_bound",
    "diffusivity",
    "fit_decay",
    "fit_msd",
    "fit_profiles",
    "fit_relaxation",
    "fit_tail",
    "line",
    "mean_square_displacement",
    "measure_series",
    "prompt_fraction",
    "rank_correlation",
    "relaxation_curve",
    "spreading_spot",
]
