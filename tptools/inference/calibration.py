r"""From what a paper reports of a film to the film: simulate, measure, compare, and again.

A relaxation curve is summarised by three numbers: the diffusivity it starts from, the limit that
it falls to, and the time it takes. Each hangs mainly on one parameter of the hopping model. The
parameters are found as the root of

.. math:: \frac{\text{measured number}}{\text{wanted number}} - 1 = 0,

where "measured" goes all the way: hopping model, microscope, Gaussian slices, line, exponential.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
import scipy
import xarray as xr

from tptools.arrays import FloatArray
from tptools.checks import check_choice, check_integer, check_number, check_type
from tptools.excitation import Excitation
from tptools.fitting import diffusivity, fit_relaxation
from tptools.instruments import Microscope, Timer
from tptools.kmc import ExcitonModel, Recording, pulse_train, simulate
from tptools.progress import Bar
from tptools.randomness import derive_seed
from tptools.records import as_dataset

__all__ = ["CONTROLS", "Calibration", "calibrate", "curve_numbers", "measure_curve"]

CONTROLS: Mapping[str, str] = {
    "limit_cm2_s": "hop_rate_ground_per_ps",
    "highest_cm2_s": "hop_rate_modified_per_ps",
    "tau_us": "relaxation_time_us",
}
"""Numbers of a relaxation curve, each with the parameter that is turned for it."""

N_TRAINS = 2
RECORDING = Recording(until_ns=5.0)
MICROSCOPE = Microscope(timer=Timer(window_end_ns=5.0))
_OF_A_LASER = {
    "power_nW": "nW",
    "rep_rate_MHz": "MHz",
    "excitation_density": "1",
    "time_between_excitations_us": "us",
    "disc_excitation_density": "1",
    "disc_time_between_excitations_us": "us",
}
# Steps of the first Jacobian, and accuracy of the root, in the logarithm of a parameter. Both
# are coarser than the noise of the simulation, which is the same in every call.
STEP, TOLERANCE = 0.15, 0.05


@dataclass(frozen=True)
class Calibration:
    """What a calibration tried and found.

    Parameters
    ----------
    model : ExcitonModel
        The last one, with all targets met as well as it could.
    targets : mapping of str to float
        What was wanted.
    history : DataFrame
        A row for each model that was tried, once and in order: its parameters and its curve's
        numbers.
    curve : Dataset
        Relaxation curve of `model`, from `measure_curve`.
    converged : bool, optional
        Whether the root was found within the models that are tried at most.
    """

    model: ExcitonModel
    targets: Mapping[str, float]
    history: pd.DataFrame
    curve: xr.Dataset
    converged: bool = True

    @property
    def residuals(self) -> dict[str, float]:
        """Measured over wanted, less one, for each target."""
        numbers = curve_numbers(self.curve)
        return {name: numbers[name] / wanted - 1 for name, wanted in self.targets.items()}


def measure_curve(
    model: ExcitonModel,
    excitations: Sequence[Excitation],
    *,
    seed: int,
    n_excitons: int = 200_000,
) -> xr.Dataset:
    """Relaxation curve as the experiment would measure it with endless light.

    Parameters
    ----------
    model : ExcitonModel
        The film.
    excitations : sequence of Excitation
        Conditions of the points.
    seed : int
        Each laser has a stream of its own; all models meet the same.
    n_excitons : int, optional
        Excitons to simulate at each condition, about.

    Returns
    -------
    Dataset
        ``diffusivity_cm2_s`` from slices of the mean counts (no photon noise) over ``laser``, in
        the order of `excitations`, with ``power_nW``, ``rep_rate_MHz``, ``excitation_density``
        and ``time_between_excitations_us`` at the centre of the spot, and what they are called on
        the paper's axes, ``disc_excitation_density`` and ``disc_time_between_excitations_us``.

    Raises
    ------
    ValueError
        If `seed` or `n_excitons` is out of range, or as for `tptools.kmc.simulate`.

    Examples
    --------
    >>> film = ExcitonModel(relaxation_time_us=1)
    >>> curve = measure_curve(film, [Excitation(25, 2.5)], seed=1, n_excitons=3000)
    >>> curve.time_between_excitations_us.values.round(2)
    array([2.81])
    >>> curve.disc_time_between_excitations_us.values.round(2)
    array([1.95])
    """
    _check_lasers(model, excitations)
    seed = check_integer("seed", seed, at_least=0)
    n_excitons = check_integer("n_excitons", n_excitons, at_least=1)
    found = [_measure(model, one, derive_seed(seed, one), n_excitons) for one in excitations]
    return xr.Dataset(
        {"diffusivity_cm2_s": ("laser", found, {"units": "cm2/s"})},
        {
            name: ("laser", [getattr(one, name) for one in excitations], {"units": unit})
            for name, unit in _OF_A_LASER.items()
        },
    )


def curve_numbers(curve: xr.Dataset) -> dict[str, float]:
    """Three numbers that stand for a relaxation curve.

    Parameters
    ----------
    curve : Dataset
        ``diffusivity_cm2_s`` with ``disc_time_between_excitations_us``, over which the paper fits.

    Returns
    -------
    dict
        ``limit_cm2_s`` and ``tau_us`` of a single exponential, every point with the same weight;
        ``highest_cm2_s``, the diffusivity at the shortest time.

    Raises
    ------
    ValueError
        As for `tptools.fitting.fit_relaxation`.

    Examples
    --------
    >>> time_us = np.geomspace(2, 100, 9)
    >>> D = 0.01 + 0.14 * np.exp(-time_us / 6)
    >>> axis = {"disc_time_between_excitations_us": ("laser", time_us)}
    >>> curve = xr.Dataset({"diffusivity_cm2_s": ("laser", D)}, axis)
    >>> {name: round(value, 3) for name, value in curve_numbers(curve).items()}
    {'limit_cm2_s': 0.01, 'highest_cm2_s': 0.11, 'tau_us': 6.0}
    """
    needed = ("diffusivity_cm2_s", "disc_time_between_excitations_us")
    curve = as_dataset(curve, needed, "curve", "measure_curve")
    time_us = curve["disc_time_between_excitations_us"]
    fit = fit_relaxation(time_us, curve["diffusivity_cm2_s"])
    shortest = curve["diffusivity_cm2_s"][time_us.to_numpy().argmin()]
    return {
        "limit_cm2_s": fit["limit_cm2_s"].value,
        "highest_cm2_s": float(shortest),
        "tau_us": fit["tau_us"].value,
    }


def calibrate(
    start: ExcitonModel,
    targets: Mapping[str, float],
    excitations: Sequence[Excitation],
    *,
    seed: int,
    n_excitons: int = 200_000,
    progress: bool = False,
) -> Calibration:
    """Find the film whose measured relaxation curve has the wanted numbers.

    Parameters
    ----------
    start : ExcitonModel
        Where to begin; what no target controls stays as it is.
    targets : mapping of str to float
        Wanted numbers, by their names in `curve_numbers`. `CONTROLS` says which parameter is
        turned for which.
    excitations, seed, n_excitons
        As for `measure_curve`; every model meets the same random numbers.
    progress : bool, optional
        Show how many models were tried.

    Returns
    -------
    Calibration
        Its residuals say how well the targets were met; nothing guarantees that they can be.

    Raises
    ------
    ValueError
        If there is no target, one is unknown or not positive, a model on the way has a curve that
        lacks one of these numbers, or as for `measure_curve`.

    Notes
    -----
    Powell's hybrid method (MINPACK hybrd): one Jacobian by differences, then Broyden's updates.
    Hop probabilities go through the logit and times through the logarithm, so that every step
    stays within their range.

    Examples
    --------
    >>> lasers = [Excitation(power, 2.5) for power in (25, 10, 4, 1)]
    >>> film = ExcitonModel(relaxation_time_us=0.5, lifetime_ns=1.0)
    >>> found = calibrate(film, {"highest_cm2_s": 0.1}, lasers, seed=1, n_excitons=300)
    >>> found.history.shape[1], found.model.hop_rate_ground_per_ps
    (4, 0.006)
    """
    _check_lasers(start, excitations, model="start")
    targets = _check_targets(targets)
    tried: list[tuple[dict[str, float], xr.Dataset]] = []
    names = [CONTROLS[target] for target in targets]
    origin = _free(start, names)

    with Bar(unit="model", disable=not progress) as bar:
        # MINPACK asks for the start three times
        @functools.cache
        def miss_of(model: ExcitonModel) -> FloatArray:
            """Relative distance of a film's numbers from those wanted."""
            curve = measure_curve(model, excitations, seed=seed, n_excitons=n_excitons)
            numbers = curve_numbers(curve)
            turned = {name: getattr(model, name) for name in names}
            _check_numbers({name: numbers[name] for name in targets}, turned)
            tried.append((turned | numbers, curve))
            bar.update()
            return np.array([numbers[name] / wanted - 1 for name, wanted in targets.items()])

        # the shift by the start makes MINPACK's relative step an absolute one
        found = scipy.optimize.root(
            lambda step: miss_of(_turned(start, names, origin + step)),
            np.zeros(len(names)),
            options=_OPTIONS,
        )

    history = pd.DataFrame([row for row, _ in tried])
    best = _nearest(history, targets)
    model = _changed(start, {name: history[name][best] for name in names})
    return Calibration(model, dict(targets), history, tried[best][1], bool(found.success))


