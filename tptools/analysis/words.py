"""What a reader has to know of a record, in plain words."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import xarray as xr

from tptools.analysis.shape import SpotShape
from tptools.arrays import FloatArray
from tptools.estimate import Estimate
from tptools.fitting import MISFIT_P, Fit, fit_profiles
from tptools.fitting.records import select_window

CLEAR = 3.0
"""Standard errors from which a difference is worth a word."""

NOTABLE = 0.1
"""Share of D from which an error of the method is worth a word."""

SURE_KURTOSIS, NOTABLE_KURTOSIS = 4.0, 0.05
"""Excess kurtosis in standard errors, and by itself, from which a shape is worth a word."""

FEW = 1e4
EARLIER_LIGHT = 0.02
"""Share of the highest counts; more, before the pulse, is light of earlier ones or of the room."""


def slices_reasons(found: Mapping[str, Estimate], shape: SpotShape) -> tuple[str, ...]:
    """Why slices are not to be trusted with a record."""
    return tuple(_slices_reasons(found, shape))


def _slices_reasons(found: Mapping[str, Estimate], shape: SpotShape) -> Iterator[str]:
    factor = shape.slices_factor
    for when, kurtosis in (
        ("at first", shape.kurtosis_at_first),
        ("later", shape.kurtosis_at_last),
    ):
        if not abs(kurtosis.value) >= max(SURE_KURTOSIS * kurtosis.std_err, NOTABLE_KURTOSIS):
            continue
        if kurtosis.value < 0:
            yield f"the spot has a flat top {when} (excess kurtosis {kurtosis})"
        else:
            yield f"the spot has wings beside a sharp peak {when} (excess kurtosis {kurtosis})"
    if abs(factor.value - 1) > max(CLEAR * factor.std_err, NOTABLE):
        yield f"of a spot of this shape slices read {factor} times the D of normal diffusion"
    if "moment" in found and "non-Gaussian" in found["moment"].note:
        yield "the spot does not spread as a Gaussian does: D differs from place to place"
    slices = found.get("slices")
    if slices is None or math.isnan(slices.value):
        yield "they give no value"
        return
    others = [found[one] for one in ("convolution", "moment") if one in found]
    other = next((one for one in others if math.isfinite(one.value)), slices)
    apart = math.hypot(slices.std_err, other.std_err)
    if abs(slices.value - other.value) > max(CLEAR * apart, NOTABLE * abs(other.value)):
        yield f"they read {slices}, and {other.method}, which takes a spot of any shape, {other}"


def warnings_of(
    counts: xr.DataArray,
    window_ns: tuple[float, float],
    found: Mapping[str, Estimate],
    decay: xr.DataArray,
    background: float | None,
    lifetime: Fit | None,
    bad: FloatArray,
    attrs: Mapping[str, Any],
) -> tuple[str, ...]:
    """Warnings of a scan."""
    record = select_window(counts, window_ns)
    return (
        *_of_the_record(record, bad, attrs),
        *_of_the_light(decay, background, lifetime),
        *_of_the_spot(record),
        *_of_the_methods(found),
    )


def _of_the_record(
    record: xr.DataArray, bad: FloatArray, attrs: Mapping[str, Any]
) -> Iterator[str]:
    if attrs.get("origin") == "simulated":
        yield "This record was simulated."
    if bad.size:
        places = ", ".join(f"{one:g}" for one in bad)
        yield (
            f"Positions that hold too few or too many counts for their neighbours are left out: "
            f"{places} nm. Keep them with keep_bad if they are right."
        )
    n_photons = float(record.sum())
    if n_photons < FEW:
        yield f"The window holds {n_photons:.0f} counts, which are few: errors are wide and skewed."
    if "time_zero_from" in attrs and str(attrs["time_zero_from"]).startswith("clock"):
        yield (
            "No rise of light was found, so that times are those of the file; say time_zero_ns if "
            "the pulse came at another time."
        )


def _of_the_light(
    decay: xr.DataArray, background: float | None, lifetime: Fit | None
) -> Iterator[str]:
    top = float(decay.max())
    if background is not None and background > EARLIER_LIGHT * top:
        yield (
            f"Before the pulse there is {100 * background / top:.1f} % of the highest light: dark "
            "counts, or light of earlier pulses, which have spread longer. Fewer pulses per second "
            "would tell."
        )
    if lifetime is None:
        yield "The window holds too few times with light for a lifetime."
    elif not math.isfinite(lifetime["lifetime_ns"].value):
        note = lifetime["lifetime_ns"].note.removeprefix("not determined by this record: ")
        yield f"The record does not determine a lifetime: {note}."
    elif lifetime.p_value < MISFIT_P:
        yield "The decay is no single exponential in the window; its lifetime is a mean of sorts."


def _of_the_spot(record: xr.DataArray) -> Iterator[str]:
    whole = fit_profiles(record.sum("time_ns", min_count=1))
    if reason := whole["reason"].item():
        yield f"The sum of all slices shows no spot with a width: {reason}."
        return
    centre, width = float(whole["centre_nm"]), math.sqrt(float(whole["variance_nm2"]))
    at = record["position_nm"].to_numpy()
    reach = min(centre - at[0], at[-1] - centre) / width
    if reach < CLEAR:
        yield (
            f"The scan ends {reach:.1f} widths from the centre of the spot; the background is "
            "known badly, and moments are too small. Three widths or more are needed."
        )
    step = float(np.diff(at).max())
    if step > width:
        yield f"Steps of {step:g} nm are wider than the spot ({width:.0f} nm, one sigma)."


def _of_the_methods(found: Mapping[str, Estimate]) -> Iterator[str]:
    known = [one for one in found.values() if math.isfinite(one.value)]
    if not known:
        yield "No method gives a diffusivity: there is no spot that spreads, or too little light."
        return
    if all(one.goodness and one.goodness.p_value < MISFIT_P for one in known):
        yield (
            "No method fits to the noise. The errors are those of photon noise, and the truth may "
            "lie beyond them: compare the methods."
        )
    low, high = min(known, key=lambda one: one.value), max(known, key=lambda one: one.value)
    if high.value - low.value > CLEAR * math.hypot(high.std_err, low.std_err):
        yield f"Methods disagree: {low.method} reads {low}, {high.method} {high}."
    if all(one.value < -CLEAR * one.std_err for one in known):
        yield "The spot narrows: this is no diffusion, or time zero is wrong."
    if all(abs(one.value) < 2 * one.std_err for one in known):
        yield "D is not told from zero."
