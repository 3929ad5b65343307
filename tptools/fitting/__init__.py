"""From records to numbers with error bars."""

from tptools.fitting.profiles import fit_profiles

__all__ = ["fit_profiles"]
