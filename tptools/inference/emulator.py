"""A smooth stand-in for simulations: Gaussian processes on the components of many outputs."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import pandas as pd
import scipy
from numpy.typing import ArrayLike

from tptools.arrays import BoolArray, FloatArray
from tptools.checks import check_fits, check_holds, check_integer, check_number, check_type
from tptools.randomness import generator
from tptools.records import as_numbers

__all__ = ["Emulator"]

WIDE = 2.0
"""A positive parameter that varies by more than this factor counts by its logarithm."""
SHORTEST, LONGEST = 0.03, 30.0
"""Lengths over which components may change, in ranges of a parameter."""

MOST_STEPS = 40
LEAST_NOISE = 0.3
"""Of an output over the middle one: a factor that makes up for one output alone is none."""


@dataclass(frozen=True)
class _Scale:
    """Parameters on a common scale: logarithms where they vary much, and a unit range."""

    names: tuple[str, ...]
    logged: BoolArray
    low: FloatArray
    width: FloatArray

    @classmethod
    def of(cls, films: pd.DataFrame) -> Self:
        """From the films that are emulated."""
        values = as_numbers("films", films.to_numpy())
        low, high = values.min(axis=0), values.max(axis=0)
        logged = (low > 0) & (high > WIDE * low)
        ends = [np.log(one, out=one.copy(), where=logged) for one in (low, high)]
        width = ends[1] - ends[0]
        return cls(tuple(films), logged, ends[0], np.where(width > 0, width, 1.0))

    def __call__(self, films: pd.DataFrame) -> FloatArray:
        check_type("films", films, pd.DataFrame, remedy="give a row for each film")
        check_holds("films", films, self.names, "the films that were fitted")
        values = as_numbers("films", films[list(self.names)].to_numpy())
        scaled = np.log(values, out=values.copy(), where=self.logged)
        return (scaled - self.low) / self.width


@dataclass(frozen=True)
class Emulator:
    r"""Outputs of a simulation as smooth functions of its parameters.

    Each output y is taken as :math:`\mathrm{asinh}(y / 2 y_0)`, a logarithm that turns linear
    below :math:`y_0`, where noise may make an output negative. All of them are combinations of a
    few components, in which an output counts the less the more noise it has of its own (factor
    analysis). Each component is a Gaussian process over the parameters: a squared exponential with
    a length for every parameter, and the noise of the simulations.

    Made by `fit`.

    Parameters
    ----------
    scale : callable
        From films to points.
    linear_below : float
        Output y_0.
    mean, components : ndarray of shape (n_outputs,) and (n_components, n_outputs)
        Of transformed outputs.
    processes : tuple
        One of scikit-learn for each component.
    cross_validated : ndarray of shape (n_outputs,)
        Root mean square miss, on the transformed scale, of films that were left out one at a time.
        It holds the noise of their own simulation too.

    Examples
    --------
    >>> films = pd.DataFrame({"rate": np.geomspace(0.1, 10, 20)})
    >>> emulator = Emulator.fit(films, films.to_numpy() ** [0.5, 2], linear_below=1e-3)
    >>> emulator.predict(pd.DataFrame({"rate": [1.0, 4.0]})).round(1).tolist()
    [[1.0, 1.0], [2.0, 16.0]]
    """

    scale: _Scale
    linear_below: float
    mean: FloatArray
    components: FloatArray
    processes: tuple[Any, ...]
    cross_validated: FloatArray

    @classmethod
    def fit(
        cls,
        films: pd.DataFrame,
        outputs: ArrayLike,
        *,
        linear_below: float,
        n_components: int = 6,
    ) -> Self:
        """Learn outputs from films that were simulated.

        Parameters
        ----------
        films : DataFrame
            A row for each film, a column for each parameter.
        outputs : array_like of shape (n_films, n_outputs)
            What was simulated of them.
        linear_below : float
            Output below which differences count, not ratios; not below what noise changes, or the
            outputs that it makes low weigh more than those that it makes high.
        n_components : int, optional
            At most.

        Returns
        -------
        Emulator

        Raises
        ------
        ValueError
            If shapes do not fit, there are fewer than ten films, or a number is not finite or out
            of range.
        """
        check_type("films", films, pd.DataFrame, remedy="give a row for each film")
        linear_below = check_number("linear_below", linear_below, above=0)
        n_components = check_integer("n_components", n_components, at_least=1)
        values = as_numbers("outputs", outputs)
        if values.ndim != 2 or len(values) != len(films) or len(films) < 10:
            raise ValueError(
                f"outputs has shape {values.shape} for {len(films)} films; give a row for each of "
                "ten films or more"
            )
        if not np.isfinite(values).all():
            raise ValueError("outputs must be finite; leave out films that have none")
        scale = _Scale.of(films)
        transformed = np.arcsinh(values / (2 * linear_below))
        mean = transformed.mean(axis=0)
        noise = _own_noise(transformed, n_components)
        _, _, axes = np.linalg.svd((transformed - mean) / noise, full_matrices=False)
        axes = axes[:n_components]
        scores, components = (transformed - mean) / noise @ axes.T, axes * noise
        points = scale(films)
        processes = tuple(_process(points, one) for one in scores.T)
        left_out = np.stack([_left_out(one) for one in processes], axis=1)
        miss = transformed - mean - left_out @ components
        validated = np.sqrt(np.mean(miss**2, axis=0))
        return cls(scale, linear_below, mean, components, processes, validated)

    def predict(self, films: pd.DataFrame) -> FloatArray:
        """Outputs of films, without the noise of a simulation.

        Parameters
        ----------
        films : DataFrame
            With the columns that were fitted; others do not count.

        Returns
        -------
        ndarray of shape (n_films, n_outputs)

        Raises
        ------
        ValueError
            If a column is missing.
        """
        points = self.scale(films)
        scores = np.stack([one.predict(points) for one in self.processes], axis=1)
        return self._outputs(scores)

    def draws(self, films: pd.DataFrame, n: int, *, seed: int) -> FloatArray:
        """Outputs that films may have, given how well the emulator knows them.

        Parameters
        ----------
        films : DataFrame
            As for `predict`.
        n : int
            How many sets of outputs.
        seed : int
            Of the draws; errors of different films are drawn independently.

        Returns
        -------
        ndarray of shape (n, n_films, n_outputs)

        Raises
        ------
        ValueError
            If a column is missing, or a number out of range.
        """
        n = check_integer("n", n, at_least=1)
        n_values = n * len(films) * self.mean.size
        check_fits(f"n = {n} draws for {len(films)} films", 8 * 4 * n_values, "lower n")
        random = generator(seed, "emulator")
        points = self.scale(films)
        scores = []
        for one in self.processes:
            mean, error = one.predict(points, return_std=True)
            own = np.sqrt(np.maximum(error**2 - _noise_variance(one), 0))
            scores.append(mean + own * random.standard_normal((n, len(mean))))
        return self._outputs(np.stack(scores, axis=-1))

    def _outputs(self, scores: FloatArray) -> FloatArray:
        return 2 * self.linear_below * np.sinh(self.mean + scores @ self.components)


def _own_noise(outputs: FloatArray, n_components: int) -> FloatArray:
    """What each output has beside a few components of all, up to a factor."""
    from sklearn.decomposition import FactorAnalysis

    if n_components >= outputs.shape[1]:
        return np.ones(outputs.shape[1])
    analysis = FactorAnalysis(n_components, svd_method="lapack").fit(outputs)
    noise: FloatArray = np.sqrt(analysis.noise_variance_)
    return np.maximum(noise, LEAST_NOISE * np.median(noise))


def _process(points: FloatArray, scores: FloatArray) -> Any:
    """The likeliest Gaussian process of one component."""
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.gaussian_process import GaussianProcessRegressor
    from sklearn.gaussian_process.kernels import RBF, ConstantKernel, WhiteKernel

    lengths = np.ones(points.shape[1])
    kernel = ConstantKernel(10.0, (1e-2, 1e4)) * RBF(lengths, (SHORTEST, LONGEST))
    kernel += WhiteKernel(0.05, (1e-8, 1.0))
    process = GaussianProcessRegressor(kernel, normalize_y=True, optimizer=_likeliest)
    with warnings.catch_warnings():
        # a length at the end of its range: a parameter without influence
        warnings.simplefilter("ignore", ConvergenceWarning)
        return process.fit(points, scores)


def _likeliest(
    cost: Callable[[FloatArray], tuple[float, FloatArray]],
    initial_theta: FloatArray,
    bounds: FloatArray,
) -> tuple[FloatArray, float]:
    """As scikit-learn's own search, ended where further steps gain nothing that matters."""
    options = {"maxiter": MOST_STEPS}
    found = scipy.optimize.minimize(
        cost, initial_theta, jac=True, bounds=bounds, method="L-BFGS-B", options=options
    )
    return found.x, float(found.fun)


def _noise_variance(process: Any) -> float:
    """Variance of the simulations, in units of the component."""
    return float(process.kernel_.k2.noise_level * process._y_train_std**2)


def _left_out(process: Any) -> FloatArray:
    """What a process says of each of its films without that one (Rasmussen and Williams, 5.12)."""
    inverse = np.linalg.inv(process.kernel_(process.X_train_))
    left_out = process.y_train_ - inverse @ process.y_train_ / np.diag(inverse)
    return left_out * process._y_train_std + process._y_train_mean
