"""Tests of tptools.fitting.diffusion: lines, slices, moments and what all methods share."""

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st
from lmfit.models import LinearModel
from spots import FINE_NM, INTENSITY, SHAPES, TIME_NS, records, spread

from tptools.fitting import (
    diffusivity,
    fit_growth,
    fit_profiles,
    moment,
    spreading_spot,
    variance_growth,
)
from tptools.fitting.records import slices_of_window

METHODS = ["slices", "global", "convolution", "moment"]
WIDE_NM = np.linspace(-1500, 1500, 61)
SPOT = {"variance_nm2": 212.0**2, "centre_nm": 20.0}


def spot(diffusivity_cm2_s, slice_counts, background=1.0, position=WIDE_NM):
    return spreading_spot(
        TIME_NS,
        position,
        slice_counts * INTENSITY,
        diffusivity_cm2_s=diffusivity_cm2_s,
        background=background,
        **SPOT,
    )


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("true_cm2_s", [-0.03, 0.0, 0.01, 0.15])
def test_all_methods_agree_on_a_gaussian_spot(method, true_cm2_s):
    """On bright exact maps every method gives D in cm2/s, and keeps the sign of a narrowing."""
    found = diffusivity(spot(true_cm2_s, 1e6), method)
    assert found.value == pytest.approx(true_cm2_s, abs=2e-4, rel=0.02)
    assert found.unit == "cm2/s"
    assert found.method == method


@pytest.mark.parametrize("method", ["slices", "global", "moment"])
def test_no_bias_at_good_counts(method):
    """Over repetitions the mean is the truth within its own standard error."""
    found = [diffusivity(r, method) for r in records(spot(0.05, 2e4), 100, seed=3)]
    values = [one.value for one in found]
    assert abs(np.mean(values) - 0.05) < 4 * np.std(values) / np.sqrt(len(values))
    if method != "slices":  # whose error is not that of repetitions
        pulls = [one.z(0.05) for one in found]
        assert np.std(pulls, ddof=1) == pytest.approx(1, abs=4 / np.sqrt(200))


def test_slices_do_not_know_the_noise_of_the_first():
    """The paper's error bar covers the truth in fewer than half of the repetitions."""
    found = [diffusivity(r) for r in records(spot(0.05, 2000), 100, seed=4)]
    assert np.mean([abs(e.value - 0.05) < e.std_err for e in found]) < 0.5


def test_slices_are_profiles_and_a_line():
    """The method is the composition of the three public steps."""
    record = records(spot(0.05, 2e4), 1, seed=5)[0]
    variance = fit_profiles(record).variance_nm2
    msd = variance_growth(record)
    np.testing.assert_allclose(msd.growth_nm2, variance - variance[0])
    assert diffusivity(record).value == fit_growth(msd.growth_nm2)["diffusivity_cm2_s"].value


def test_time_zero_is_the_first_slice_of_the_window():
    """A later window on an exact map finds the same D from the growth since its start."""
    assert diffusivity(spot(0.05, 1e6), window_ns=(1, 3)).value == pytest.approx(0.05, rel=1e-3)


def test_moment_warns_of_spreading_that_is_not_gaussian():
    """Half of the excitons at rest give an excess kurtosis near 3; one population gives none."""
    gaussian = np.exp(-(FINE_NM**2) / (2 * 150**2))
    rest, moving = (spread(gaussian, d, slice_counts=2e5, background=5.0) for d in (0.0, 0.1))
    mixed = diffusivity(records((rest + moving) / 2, 1, seed=6)[0], "moment")
    alone = [diffusivity(r, "moment") for r in records(moving, 20, seed=7)]
    assert mixed.note.split("; ")[0] == "non-Gaussian spreading"
    assert 1.5 < float(mixed.note.split("spreading ")[-1].split(" ")[0]) < 4
    # at three standard errors one record in 370 warns for nothing
    assert sum("non-Gaussian" in e.note for e in alone) <= 1


def excess(found):
    """Excess kurtosis in the note of an estimate, in standard errors."""
    text = found.note.partition("excess kurtosis of the spreading ")[2].partition(";")[0]
    value, _, error = text.partition(" ± ")
    return float(value) / float(error)


