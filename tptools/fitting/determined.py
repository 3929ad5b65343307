"""What a fit does not tell: parameters that a record leaves open, and points that spoil it."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from tptools.arrays import BoolArray, FloatArray
from tptools.estimate import joined
from tptools.fitting.result import Fit, misfit_note

OUTLIER = 6.0
"""Standard errors from the curve at which one point cannot be noise."""

MOST_OUTLIERS = 0.01
"""Share of the points that may be left out; of few points, one."""


def undetermined(fit: Fit, reason: str, *names: str) -> Fit:
    """The fit with NaN and a note in place of parameters; of all without `names`.

    Examples
    --------
    >>> from tptools.fitting import fit_power_law
    >>> fit = fit_power_law([1, 2, 4, 8], [3.0, 5.9, 12.1, 24.0])
    >>> undetermined(fit, "powers are too few", "exponent")["exponent"].note
    'not determined by this record: powers are too few'
    """
    note = f"not determined by this record: {reason}"
    lost = {
        name: replace(fit[name], value=math.nan, std_err=math.nan, note=note)
        for name in names or fit
    }
    return replace(fit, parameters={**fit.parameters, **lost})


def without_outliers(
    fit_of: Callable[[BoolArray], Fit],
    pulls_of: Callable[[Fit], FloatArray],
    place: Callable[[BoolArray], str],
    n_points: int,
) -> Fit:
    """The fit of all points; or, if it misses, of all but the few that it misses by far.

    Parameters
    ----------
    fit_of : callable
        From the points to be kept to their fit.
    pulls_of : callable
        From a fit to the residuals of all points, in standard errors.
    place : callable
        From points to the text that says where they lie.
    n_points : int
        Number of points.
    """
    kept = np.ones(n_points, bool)
    found = whole = fit_of(kept)
    for _ in range(max(1, int(MOST_OUTLIERS * n_points))):
        if not misfit_note(found.goodness):
            break
        kept[np.where(kept, np.abs(pulls_of(found)), 0.0).argmax()] = False
        found = fit_of(kept)
    far = np.abs(pulls_of(found)) > OUTLIER
    if kept.all() or misfit_note(found.goodness) or not far[~kept].all():
        return whole
    note = f"left out what no such curve passes: {place(~kept)}"
    noted = {name: replace(one, note=joined("; ", one.note, note)) for name, one in found.items()}
    return replace(found, parameters=noted)
