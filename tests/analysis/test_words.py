"""What is said of a record: each word where it is true, and nowhere else."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import scans
import xarray as xr

from tptools.analysis.shape import SpotShape
from tptools.analysis.words import slices_reasons, warnings_of
from tptools.estimate import Estimate, Goodness
from tptools.fitting import fit_decay

NAN = float("nan")
ALL_FIT = Goodness(10.0, 10.0, 0.5)


def d(method, value=0.05, std_err=0.001, goodness=ALL_FIT, note=""):
    """A diffusivity by a method."""
    return Estimate(value, std_err, "cm2/s", method, note, goodness=goodness)


def by_method(*each):
    """Diffusivities by the names of their methods."""
    return {one.method: one for one in each}


def shape(at_first=0.0, at_last=0.0, factor=1.0, std_err=0.0):
    """A spot; of a Gaussian by default."""
    return SpotShape(*(Estimate(one, std_err, "", "") for one in (at_first, at_last, factor)))


FOUND = by_method(*map(d, ("global", "convolution", "moment", "slices")))


@pytest.mark.parametrize(
    ("spot", "words"),
    [
        (shape(), ""),
        (shape(-0.04), ""),
        (shape(-0.06), "flat top at first"),
        (shape(0.06), "wings beside a sharp peak at first"),
        (shape(0.0, -0.06), "flat top later"),
        (shape(0.0, 0.06), "wings beside a sharp peak later"),
        (shape(0.39, -0.39, 1.29, std_err=0.1), ""),
        (shape(0.41, std_err=0.1), "wings beside a sharp peak at first"),
        (shape(0.0, 0.0, 1.31, std_err=0.1), "slices read 1.31 ± 0.10 times"),
        (shape(factor=1.09), ""),
        (shape(factor=0.89), "slices read 0.89"),
        (shape(NAN, NAN, NAN), ""),
    ],
)
def test_a_shape_is_named_where_it_is_sure_and_notable(spot, words):
    """Four errors and 0.05 of kurtosis, three errors and a tenth of D; not what is not known."""
    said = slices_reasons(FOUND, spot)
    assert len(said) == bool(words)
    assert all(words in one for one in said)


@pytest.mark.parametrize("name", ["convolution", "moment"])
def test_slices_are_held_against_a_method_for_any_shape(name):
    """By the convolution, or by moments without it, beyond three errors and a tenth of D."""
    for value, std_err, differs in (
        (0.054, 0.001, False),
        (0.056, 0.001, True),
        (0.044, 0.001, True),
        (0.056, 0.002, False),
        (0.057, 0.002, True),
    ):
        found = by_method(d("global", 0.09), d(name, value, std_err), d("slices"))
        assert len(slices_reasons(found, shape())) == differs, (value, std_err)
    alone = by_method(d("global", 0.09), d("slices"))
    assert slices_reasons(alone, shape()) == ()


def test_a_method_without_a_value_does_not_hide_the_next():
    """Where the convolution gives nothing, slices are held against moments."""
    found = FOUND | {"convolution": d("convolution", NAN), "moment": d("moment", 0.09)}
    assert "and moment, which takes" in slices_reasons(found, shape())[0]
    assert slices_reasons(FOUND | {"convolution": d("convolution", NAN)}, shape()) == ()


def test_what_moments_and_slices_say_themselves_counts():
    """Spreading that is not Gaussian, and slices without a value or not asked for."""
    bent = d("moment", note="non-Gaussian spreading")
    assert "not spread as a Gaussian" in slices_reasons(FOUND | {"moment": bent}, shape())[0]
    for found in (FOUND | {"slices": d("slices", NAN)}, by_method(d("global"))):
        assert slices_reasons(found, shape()) == ("they give no value",)


@pytest.fixture(scope="module")
def record():
    """What is known of a scan about which there is nothing to say."""
    counts = scans.scan().counts
    decay = counts.sum("position_nm")
    return {
        "counts": counts,
        "window_ns": (0.0, 3.0),
        "found": FOUND,
        "decay": decay,
        "background": 0.01 * float(decay.max()),
        "lifetime": fit_decay(decay, window_ns=(0.0, 3.0), background=41.0),
        "bad": np.zeros(0),
        "attrs": {},
    }


def scaled(total):
    """The record with this many counts in its window."""

    def change(record):
        whole = float(record["counts"].sel(time_ns=slice(0, 3.001)).sum())
        return {"counts": record["counts"] * (total / whole)}

    return change


def before(share):
    """The record with this share of its highest light before the pulse."""
    return lambda record: {"background": share * float(record["decay"].max())}


def between(low_nm, high_nm, step=1):
    """The record between two positions, every so many of them."""
    return lambda record: {
        "counts": record["counts"].sel(position_nm=slice(low_nm, high_nm))[:, ::step]
    }


def lifetime(**given):
    """The record with another fit of its decay."""
    return lambda record: {"lifetime": replace(record["lifetime"], **given)}


def methods(*each):
    """The record with other diffusivities."""
    return lambda _: {"found": by_method(*each)}


MISFIT = Goodness(100.0, 10.0, 1e-4)
UNKNOWN = Estimate(NAN, NAN, "ns", "", "not determined by this record: too short")


WARNINGS = {
    "none": (lambda _: {}, ""),
    "measured": (lambda _: {"attrs": {"origin": "measured", "time_zero_from": "rise"}}, ""),
    "simulated": (lambda _: {"attrs": {"origin": "simulated"}}, "was simulated"),
    "no rise": (lambda _: {"attrs": {"time_zero_from": "clock of the file"}}, "No rise of light"),
    "bad positions": (lambda _: {"bad": np.array([60.0, -120.5])}, "left out: 60, -120.5 nm. Keep"),
    "enough counts": (scaled(10010), ""),
    "few counts": (scaled(9990), "holds 9990 counts, which are few"),
    "some light before": (before(0.019), ""),
    "more light before": (before(0.021), "Before the pulse there is 2.1 % of the highest light"),
    "nothing from before": (lambda _: {"background": None}, ""),
    "no lifetime": (lambda _: {"lifetime": None}, "too few times with light for a lifetime"),
    "unknown lifetime": (
        lifetime(parameters={"lifetime_ns": UNKNOWN}),
        "not determine a lifetime: too short.",
    ),
    "no exponential": (lifetime(p_value=1e-4), "no single exponential"),
    "perhaps an exponential": (lifetime(p_value=2e-3), ""),
    "wide enough": (between(-900, 900), ""),
    "too narrow below": (between(-660, 1200), "ends 2.4 widths"),
    "too narrow above": (between(-1200, 660), "ends 2.4 widths"),
    "steps": (between(-1200, 1200, 5), "Steps of 300 nm are wider than the spot"),
    "short steps": (between(-1200, 1200, 4), ""),
    "no spot": (lambda one: {"counts": xr.full_like(one["counts"], 9.0)}, "no spot with a width: "),
    "no value": (methods(d("global", NAN), d("moment", NAN)), "No method gives a diffusivity"),
    "one fits": (methods(d("global", goodness=MISFIT), d("moment")), ""),
    "one may fit": (methods(d("global", goodness=MISFIT), d("moment", goodness=None)), ""),
    "none fits": (methods(d("global", goodness=MISFIT), d("moment", NAN)), "No method fits to the"),
    "methods agree": (methods(d("global"), d("moment", 0.054), d("slices", 0.052)), ""),
    "methods disagree": (
        methods(d("slices", 0.052), d("moment", 0.055), d("global")),
        "Methods disagree: global reads 0.0500 ± 0.0010 cm2/s, moment 0.0550 ± 0.0010 cm2/s.",
    ),
    "narrowing": (methods(d("global", -0.05), d("moment", -0.051)), "The spot narrows"),
    "perhaps narrowing": (methods(d("global", -0.0025), d("moment", -0.0032)), ""),
    "perhaps no spreading": (methods(d("global", 0.0019), d("moment", -0.0021)), ""),
    "no spreading": (methods(d("global", 0.0019), d("moment", -0.0019)), "D is not told from zero"),
}


@pytest.mark.parametrize("case", WARNINGS)
def test_a_warning_is_said_where_it_is_true(record, case):
    """One at a time, just beyond the limit of each, and none just within it."""
    change, words = WARNINGS[case]
    said = warnings_of(**(record | change(record)))
    assert len(said) == bool(words), said
    assert all(words in one for one in said)