def at_rest(share):
    """A spot of which a share does not spread, at counts at which a twentieth is just seen."""
    gaussian = np.exp(-(FINE_NM**2) / (2 * 150**2))
    rest, moving = (spread(gaussian, d, slice_counts=2e4, background=5.0) for d in (0.0, 0.1))
    return share * rest + (1 - share) * moving


def test_excess_kurtosis_has_the_error_it_says():
    """Over records of one Gaussian population it is zero, with pulls of width one."""
    pulls = [excess(diffusivity(r, "moment")) for r in records(at_rest(0), 100, seed=9)]
    assert abs(np.mean(pulls)) < 4 / np.sqrt(100)
    assert np.std(pulls, ddof=1) == pytest.approx(1, abs=4 / np.sqrt(200))


def test_moment_warns_beyond_three_errors():
    """Where the expected excess is three errors, half of the records warn."""
    found = [diffusivity(r, "moment") for r in records(at_rest(0.05), 100, seed=10)]
    pulls = np.array([excess(one) for one in found])
    warned = np.array(["non-Gaussian spreading" in one.note for one in found])
    assert pulls.mean() == pytest.approx(3, abs=0.4)
    assert warned.mean() == pytest.approx(0.5, abs=0.2)
    assert warned[pulls > 3.1].all()
    assert not warned[pulls < 2.9].any()


def test_moment_does_not_mind_a_flat_top():
    """The second moment of a compact spot grows by 2Dt whatever its shape."""
    mean = spread(SHAPES["flat top"], 0.02, slice_counts=2e4, background=5.0)
    assert diffusivity(mean, "moment").value == pytest.approx(0.02, rel=0.02)


def test_background_alone_has_no_moment():
    """Noise of slices and of the level that is taken off them passes for no spot."""
    level = xr.full_like(spot(0.05, 1.0)[:20], 2.0)
    for record in records(level, 100, seed=11):
        note = diffusivity(record, "moment").note
        assert note.endswith(("out of the background", "above the background"))


