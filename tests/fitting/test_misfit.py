"""Tests of tptools.fitting.misfit: fits that are right pass, and what is wrong is said."""

from functools import cache

import numpy as np
import pytest
import xarray as xr

from tptools.fitting import diffusivity, line_through_slices, misfit, spreading_spot

METHODS = ["slices", "global", "convolution", "moment"]
TIME_NS = np.arange(0, 3, 0.05)
POSITION_NM = np.linspace(-900, 900, 61)
SPOT = {"diffusivity_cm2_s": 0.05, "variance_nm2": 212.0**2, "background": 1.0}


def expected(slice_counts=1e4, **changed):
    return spreading_spot(
        TIME_NS, POSITION_NM, slice_counts * np.exp(-TIME_NS / 2), **SPOT | changed
    )


def drawn(mean, seed=1):
    return mean.copy(data=np.random.default_rng(seed).poisson(mean).astype(float))


GOOD = drawn(expected())
N_RECORDS = {"slices": 40, "global": 40, "moment": 40, "convolution": 8}


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("slice_counts", [30, 1000, 20000])
def test_good_records_pass(method, slice_counts):
    """At few counts as at many, p-values of good records are even or high, and no value is lost."""
    mean = expected(slice_counts, background=0.05)
    found = [diffusivity(drawn(mean, seed), method) for seed in range(N_RECORDS[method])]
    chances = np.array([one.goodness.p_value for one in found])
    assert np.sum(chances < 0.1) < 3 + 0.2 * chances.size
    assert not [one.note for one in found if "does not fit" in one.note]
    assert np.isfinite([one.value for one in found]).all()


def dead(counts):
    counts[:, 30] = 0
    return counts


def stuck(counts):
    counts[:, 34] = counts[:, 34].max()
    return counts


def hot_reading(counts):
    counts[20, 40] += 3000
    return counts