def _nearest(history: pd.DataFrame, targets: Mapping[str, float]) -> int:
    """Which model missed its targets least."""
    return int(sum((history[name] / wanted - 1) ** 2 for name, wanted in targets.items()).argmin())


_OPTIONS = {"eps": STEP**2, "xtol": TOLERANCE, "maxfev": 12, "factor": 1.0}


def _check_lasers(film: object, excitations: Sequence[Excitation], model: str = "model") -> None:
    check_type(model, film, ExcitonModel)
    check_type("excitations", excitations, list, tuple, remedy="give a list of lasers")
    for k, one in enumerate(excitations):
        check_type(f"excitations[{k}]", one, Excitation)


def _check_targets(targets: Mapping[str, float]) -> dict[str, float]:
    """Refuse targets that nothing controls, and return plain ones."""
    check_type("targets", targets, Mapping, remedy=f"give numbers by name: {', '.join(CONTROLS)}")
    if not targets:
        raise ValueError(f"targets is empty; name at least one of {', '.join(CONTROLS)}")
    for name in targets:
        check_choice("target", name, tuple(CONTROLS))
    return {name: check_number(name, wanted, above=0) for name, wanted in targets.items()}


def _check_numbers(numbers: Mapping[str, float], parameters: Mapping[str, float]) -> None:
    """Raise ValueError for a curve that lacks a number, which no search can go on from."""
    lacking = [name for name, value in numbers.items() if not np.isfinite(value)]
    if lacking:
        at = ", ".join(f"{name} = {value:.4g}" for name, value in parameters.items())
        raise ValueError(
            f"the curve at {at} determines no {' and no '.join(lacking)}; start nearer to the "
            "targets, or measure at more and lower powers"
        )