def test_moments_of_a_spot_at_rest_lie_on_a_line():
    """Exactly, with or without a fit to compare with; where the spot runs off, they do not."""
    wide = np.linspace(-2500, 2500, 81)
    exact = spot(0.05, 1e5, 0.0, wide)
    running = exact.copy(data=[np.roll(row, i // 6) for i, row in enumerate(exact.values)])
    still, moved = (moment._Map.of(slices_of_window(one, (0, 3))) for one in (exact, running))
    for order in (1, 2):
        found = still.moment_test(None, order)
        assert (found.chi_square, found.n_free) == (pytest.approx(0, abs=1e-6), 61 - order)
        assert still.moment_test(still, order).chi_square == 0
        assert moved.moment_test(None, order).p_value < 1e-9
    (noisy,) = records(exact, 1, seed=12)
    beside = noisy.assign_coords(position_nm=wide + 5000)
    noisy, beside = (moment._Map.of(slices_of_window(one, (0, 3))) for one in (noisy, beside))
    for order in (1, 2):
        found = noisy.moment_test(still, order).chi_square
        assert beside.moment_test(None, order).chi_square == pytest.approx(found, rel=1e-6)


@pytest.mark.parametrize("free_intercept", [False, True])
def test_lines_are_those_of_lmfit(free_intercept):
    """Slope, intercept and errors equal lmfit's with weights from 25 neighbours."""
    rng = np.random.default_rng(8)
    time = np.arange(0, 4, 0.05)
    msd = xr.DataArray(10000 * time + rng.normal(0, 300, 80) * (time > 0), {"time_ns": time})
    used = (time > 0) | free_intercept
    used &= time <= 3
    centre = np.clip(np.arange(80), 12, 80 - 13)
    error = np.array([msd.values[c - 12 : c + 13].std(ddof=1) for c in centre])
    model = LinearModel()
    parameters = model.make_params(slope=1, intercept=0)
    parameters["intercept"].vary = free_intercept
    weights = 1 / error[used]
    reference = model.fit(msd.values[used], parameters, x=time[used], weights=weights).params
    line = fit_growth(msd, free_intercept=free_intercept)
    D, start = line["diffusivity_cm2_s"], line["intercept_nm2"]
    used_time = time[used] * 2e5 * D.value + start.value
    np.testing.assert_allclose(line.fitted, used_time)
    np.testing.assert_allclose(line.curve(time[used]), used_time)
    assert D.value == pytest.approx(reference["slope"].value / 2e5, rel=1e-6)
    assert D.std_err == pytest.approx(reference["slope"].stderr / 2e5, rel=1e-4)
    assert start.value == pytest.approx(reference["intercept"].value, rel=1e-5)
    assert start.std_err == pytest.approx(reference["intercept"].stderr or 0, rel=1e-4)


@given(st.integers(-(10**9), 10**9), st.floats(-1e4, 1e4), st.integers(3, 60))
def test_exact_lines_come_back(diffusivity_1e9_cm2_s, intercept_nm2, n_points):
    """Any exact line is found, falling ones too."""
    diffusivity_cm2_s = 1e-9 * diffusivity_1e9_cm2_s
    time = np.linspace(0, 3, n_points)
    msd = xr.DataArray(intercept_nm2 + 2e5 * diffusivity_cm2_s * time, {"time_ns": time})
    line = fit_growth(msd, free_intercept=True)
    D, start = line["diffusivity_cm2_s"], line["intercept_nm2"]
    assert D.value == pytest.approx(diffusivity_cm2_s, abs=1e-9)
    assert start.value == pytest.approx(intercept_nm2, abs=1e-4)


def test_missing_points_are_left_out():
    """NaN in a mean square displacement neither counts nor spoils its neighbours."""
    msd = variance_growth(records(spot(0.05, 2e4), 1, seed=9)[0]).growth_nm2
    holed = msd.where(~np.isin(np.arange(61), [5, 30, 31]))
    line = fit_growth(holed)["diffusivity_cm2_s"]
    assert abs(line.value - fit_growth(msd)["diffusivity_cm2_s"].value) < line.std_err


def test_too_few_points_for_a_line_are_refused():
    """A line needs three points within the window."""
    msd = xr.DataArray([0.0, 1.0, np.nan, 2.0], {"time_ns": [0, 1, 2, 3]})
    with pytest.raises(ValueError, match="growth has 2 points"):
        fit_growth(msd)


def test_slices_without_a_width_are_told():
    """Slices that drop out are in the note, and a first slice that does makes D NaN."""
    record = records(spot(0.05, 2e4), 1, seed=10)[0]
    record[[20, 40]] = 0
    found = diffusivity(record)
    assert found.value == pytest.approx(0.05, rel=0.1)
    assert found.note == "2 of 61 slices: no counts"
    record[0] = 0
    found = diffusivity(record)
    assert np.isnan(found.value)
    assert found.note == "first slice: no counts"


def test_lonely_slices_give_no_line():
    """Slices too far apart to have neighbours have no error bars, and D is NaN with a reason."""
    time = np.linspace(0, 3, 200)
    profile = np.exp(-(WIDE_NM**2) / (2 * 212**2))
    counts = np.where(np.arange(200)[:, None] % 40 == 0, profile, 0.0)
    found = diffusivity(xr.DataArray(counts, {"time_ns": time, "position_nm": WIDE_NM}))
    assert np.isnan(found.value)
    assert found.note == "195 of 200 slices: no counts"


@pytest.mark.parametrize("method", METHODS)
def test_empty_maps_are_nan_with_a_reason(method):
    """A map without counts, or with the same everywhere, gives NaN and a note."""
    for level in (0, 5):
        found = diffusivity(xr.zeros_like(spot(0.05, 1)) + level, method)
        assert np.isnan(found.value)
        assert found.note
        assert (found.unit, found.method) == ("cm2/s", method)


@pytest.mark.parametrize("method", METHODS[1:])
def test_counts_that_are_none_are_told(method):
    """A normalised map has no Poisson noise, and the note says so."""
    assert "no integers" in diffusivity(spot(0.05, 1e4) / 100, method).note
    masked = GOOD.where(GOOD.position_nm != 0)
    assert "no integers" not in diffusivity(masked, method).note


@pytest.mark.parametrize("method", METHODS)
def test_only_the_first_3_ns_count(method):
    """What a record holds later changes nothing, unless a window asks for it."""
    first = GOOD[::5]
    later = xr.full_like(first[1:], 50).assign_coords(time_ns=first.time_ns[1:] + 3)
    both = xr.concat([first, later], "time_ns")
    assert diffusivity(both, method) == diffusivity(first, method)


def test_only_slices_take_bins_of_unknown_widths():
    """A background that is free in every slice needs no width of its bin; the others do."""
    uneven = spreading_spot(
        TIME_NS**1.1, WIDE_NM, 1e6 * INTENSITY, diffusivity_cm2_s=0.05, background=1.0, **SPOT
    )
    assert diffusivity(uneven, "slices").value == pytest.approx(0.05, rel=0.01)
    for method in METHODS[1:]:
        with pytest.raises(ValueError, match="time_width_ns"):
            diffusivity(uneven, method)


@settings(deadline=None, max_examples=30)
@given(
    counts=st.lists(st.integers(0, 3), min_size=28, max_size=28), method=st.sampled_from(METHODS)
)
def test_any_map_gives_a_number_with_an_error_or_a_reason(counts, method):
    """The smallest maps of few counts neither fail nor give a number without an error."""
    map_ = xr.DataArray(
        np.reshape(counts, (4, 7)), {"time_ns": range(4), "position_nm": np.arange(7) * 100.0}
    )
    found = diffusivity(map_, method)
    assert (np.isfinite(found.value) and found.std_err >= 0) or found.note


GOOD = spot(0.05, 100).round()
NO_SPOT = GOOD * 0 + (np.arange(GOOD.sizes["position_nm"]) % 7 == 0) * 9


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("counts", [GOOD, GOOD.where(GOOD.position_nm != 0), NO_SPOT, 0 * GOOD])
def test_value_and_error_are_the_same_without_goodness(method, counts):
    """Where nobody asks how well the model fits, a number is the same, and NaN has its reason."""
    full, quick = diffusivity(counts, method), diffusivity(counts, method, goodness=False)
    numbers = [[one.value, one.std_err] for one in (full, quick)]
    np.testing.assert_array_equal(*numbers)
    assert quick.goodness is None or np.isnan(quick.value)
    assert quick.note or np.isfinite(quick.value)


@pytest.mark.parametrize("method", METHODS)
def test_counts_changed_in_place_are_measured_anew(method):
    """What was found of a record is not found again once its counts are others."""
    counts = GOOD.copy()
    first = diffusivity(counts, method)
    counts[:] = spot(0.1, 100).round()
    second = diffusivity(counts, method)
    assert second.value > 1.2 * first.value
    assert second == diffusivity(spot(0.1, 100).round(), method)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(
    ("counts", "message"),
    [
        (GOOD + np.where(GOOD.time_ns == 0, np.inf, 0)[:, None], "must be finite, and 61 of 3721"),
        (GOOD.where(GOOD < 0), "masked throughout"),
        (GOOD - 2, "are negative, the lowest -1"),
        (GOOD[[1, 0, 2]], "time_ns must increase"),
        (GOOD[[0, 1, 1, 2]], "does not after time_ns = 0.05"),
        (GOOD[:, [0, 1, 1, 2, 3]], "position_nm must increase"),
        (GOOD.rename(time_ns="t"), "must have 'time_ns'"),
        (GOOD.expand_dims(power=2), "select one map"),
        (GOOD[:, :4], "4 positions"),
        (GOOD[:2], "holds 2 slices"),
    ],
)
def test_unusable_maps_are_refused(method, counts, message):
    """What is wrong with a record is a ValueError that names it, for every method."""
    with pytest.raises(ValueError, match=message):
        diffusivity(counts, method)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [({"method": "fit"}, "method = 'fit'"), ({"window_ns": (3, 0)}, r"window_ns = \(3, 0\)")],
)
def test_unusable_arguments_are_refused(arguments, message):
    """An unknown method or a reversed window is a ValueError that names it."""
    with pytest.raises(ValueError, match=message):
        diffusivity(GOOD, **arguments)
