"""Figures of the book: functions take data and return a Figure; nothing is computed here."""

from tptools.plotting.excitation import plot_excitation_against_power, plot_table_deviations
from tptools.plotting.style import OKABE_ITO, colours, use_style

__all__ = [
    "OKABE_ITO",
    "colours",
    "plot_excitation_against_power",
    "plot_table_deviations",
    "use_style",
]
