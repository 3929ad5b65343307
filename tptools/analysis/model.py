"""What the likeliest Gaussian spot makes of a record."""

from __future__ import annotations

import xarray as xr

from tptools.analysis.scan import Analysis
from tptools.checks import check_type
from tptools.fitting.likelihood import likeliest_map
from tptools.fitting.records import select_window, slices_of_window

__all__ = ["expected_counts"]


def expected_counts(found: Analysis) -> xr.Dataset | None:
    """Find the counts of the window, and those of the spot of the global fit.

    Parameters
    ----------
    found : Analysis
        From `analyse`.

    Returns
    -------
    Dataset or None
        ``counts`` and ``expected`` over (time_ns, position_nm), without positions that are left
        out; None where there is no such spot.

    Raises
    ------
    TypeError
        If `found` is none.

    Examples
    --------
    ::

        expected_counts(analyse(record)).expected
    """
    check_type("found", found, Analysis, remedy="give what analyse returns")
    window = found.counts, found.window_ns
    expected = likeliest_map(slices_of_window(*window, exposures=True).without_masked_positions())
    if expected is None:
        return None
    record = select_window(*window).dropna("position_nm", how="all")
    return xr.Dataset({"counts": record, "expected": record.copy(data=expected)})
