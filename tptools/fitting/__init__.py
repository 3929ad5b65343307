"""From records to numbers with error bars."""

from tptools.fitting.profiles import fit_profiles
from tptools.fitting.relaxation import fit_relaxation, relaxation_curve

__all__ = ["fit_profiles", "fit_relaxation", "relaxation_curve"]
