"""From laser power to the diffusivity of excitons in films of nanocrystals, and back.

In the order in which a photon meets them:

========================= ============================================================
`tptools.excitation`      laser power, fluence, excitations per nanocrystal
`tptools.film`            films, each number with its origin; `tptools.hopping_law`
                          carries hop rates over to other films and temperatures
`tptools.material`        CsPbBr3 and what lies between its nanocrystals
`tptools.kmc`             excitons that hop over nanocrystals that remember
`tptools.spectra`         line shapes of absorption and emission
`tptools.kinetics`        what several excitons in a nanocrystal, or meeting, cost
`tptools.absorption`      how much light a film takes up
`tptools.instruments`     what a detector records: ``expected`` and ``measure``
`tptools.io`              files of real instruments as such records
`tptools.noise`           records simulated without a film
`tptools.fitting`         from records to estimates
`tptools.inference`       which films read the numbers of a curve
`tptools.heat`            the temperature of a film after a pulse
`tptools.synthesis`       amounts, concentrations and shells of a synthesis
`tptools.analysis`        what a record says: every method, a report, a power series
`tptools.planning`        photons, time, window and step that a wanted error needs
`tptools.plotting`        the pictures that own records need
`tptools.exploration`     one film under one laser, from excitons to every reading of D
`tptools.records`         records of any type and unit, made plain
`tptools.estimate`        a value with its standard error, and how such values combine
`tptools.randomness`      streams of chance, named by what they are for
`tptools.provenance`      what a result was made by
`tptools.units`           factors between units
========================= ============================================================

`tptools.commands` has the commands ``tptools analyse`` and ``tptools plan`` (`tptools.__main__`).
`tptools.checks`, `tptools.arrays`, `tptools.compiled`, `tptools.console`, `tptools.files`,
`tptools.progress` and `tptools.cache` hold what all of them share. `tptools.companion` is the
book's own: what the paper prints, the claims, the recipes of the datasets and the figures.

The names below can be had from here, and are loaded when first asked for.

Examples
--------
>>> import tptools
>>> laser = tptools.Excitation(power_nW=10, rep_rate_MHz=2.5)
>>> film = tptools.FILMS["OLA/OA"]
>>> train = tptools.pulse_train(laser, n_pulses=5)
>>> run = tptools.simulate(film.hopping, train, seed=1, n_trains=2)
>>> record = tptools.Microscope().measure(run, seed=1)
>>> tptools.diffusivity(record.counts).unit
'cm2/s'
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

__version__ = "0.1.0"

_NAMES = {
    "estimate": ("Estimate",),
    "excitation": ("Excitation", "tabulate"),
    "film": ("FILMS", "Film"),
    "hopping_law": ("HoppingLaw",),
    "kmc": (
        "ExcitonModel",
        "PulseTrain",
        "Recording",
        "pulse_train",
        "simulate",
        "snapshot",
        "sweep",
    ),
    "instruments": (
        "ElectronMicroscope",
        "ForceMicroscope",
        "IntegratingSphere",
        "Microscope",
        "Spectrometer",
        "Spectrophotometer",
    ),
    "fitting": (
        "Fit",
        "cramer_rao_bound",
        "diffusivity",
        "estimates",
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
        "measure_series",
        "quantum_yield",
        "spreading_spot",
        "variance_growth",
        "whole_spot_light",
    ),
    "inference": ("calibrate", "measure_curve"),
    "heat": ("HeatedFilm",),
    "exploration": ("explore",),
}
_HOME = {name: module for module, names in _NAMES.items() for name in names}

__all__ = sorted(_HOME)


def __getattr__(name: str) -> Any:
    """Load a public name, and the module behind it, when it is first used."""
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)


def __dir__() -> list[str]:
    """List what can be had from here."""
    return [*globals(), *__all__]
