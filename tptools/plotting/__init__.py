"""Figures of the book: functions take data and return a Figure; nothing is computed here."""

from tptools.plotting.estimators import (
    plot_bias_against_counts,
    plot_choices,
    plot_detection,
    plot_performance,
    plot_photon_need,
    plot_shapes,
    plot_variance_errors,
)
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
from tptools.plotting.microscopy import (
    plot_bends,
    plot_decay_numbers,
    plot_decays,
    plot_maps,
    plot_microscope,
    plot_msd,
    plot_principle,
    plot_residuals,
    plot_slices,
)
from tptools.plotting.samples import (
    plot_densities,
    plot_micrograph,
    plot_recipes,
    plot_shells,
    plot_topography,
)
from tptools.plotting.spectra import (
    plot_absorbance_and_emission,
    plot_exponents,
    plot_power_series,
    plot_power_spectra,
    plot_sample_spectra,
)
from tptools.plotting.style import OKABE_ITO, colours, use_style

__all__ = [
    "OKABE_ITO",
    "colours",
    "plot_absorbance_and_emission",
    "plot_bends",
    "plot_bias_against_counts",
    "plot_choices",
    "plot_collapse",
    "plot_conventions",
    "plot_decay_numbers",
    "plot_decays",
    "plot_densities",
    "plot_detection",
    "plot_excitation_against_power",
    "plot_exponents",
    "plot_maps",
    "plot_memory_idea",
    "plot_micrograph",
    "plot_microscope",
    "plot_msd",
    "plot_performance",
    "plot_photon_need",
    "plot_potential_curves",
    "plot_power_series",
    "plot_power_spectra",
    "plot_principle",
    "plot_recipes",
    "plot_relaxation_curve",
    "plot_residuals",
    "plot_sample_spectra",
    "plot_shapes",
    "plot_shells",
    "plot_slices",
    "plot_snapshot",
    "plot_table_deviations",
    "plot_topography",
    "plot_variance_errors",
    "snapshot_movie",
    "use_style",
]