def _free(model: ExcitonModel, names: Sequence[str]) -> FloatArray:
    """Parameters on scales without bounds."""
    values = [getattr(model, name) for name in names]
    return np.array(
        [
            scipy.special.logit(v) if name.startswith("hop") else np.log(v)
            for name, v in zip(names, values, strict=True)
        ]
    )


def _turned(start: ExcitonModel, names: Sequence[str], free: FloatArray) -> ExcitonModel:
    """Model with some parameters set from those scales."""
    back = {
        name: scipy.special.expit(u) if name.startswith("hop") else np.exp(u)
        for name, u in zip(names, free, strict=True)
    }
    return _changed(start, back)


def _changed(start: ExcitonModel, values: Mapping[str, float]) -> ExcitonModel:
    changes: dict[str, Any] = {name: float(value) for name, value in values.items()}
    return replace(start, **changes)


def _measure(model: ExcitonModel, excitation: Excitation, seed: int, n_excitons: int) -> float:
    """Diffusivity of one condition, in cm2/s."""
    pulses = pulse_train(
        excitation,
        n_excitons=n_excitons / N_TRAINS / model.illuminated_layers,
        lattice_spacing_nm=model.lattice_spacing_nm,
    )
    run = simulate(model, pulses, seed=seed, n_trains=N_TRAINS, recording=RECORDING)
    return diffusivity(MICROSCOPE.expected(run).counts, "slices", goodness=False).value