FAULTS = {
    "dead": (dead, METHODS[:3], "position 0 nm"),
    "stuck": (stuck, METHODS, "position 120 nm"),
    "hot reading": (hot_reading, METHODS[1:], "the reading at 1 ns and 300 nm"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_faulty_position_is_named(fault):
    """A dead or stuck position and a hot reading are misfits, and the note says where to mask."""
    change, methods, named = FAULTS[fault]
    for method in methods:
        found = diffusivity(change(GOOD.copy(deep=True)), method)
        assert found.goodness.p_value < 1e-3
        # a first profile of any shape has room for a hot reading
        assert named in found.note or (method == "convolution" and "does not fit" in found.note)


@pytest.mark.parametrize(
    ("counts", "methods"),
    [
        (GOOD.clip(None, float(GOOD.max()) / 2), METHODS),
        (drawn(GOOD * (1 + 0.1 * np.sin(GOOD.position_nm / 60))), METHODS[:3]),
        (drawn(GOOD + 60 * (GOOD.position_nm + 900) / 1800), ["slices", "global", "moment"]),
        (drawn(expected() + 0.5 * expected(centre_nm=350.0)), METHODS[:2]),
        (4 * GOOD, METHODS),
    ],
    ids=["saturated", "ripple", "gradient", "two spots", "gain"],
)
def test_what_is_no_gaussian_spot_in_photons_is_said(counts, methods):
    """Other shapes, saturation and counts that are no photons are noted by all that assume else."""
    for method in methods:
        assert "the model does not fit" in diffusivity(counts, method).note


def test_a_spot_that_drifts_is_said():
    """Methods with one centre say that it moves; slices have their own and stay quiet."""
    rows = [
        spreading_spot([t], POSITION_NM, 1e4, **SPOT, centre_nm=60 * t).values[0] for t in TIME_NS
    ]
    counts = drawn(GOOD.copy(data=rows))
    assert all("does not fit" in diffusivity(counts, method).note for method in METHODS[1:])
    assert "does not fit" not in diffusivity(counts).note


def test_what_only_sums_of_some_slices_show_is_said():
    """A faint shift that turns back halfway hides in readings and in the total; it is no noise."""
    mean = np.full((400, 40), 0.5)
    none = np.empty((0, *mean.shape))
    side = np.where(np.arange(40) < 20, -1, 1) * np.where(np.arange(400) < 200, -1, 1)[:, None]
    counts = np.random.default_rng(1).poisson(mean * (1 + 0.15 * side)).astype(float)
    model = misfit.Model(counts, mean, none, none)
    levels = [
        model.summed(first) for first in (np.arange(400), np.array([0, 200]), np.zeros(1, int))
    ]
    axes = np.arange(400.0), np.arange(40.0)
    assert not misfit.map_misfit(levels[::2], *axes).reason
    found = misfit.map_misfit(levels, *axes)
    assert found.goodness.p_value < 1e-6
    assert found.reason == misfit.misfit_note(found.goodness)


def test_what_a_fit_takes_up_is_its_projection():
    """Leverages, and what follows a target, are those of one design matrix of all derivatives."""
    rng, shape = np.random.default_rng(1), (3, 7)
    own, shared, target = (rng.normal(size=(*size, *shape)) for size in ((2,), (2,), ()))
    own *= np.array([1e-3, 1e4])[:, None, None]
    shared[1] = 2 * shared[0] + 1e3 * own[1]  # which tells nothing new
    row = np.arange(3)[:, None, None] == np.arange(3)[:, None]
    design = np.concatenate([(own[:, None] * row).reshape(6, 21), shared.reshape(2, 21)])
    design /= np.linalg.norm(design, axis=1, keepdims=True)
    projection = np.linalg.pinv(design, rcond=1e-9) @ design
    leverage, followed = misfit._taken_up(own, shared, target)
    np.testing.assert_allclose(leverage.ravel(), np.diag(projection), atol=1e-9)
    assert leverage.sum() == pytest.approx(7)
    assert followed == pytest.approx(target.ravel() @ projection @ target.ravel())


@pytest.mark.parametrize("method", ["slices", "global", "moment"])
def test_a_dip_is_no_spot(method):
    """A hole in a bright field gives NaN with a reason, or the growth of the hole is said."""
    bright = expected(background=0.0).max() * 1.2
    found = diffusivity(drawn(bright - expected(background=0.0)), method)
    assert np.isnan(found.value)
    assert found.note


def test_gain_leaves_the_value():
    """Counts of more than one for a photon have the same D, and the note says why they misfit."""
    found = diffusivity(4 * GOOD, "global")
    assert found.value == pytest.approx(diffusivity(GOOD, "global").value, rel=1e-4)
    assert "counts scatter more than photons do" in found.note
    sparse = diffusivity(4 * drawn(expected(100, background=0.05)), "global")
    assert "counts scatter more than photons do" in sparse.note


def test_counts_that_are_averaged_are_said():
    """A quarter of the counts, whole again, scatter less than photons do."""
    assert "counts scatter less than photons do" in diffusivity((GOOD / 4).round(), "global").note


@pytest.mark.parametrize("method", METHODS)
def test_expected_counts_are_not_too_good(method):
    """A map without noise is no misfit."""
    found = diffusivity(expected(), method)
    assert "does not fit" not in found.note
    assert "less than photons" not in found.note


@pytest.mark.parametrize("method", METHODS)
def test_masks_are_understood(method):
    """Dead positions, cosmic rays and lost slices, masked, leave D within an error bar, unnoted."""
    plain = diffusivity(GOOD, method)
    broken = hot_reading(dead(GOOD.copy(deep=True)))
    broken[30] = 0
    good = xr.ones_like(GOOD, dtype=bool)
    good[:, 30] = good[30] = good[20, 40] = False
    found = diffusivity(broken.where(good), method)
    assert abs(found.value - plain.value) < plain.std_err
    assert found.std_err == pytest.approx(plain.std_err, rel=0.1)
    assert "does not fit" not in found.note


@pytest.mark.parametrize("method", METHODS)
def test_what_is_masked_throughout_is_what_is_left_out(method):
    """Whole positions and slices that are masked give what the record without them does."""
    rows, columns = np.arange(60) != 30, np.arange(61) != 30
    masked = GOOD.where(rows[:, None] & columns)
    assert diffusivity(masked, method).value == diffusivity(GOOD[rows][:, columns], method).value


def test_a_background_scales_with_the_width_of_its_bins():
    """Bins of twice the width have twice the background; without widths they are refused."""
    fine = expected(300, background=20.0)
    late = fine[30:].coarsen(time_ns=2).sum()
    counts = drawn(xr.concat([fine[:30], late], "time_ns"))
    widths = np.where(np.arange(45) < 30, 0.05, 0.1)
    for method in METHODS[1:]:
        found = diffusivity(counts.assign_coords(time_width_ns=("time_ns", widths)), method)
        assert abs(found.value - 0.05) < 4 * found.std_err
        assert "does not fit" not in found.note
        with pytest.raises(ValueError, match="time_width_ns"):
            diffusivity(counts.assign_coords(time_ns=np.geomspace(0.1, 3, 45)), method)


@cache
def shifted_value(method):
    """D where positions count from an end."""
    return diffusivity(GOOD.assign_coords(position_nm=POSITION_NM + 900), method).value


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("dtype", ["<u2", ">u2", ">f8", "<i4"])
def test_positions_of_any_type_and_direction_are_the_same(method, dtype):
    """Unsigned positions that descend, and those of another byte order, give the same D."""
    at = (POSITION_NM + 900).astype(dtype)
    other = GOOD.assign_coords(position_nm=at)[:, ::-1]
    assert diffusivity(other, method).value == shifted_value(method)


def test_times_in_other_units_are_the_same():
    """Durations and picoseconds are what they say."""
    plain = diffusivity(GOOD, "global").value
    picoseconds = ("time_ns", TIME_NS * 1000, {"units": "ps"})
    durations = (TIME_NS * 1e6).round().astype("timedelta64[ns]")
    assert diffusivity(GOOD.assign_coords(time_ns=picoseconds), "global").value == plain
    slower = diffusivity(GOOD.assign_coords(time_ns=durations), "global", window_ns=(0, 3e6))
    assert slower.value == pytest.approx(plain / 1e6, rel=1e-6)


def test_bright_expected_maps_settle():
    """A noise-free map of any brightness has an optimum, down to the rounding of logarithms."""
    for slice_counts in (1e2, 1e6, 1e10, 1e13):
        found = diffusivity(expected(slice_counts, background=slice_counts / 1e4), "global")
        assert found.value == pytest.approx(0.05, rel=1e-3)


def test_lines_know_their_goodness():
    """Every way through slices carries a goodness of fit, and only the free background a NaN."""
    for background in ("fitted", "ignored", "edges"):
        found = line_through_slices(GOOD, background=background)
        assert found.goodness.n_free > 0
        assert np.isfinite(found.value)
