"""What the likeliest Gaussian spot makes of a record."""

from __future__ import annotations

import xarray as xr

from tptools.analysis.scan import Analysis
from tptools.fitting.likelihood import likeliest_map
from tptools.fitting.records import drop_masked_positions, select_window


def expected_counts(found: Analysis) -> xr.Dataset | None:
    """Counts of the window, and those of the spot of the global fit; none where there is none.

    Examples
    --------
    ::

        expected_counts(analyse(record)).expected
    """
    record = drop_masked_positions(select_window(found.counts, found.window_ns, exposures=True))
    expected = likeliest_map(record)
    if expected is None:
        return None
    return xr.Dataset({"counts": record, "expected": record.copy(data=expected)})
