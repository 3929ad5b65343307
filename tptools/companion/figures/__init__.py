"""Figures of the book, one function for each; what they draw has been computed.

They take data and return a Figure, and reduce no more than it takes to draw: means of
neighbouring bins, the line of a fit, ratios for an axis.
"""

from tptools.companion.figures.audit import plot_approach, plot_growth, plot_variants
from tptools.companion.figures.controls import (
    plot_filters,
    plot_forgetting,
    plot_repeats,
    plot_temperatures,
)
from tptools.companion.figures.estimators import (
    plot_bias_against_counts,
    plot_choices,
    plot_detection,
    plot_performance,
    plot_photon_need,
    plot_shapes,
    plot_variance_errors,
)
from tptools.companion.figures.excitation import (
    plot_excitation_against_power,
    plot_table_deviations,
)
from tptools.companion.figures.explorer import plot_explorer
from tptools.companion.figures.heat import (
    plot_cooling,
    plot_cooling_times,
    plot_heat_accumulation,
    plot_heat_field,
    plot_pulse_heating,
    plot_temperature_steps,
)
from tptools.companion.figures.inference import (
    plot_allowed_films,
    plot_decisions,
    plot_memories,
    plot_ridge,
)
from tptools.companion.figures.memory import (
    plot_collapse,
    plot_conventions,
    plot_memory_idea,
    plot_potential_curves,
    plot_relaxation_curve,
    plot_snapshot,
    snapshot_movie,
)
from tptools.companion.figures.microscopy import (
    plot_bends,
    plot_decay_numbers,
    plot_decays,
    plot_microscope,
    plot_principle,
)
from tptools.companion.figures.overview import plot_scoreboard, plot_story
from tptools.companion.figures.power import (
    plot_against_power,
    plot_constant_power,
    plot_displacements,
    plot_rate_and_density,
    plot_trials,
    plot_varied,
)
from tptools.companion.figures.relaxation import (
    plot_calibration,
    plot_chain,
    plot_measured_relaxation,
)
from tptools.companion.figures.samples import (
    plot_densities,
    plot_micrograph,
    plot_recipes,
    plot_shells,
    plot_topography,
)
from tptools.companion.figures.spectra import (
    plot_absorbance_and_emission,
    plot_exponents,
    plot_film_spectra,
    plot_power_series,
    plot_power_spectra,
)
from tptools.companion.figures.surfaces import (
    plot_bars_by_film,
    plot_by_film,
    plot_displacements_by_film,
    plot_surface_schemes,
)

__all__ = [
    "plot_absorbance_and_emission",
    "plot_against_power",
    "plot_allowed_films",
    "plot_approach",
    "plot_bars_by_film",
    "plot_bends",
    "plot_bias_against_counts",
    "plot_by_film",
    "plot_calibration",
    "plot_chain",
    "plot_choices",
    "plot_collapse",
    "plot_constant_power",
    "plot_conventions",
    "plot_cooling",
    "plot_cooling_times",
    "plot_decay_numbers",
    "plot_decays",
    "plot_decisions",
    "plot_densities",
    "plot_detection",
    "plot_displacements",
    "plot_displacements_by_film",
    "plot_excitation_against_power",
    "plot_explorer",
    "plot_exponents",
    "plot_film_spectra",
    "plot_filters",
    "plot_forgetting",
    "plot_growth",
    "plot_heat_accumulation",
    "plot_heat_field",
    "plot_measured_relaxation",
    "plot_memories",
    "plot_memory_idea",
    "plot_micrograph",
    "plot_microscope",
    "plot_performance",
    "plot_photon_need",
    "plot_potential_curves",
    "plot_power_series",
    "plot_power_spectra",
    "plot_principle",
    "plot_pulse_heating",
    "plot_rate_and_density",
    "plot_recipes",
    "plot_relaxation_curve",
    "plot_repeats",
    "plot_ridge",
    "plot_scoreboard",
    "plot_shapes",
    "plot_shells",
    "plot_snapshot",
    "plot_story",
    "plot_surface_schemes",
    "plot_table_deviations",
    "plot_temperature_steps",
    "plot_temperatures",
    "plot_topography",
    "plot_trials",
    "plot_variance_errors",
    "plot_variants",
    "plot_varied",
    "snapshot_movie",
]
