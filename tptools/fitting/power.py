"""What a test would have noticed: the other half of "no difference was seen"."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

from tptools.checks import check_number

__all__ = ["power_of_agreement"]


def power_of_agreement(
    difference: ArrayLike, a_err: ArrayLike, b_err: ArrayLike, *, level: float = 0.05
) -> float:
    r"""Chance that `tptools.fitting.agree` finds two series apart that really are.

    Its :math:`\chi^2` then follows the noncentral distribution with as many degrees of freedom as
    there are pairs and :math:`\lambda = \sum d^2 / (s_a^2 + s_b^2)`.

    Parameters
    ----------
    difference : array_like
        True difference d of each pair.
    a_err, b_err : array_like
        Standard errors of both series, of the same length.
    level : float, optional
        The series count as apart where the p value is below this.

    Returns
    -------
    float
        From `level`, where there is no difference, to 1.

    Raises
    ------
    ValueError
        If `level` is not between 0 and 1, or a pair has no error.

    Examples
    --------
    >>> round(power_of_agreement([0.0, 0.0], [1, 1], [1, 1]), 2)
    0.05
    >>> round(power_of_agreement([3.0, 3.0], [1, 1], [1, 1]), 2)
    0.77
    """
    check_number("level", level, above=0, below=1)
    d, a, b = np.broadcast_arrays(*(np.asarray(one, float) for one in (difference, a_err, b_err)))
    variance = a**2 + b**2
    if not (variance > 0).all():
        raise ValueError("a_err and b_err must not both be zero; give the error of one at least")
    threshold = stats.chi2.isf(level, d.size)
    shift = float((d**2 / variance).sum())
    # at a shift of zero scipy's noncentral distribution is not defined by all versions
    return float(stats.ncx2.sf(threshold, d.size, shift)) if shift > 0 else level
