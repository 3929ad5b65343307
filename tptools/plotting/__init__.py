"""Figures of the book: functions take data and return a Figure; nothing is computed here."""

from tptools.plotting.excitation import plot_excitation_against_power, plot_table_deviations
from tptools.plotting.memory import (
    plot_collapse,
    plot_conventions,
    plot_memory_idea,
    plot_potential_curves,
    plot_relaxation_curve,
    plot_snapshot,
    snapshot_movie,
)
from tptools.plotting.style import OKABE_ITO, colours, use_style

__all__ = [
    "OKABE_ITO",
    "colours",
    "plot_collapse",
    "plot_conventions",
    "plot_excitation_against_power",
    "plot_memory_idea",
    "plot_potential_curves",
    "plot_relaxation_curve",
    "plot_snapshot",
    "plot_table_deviations",
    "snapshot_movie",
    "use_style",
]
