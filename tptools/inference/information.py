r"""How much a measurement is expected to tell of a film, and how many photons that takes.

Films that all read what a paper prints are put through a measurement. If their outcomes y fall
apart by class, say by long and short memory, it tells the classes apart; how well is the mutual
information of outcome and class (Lindley, Ann. Math. Stat. 27, 986 (1956)),

.. math:: I = H(C) + \mathrm{E}\left[\log_2 p(c \mid y)\right],

with the expectation over films of class c and over the photon noise of their outcomes.
"""

from __future__ import annotations

import math

import numpy as np
import scipy
from numpy.typing import ArrayLike

from tptools.arrays import FloatArray, IntArray
from tptools.checks import check_fits, check_integer, check_number
from tptools.estimate import Estimate
from tptools.fitting import cramer_rao_bound
from tptools.instruments import Microscope, Scan
from tptools.randomness import generator
from tptools.records import as_numbers
from tptools.units import FWHM_PER_SIGMA

__all__ = ["expected_information", "photon_error_cm2_s", "photons_needed"]

MOST_DRAWS = 10_000
BANDWIDTHS = np.geomspace(0.03, 10.0, 14)
"""Tried for the kernels, over the spread of the outcomes."""
LONE, LEAST_LOG_SHARE = -200.0, -math.log(1000.0)
"""Log kernels of an outcome far from every film, and what one film is doubted at most."""


def photon_error_cm2_s(
    diffusivity_cm2_s: float,
    photons: float,
    *,
    spot_fwhm_nm: float = 500.0,
    lifetime_ns: float = 2.3,
    background_share: float = 0.1,
) -> float:
    """Standard error of D that photon noise leaves to the best fit of a scan.

    Parameters
    ----------
    diffusivity_cm2_s : float
        What is measured.
    photons : float
        In the first 3 ns, without background.
    spot_fwhm_nm : float, optional
        Of the laser; the microscope blurs it.
    lifetime_ns : float, optional
        Of the light.
    background_share : float, optional
        Background counts over photons.

    Returns
    -------
    float
        `tptools.fitting.cramer_rao_bound`, which falls as one over the root of `photons`.

    Raises
    ------
    ValueError
        If a number is out of range.

    Examples
    --------
    >>> few, many = (photon_error_cm2_s(0.05, n) for n in (1e5, 4e5))
    >>> round(few / many, 2)
    2.0
    """
    photons = check_number("photons", photons, above=0)
    lifetime_ns = check_number("lifetime_ns", lifetime_ns, above=0)
    share = check_number("background_share", background_share, at_least=0)
    microscope = Microscope()
    time_ns = np.arange(0, 3, 0.05)
    decay = np.exp(-time_ns / lifetime_ns)
    position_nm = Scan().positions_nm
    return cramer_rao_bound(
        time_ns,
        position_nm,
        photons * decay / decay.sum(),
        diffusivity_cm2_s=diffusivity_cm2_s,
        variance_nm2=(microscope.image_fwhm_nm(spot_fwhm_nm) / FWHM_PER_SIGMA) ** 2,
        background=share * photons / (time_ns.size * position_nm.size),
    )


def expected_information(
    outcomes: ArrayLike, std_err: ArrayLike, classes: ArrayLike, *, seed: int, n_draws: int = 20
) -> Estimate:
    r"""Mutual information between what a measurement reads and the class of the film, in bits.

    Nested Monte Carlo: an outer draw of a film and of the noise in its outcome y, an inner mean
    over all *other* films for :math:`p(y \mid c)`. Films stand for their class by a Gaussian kernel
    with the covariance of the noise plus that of all outcomes times a bandwidth squared. Since the
    film itself is left out, every bandwidth gives a lower bound of the information (Barber and
    Agakov, NIPS 16, 201 (2003)); the best is taken.

    Parameters
    ----------
    outcomes : array_like of shape (n_films, n_shots)
        What each film would read with endless light.
    std_err : array_like of shape (n_shots,)
        Noise of one measurement, independent between shots.
    classes : array_like of shape (n_films,)
        Label of each film; at least two films of each.
    seed : int
        Of the noise.
    n_draws : int, optional
        Outcomes drawn of each film.

    Returns
    -------
    Estimate
        In bits, between about 0 and the entropy of the classes; its error comes from the scatter
        over films.

    Raises
    ------
    ValueError
        If shapes do not fit, an error is not positive, or a class has a single film.

    Examples
    --------
    >>> films = np.repeat([0.0, 1.0], 50)[:, None]
    >>> round(expected_information(films, [0.01], films[:, 0], seed=1).value, 2)
    1.0
    """
    values, noise, labels = _check_outcomes(outcomes, std_err, classes)
    n_draws = check_integer("n_draws", n_draws, at_least=1, below=MOST_DRAWS)
    n_films, n_shots = values.shape
    check_fits(
        f"n_draws = {n_draws} of {n_films} films in {n_shots} shots",
        8 * n_draws * n_films * (n_films * max(n_shots + 1, 9) + 3 * n_shots),
        "lower n_draws, or give fewer films",
    )
    draws = generator(seed, "expected information").normal(size=(n_draws, *values.shape))
    seen = values + noise * draws
    spread = np.atleast_2d(np.cov(values, rowvar=False))
    counts = np.bincount(labels)
    entropy = float(scipy.stats.entropy(counts, base=2))
    each = [
        entropy + _log2_right(seen, values, np.diag(noise**2) + width**2 * spread, labels)
        for width in BANDWIDTHS
    ]
    best = max(each, key=lambda one: float(one.mean()))
    error = float(best.std(ddof=1) / math.sqrt(best.size))
    return Estimate(float(best.mean()), error, "bit", "nested Monte Carlo")


