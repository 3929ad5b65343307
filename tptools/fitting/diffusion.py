"""From a map of counts over time and position to the diffusivity, by four methods."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Literal

import numpy as np
import xarray as xr

from tptools.checks import check_choice
from tptools.estimate import Estimate
from tptools.fitting.convolution import convolution_fit
from tptools.fitting.likelihood import global_fit
from tptools.fitting.moment import moment_fit
from tptools.fitting.records import Slices, slices_of_window
from tptools.fitting.slices import fit_slices

__all__ = ["diffusivity"]

Method = Literal["slices", "global", "convolution", "moment"]


def diffusivity(
    counts: xr.DataArray,
    method: Method = "slices",
    *,
    window_ns: tuple[float, float] = (0.0, 3.0),
    goodness: bool = True,
) -> Estimate:
    r"""Diffusivity D of a map in which the variance of the spot grows as 2Dt.

    Parameters
    ----------
    counts : xarray.DataArray
        Counts, as recorded, over ``time_ns`` and ``position_nm``. NaN, as ``counts.where(good)``
        gives, is left out by all methods: dead positions, cosmic rays, lost slices.
    method : str
        ``slices``
            The paper's (Supplementary Note 3): a Gaussian with a constant background to every
            slice, each count with the same weight; growth since the first slice; line through
            the origin (`line_through_slices`). The noise of the first slice is common to all
            points, which the error of the line does not know.
        ``global``
            One Poisson maximum-likelihood fit of `spreading_spot` with D, spot variance, centre
            and background for all slices, and a free intensity for each. Reaches
            `cramer_rao_bound` on Gaussian spots. Error from the Fisher information.
        ``convolution``
            Profiles are the first one, of any shape, convolved with Gaussians of variance 2Dt
            (Sheehan and Tisdale). All slices find the first profile together, so that its noise
            counts; slices are summed to groups that stand for their mean time. Error of the
            linearised fit: what is found scatters by 0.9 to 1.15 of it, for Gaussians and flat
            tops, with D of 0 and 0.02 cm2/s, from 1e5 to 1e7 counts in the map. Where sharp
            edges spread, D is low by up to 0.4 of it. A spot that is brightest at the end of the
            window is not told from one that stays, and its misfit is noted. Positions have to be
            equally spaced, but for gaps.
        ``moment``
            Line through the second moments :math:`\kappa_2` about the common centre, after
            subtraction of the mean count of the outermost twentieths of the positions. These
            have to hold the spot with all its wings and some background, or D comes out too
            low. Error from Poisson noise. The note has the excess kurtosis of the spreading,
            :math:`\Delta\kappa_4 / \Delta\kappa_2^2`, less what the likeliest Gaussian map has
            in this window. It is 0 for Gaussian spreading of a spot of any shape (Arévalo Rodríguez
            et al.); beyond 3 standard errors the note warns of ``non-Gaussian spreading``.
    window_ns : tuple of float
        First and last time that count; the first slice in there is time zero of the growth.
    goodness : bool, optional
        Whether to look at how well the model fits, by the `goodness` and `note` of what is found,
        which takes more than half of the time. Value and error are the same without.

    Returns
    -------
    Estimate
        In cm2/s; negative if the spot narrows. NaN, with the reason as note, if the map does not
        determine it. Its ``goodness`` and ``note`` say whether the model fits (see Notes).

    Raises
    ------
    ValueError
        If the method is unknown, dimensions are missing, times or positions do not increase, a
        count is negative or infinite, or fewer than 3 slices lie in the window. For all methods but
        ``slices``, whose background is free in every slice, if times are unequally spaced and
        the record has no widths of its bins (``time_width_ns``), by which the background scales.

    Notes
    -----
    The goodness of fit is that of Poisson counts, with the mean and variance that they have where
    they are few (`tptools.fitting.misfit`): of single readings and of sums over groups of
    slices for ``global``; of the likeliest Gaussian in every group, their sum, and the line through
    their variances for ``slices``; of the groups for ``convolution``; of the line
    through the second moments, the rest of the centre and the equality of both ends for ``moment``,
    in which a Gaussian spot may lose its wings. A p-value below 0.001 is noted, with the
    position or reading that differs from its neighbours by more than 5 standard errors, if there is
    one: a record of the model itself gives such a note once in a thousand. Where the model explains
    less than half of how the sum of all slices differs from a flat line, beyond three standard
    errors, there is no spot that spreads and the value is NaN. Any other misfit leaves the value,
    which may be right. Whole counts that scatter less than photons do (p < 1e-6) are noted too.

    References
    ----------
    Sheehan and Tisdale, MRS Fall Meeting 2024, abstract 4154529.

    Arévalo Rodríguez et al., J. Phys. Chem. Lett. (2026).

    Examples
    --------
    >>> import numpy as np
    >>> from tptools.fitting import spreading_spot
    >>> t, x = np.arange(0, 3, 0.05), np.linspace(-900, 900, 61)
    >>> spot = {"diffusivity_cm2_s": 0.05, "variance_nm2": 212**2, "background": 1}
    >>> counts = spreading_spot(t, x, 1e4 * np.exp(-t / 2), **spot).round()
    >>> [round(diffusivity(counts, method).value, 3) for method in ("slices", "global")]
    [0.05, 0.05]
    """
    check_choice("method", method, tuple(_METHODS))
    record = slices_of_window(counts, window_ns, exposures=method != "slices")
    found = _METHODS[method](record, goodness)
    values = record.counts
    if method != "slices" and ((values != np.round(values)) & ~np.isnan(values)).any():
        note = "counts are no integers, and the error is for Poisson"
        return replace(found, note=f"{found.note}; {note}" if found.note else note)
    return found


_METHODS: dict[str, Callable[[Slices, bool], Estimate]] = {
    "slices": fit_slices,
    "global": global_fit,
    "convolution": convolution_fit,
    "moment": moment_fit,
}
