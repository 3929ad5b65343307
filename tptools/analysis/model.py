"""What the likeliest Gaussian spot makes of a record."""

from __future__ import annotations

import xarray as xr

from tptools.analysis.scan import Analysis
from tptools.checks import check_type
from tptools.fitting.likelihood import likeliest_map
from tptools.fitting.records import drop_masked_positions, select_window

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
    record = drop_masked_positions(select_window(found.counts, found.window_ns, exposures=True))
    expected = likeliest_map(record)
    if expected is None:
        return None
    return xr.Dataset({"counts": record, "expected": record.copy(data=expected)})
