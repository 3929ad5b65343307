"""Histograms as instruments store them: PicoQuant's .phu and Becker & Hickl's .sdt."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from tptools.io.reading import (
    SECOND_NS,
    Reading,
    Told,
    bins,
    named,
    plain_settings,
    quietly,
    unreadable,
)
from tptools.io.streams import bins_of_period


def read_phu(path: Path, told: Told) -> Reading:
    """A .phu file (ptufile) with one curve or several; the bins after the period are none."""
    with quietly(path):
        import ptufile

        with ptufile.PhuFile(path) as file:
            curves, tags = file.histograms(), file.tags
            stated = tags["HistResDscr_HistogramBins"]
            widths = np.unique(tags.get("HistResDscr_MDescResolution", [file.tcspc_resolution]))
            rates = tags.get("HistResDscr_SyncRate", [0])
    if any(one.size != n for one, n in zip(curves, stated, strict=True)):
        raise unreadable(path, "its last curve is not complete", "copy it again")
    if not curves or not any(one.any() for one in curves):
        raise unreadable(path, "it has no photons")
    if widths.size != 1 or not widths[0] > 0:
        raise unreadable(path, f"its curves have bins of {widths} s", "save them one by one")
    bin_ns = SECOND_NS * float(widths[0])
    rates_Hz = [float(one) for one in rates if one > 0]
    period_ns = SECOND_NS / float(np.median(rates_Hz)) if rates_Hz else None
    longest = max(one.size for one in curves)
    counts = np.stack([np.pad(one.astype(np.int64), (0, longest - one.size)) for one in curves])
    kept = max(bins_of_period(period_ns, bin_ns), np.flatnonzero(counts.any(axis=0))[-1] + 1)
    settings = plain_settings(tags)
    return Reading(bins(counts[:, :kept], bin_ns), named("ptufile"), period_ns, settings)


def read_sdt(path: Path, told: Told) -> Reading:
    """A .sdt file (sdtfile) with curves, a line or an image; every data block is a channel.

    The file says the range of the converter, but not the period of the laser.
    """
    with quietly(path):
        import sdtfile

        # a stream of ours is closed also where the reader fails
        with path.open("rb") as stream, sdtfile.SdtFile(stream) as file:
            blocks, times, heads = file.data, file.times, file.block_headers
            info = file.measure_info[0]
            sizes = [int(head.block_length) for head in heads]
    if any(one.nbytes != n for one, n in zip(blocks, sizes, strict=True)):
        raise unreadable(path, "its last block is not complete", "copy it again")
    if not blocks or not any(one.any() for one in blocks):
        raise unreadable(path, "it has no photons")
    # times start at 0
    shapes, steps = {one.shape for one in blocks}, {float(one[1]) for one in times}
    if len(shapes) != 1 or len(steps) != 1:
        raise unreadable(
            path, f"its blocks have shapes {shapes} and bins of {steps} s", "save them one by one"
        )
    settings = plain_settings({name: info[name] for name in info.dtype.names})
    counts = _blocks(path, blocks, SECOND_NS * steps.pop())
    return Reading(counts, named("sdtfile"), None, settings)


def _blocks(path: Path, blocks: list[Any], bin_ns: float) -> xr.DataArray:
    """Counts of blocks of one shape; one block of several curves is as many channels."""
    stacked = np.stack(blocks).astype(np.int64)
    if stacked.ndim == 3:
        return bins(np.concatenate(stacked), bin_ns)
    if stacked.ndim == 4:
        return bins(stacked, bin_ns, "y_nm", "x_nm")
    raise unreadable(path, f"its blocks have shape {blocks[0].shape}", "save one channel at a time")