def _check_outcomes(
    outcomes: ArrayLike, std_err: ArrayLike, classes: ArrayLike
) -> tuple[FloatArray, FloatArray, IntArray]:
    values = as_numbers("outcomes", outcomes)
    noise = as_numbers("std_err", std_err)
    if values.ndim != 2 or noise.shape != values.shape[1:] or np.shape(classes) != values.shape[:1]:
        raise ValueError(
            f"outcomes has shape {values.shape}, std_err {noise.shape} and classes "
            f"{np.shape(classes)}; give (films, shots), (shots,) and (films,)"
        )
    if not (np.isfinite(values).all() and (noise > 0).all()):
        raise ValueError("outcomes must be finite and std_err above 0; leave out other shots")
    names, labels = np.unique(np.asarray(classes), return_inverse=True)
    counts = np.bincount(labels)
    if counts.min() < 2:
        alone = names[counts.argmin()]
        raise ValueError(f"class {alone!r} has a single film; merge it, or give more films")
    return values, noise, labels


def _log2_right(
    seen: FloatArray, values: FloatArray, covariance: FloatArray, labels: IntArray
) -> FloatArray:
    """Mean over draws of log2 p(own class | outcome) of every film, itself left out."""
    whiten = np.linalg.inv(np.linalg.cholesky(covariance)).T
    distance2 = _squared_distances(seen @ whiten, values @ whiten)
    log_kernel = np.where(np.eye(len(values), dtype=bool), -np.inf, -distance2 / 2)
    same = labels[:, None] == labels
    own = scipy.special.logsumexp(np.where(same, log_kernel, -np.inf), axis=-1)
    everyone = scipy.special.logsumexp(log_kernel, axis=-1)
    # far from all others nothing is known but how frequent the class is
    prior = (np.bincount(labels)[labels] - 1) / (len(values) - 1)
    with np.errstate(invalid="ignore"):
        share = np.where(everyone < LONE, np.log(prior), own - everyone)
    return (np.maximum(share, LEAST_LOG_SHARE) / math.log(2)).mean(0)


def _squared_distances(near: FloatArray, centres: FloatArray) -> FloatArray:
    """Of every film of every draw from every centre; one array of differences is held."""
    apart = near[:, :, None] - centres
    return np.square(apart, out=apart).sum(-1)


def photons_needed(
    first: ArrayLike, second: ArrayLike, std_err: ArrayLike, photons: float, z: float = 3.0
) -> float:
    """Photons for which two films differ by so many standard errors, all shots together.

    Parameters
    ----------
    first, second : array_like of shape (n_shots,)
        What either film would read with endless light.
    std_err : array_like of shape (n_shots,)
        Errors of the shots.
    photons : float
        Of an experiment with these errors.
    z : float, optional
        Wanted distance.

    Returns
    -------
    float
        Infinite where both read the same.

    Raises
    ------
    ValueError
        If an error or a number is not positive.

    Examples
    --------
    >>> round(photons_needed([0.02, 0.05], [0.02, 0.06], [0.01, 0.01], 1e5))
    900000
    """
    a, b = as_numbers("first", first), as_numbers("second", second)
    noise = as_numbers("std_err", std_err)
    if not a.shape == b.shape == noise.shape:
        raise ValueError(
            f"first has shape {a.shape}, second {b.shape} and std_err {noise.shape}; give a "
            "value of each for every shot"
        )
    photons = check_number("photons", photons, above=0)
    z = check_number("z", z, above=0)
    if not (noise > 0).all():
        raise ValueError("std_err must be above 0; leave out shots without an error")
    distance2 = float((((a - b) / noise) ** 2).sum())
    return photons * z**2 / distance2 if distance2 else math.inf
