"""Tests of tptools.fitting.diffusion: lines, slices, moments and what all methods share."""

from dataclasses import replace

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st
from lmfit.models import LinearModel
from scipy.stats import chi2
from spots import FINE_NM, INTENSITY, SHAPES, TIME_NS, records, spread

from tptools.fitting import (
    diffusivity,
    fit_growth,
    fit_profiles,
    line_through_slices,
    moment,
    slices,
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
    line = fit_growth(msd.growth_nm2)["diffusivity_cm2_s"]
    found = diffusivity(record)
    assert (found.value, found.std_err) == (line.value, pytest.approx(line.std_err, rel=1e-9))


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
    with pytest.raises(ValueError, match=r"^growth has 2 points"):
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


def neighbours(points):
    """Standard deviation of as many as 25 points, with the one it is for as near the middle."""
    n = min(25, points.size)
    first = np.clip(np.arange(points.size) - n // 2, 0, points.size - n)
    near = [points[i : i + n][np.isfinite(points[i : i + n])] for i in first]
    return np.array([one.std(ddof=1) if one.size > 1 else np.nan for one in near])


@pytest.mark.parametrize("size", [1, 2, 7, 25, 26, 60])
def test_errors_of_growth_are_those_of_25_neighbours(size):
    """Fewer where there are no more, without those that are missing; two at least."""
    points = np.random.default_rng(size).normal(size=size)
    for missing in ([], [0], [*range(size // 2)], [*range(size - 1)]):
        points[missing] = np.nan
        np.testing.assert_allclose(slices._neighbour_deviation(points), neighbours(points))


def test_weights_are_errors_unless_one_is_rounding():
    """A billionth of the largest is; then all are the same."""
    error = np.array([2.0, 0.5, 2.1e-9])
    np.testing.assert_allclose(slices._weights(error), [0.25, 4, 1 / 2.1e-9**2])
    assert slices._weights(np.array([1.0, 0.5, 0.9e-9])).tolist() == [1, 1, 1]
    assert slices._weights(np.array([0.0, 0.0])).tolist() == [1, 1]


def test_growth_says_what_it_is():
    """Names, units and reasons, from a record with a slice that has no width."""
    record = records(spot(0.05, 2e4), 1, seed=5)[0]
    record[20] = 0
    growth = variance_growth(record, window_ns=(0.5, 2.0))
    profiles = fit_profiles(record[10:41])
    assert growth.reason.values.tolist() == profiles.reason.values.tolist()
    assert growth.reason.values[10] == "no counts"
    width = profiles.variance_nm2.values
    np.testing.assert_allclose(growth.growth_nm2, width - width[0])
    np.testing.assert_allclose(growth.growth_err_nm2, neighbours(width))
    assert growth.growth_nm2.attrs == {
        "long_name": "growth of the variance along one axis, 2Dt",
        "units": "nm2",
    }
    assert growth.growth_err_nm2.attrs["units"] == "nm2"


def test_lines_say_what_they_are():
    """Units, methods, freedom, and no goodness where errors are those of the scatter."""
    growth = xr.DataArray([0.0, 900, 2100, 3000, 9.0], {"time_ns": [0.0, 1, 2, 3, 3.5]})
    for free, method, n_free in (
        (False, "line through the origin", 2),
        (True, "line with free intercept", 2),
    ):
        fit = fit_growth(growth, free_intercept=free)
        assert (fit.method, fit["diffusivity_cm2_s"].unit, fit["intercept_nm2"].unit) == (
            method,
            "cm2/s",
            "nm2",
        )
        assert (fit.n_free, fit.n_points) == (n_free, 4 if free else 3)
        assert np.isnan(fit.goodness.p_value)
        assert fit["intercept_nm2"].goodness == fit.goodness
        assert fit.goodness.n_free == n_free
        assert fit.goodness.chi_square == fit.chi_square
        assert (fit["intercept_nm2"].value == 0) == (not free)


@pytest.mark.parametrize(("window_ns", "n_points"), [((1, 3), 3), ((0.9, 3.1), 3), ((1, 4), 4)])
def test_ends_of_a_window_are_in_it(window_ns, n_points):
    """Of a line, and of a growth in the plane that is halved."""
    growth = xr.DataArray([0.0, 1000, 2000, 3000, 4100], {"time_ns": range(5)})
    assert fit_growth(growth, window_ns, free_intercept=True).n_points == n_points
    for named in (
        growth.rename("mean_square_displacement_nm2"),
        growth.assign_attrs(long_name="<r^2(t)> - <r^2(0)>, 4Dt in the plane"),
    ):
        with pytest.raises(ValueError, match="must be that of a variance along one axis, 2Dt"):
            fit_growth(named)


@pytest.mark.parametrize("n_parameters", [3, 4])
def test_derivatives_of_slices_are_those_of_their_gaussians(n_parameters):
    """By amplitude, centre, variance and background, each of its own slice."""
    position, counts = np.linspace(-500, 500, 21), np.zeros((2, 21))
    fits = np.array([[50.0, 20, 200.0**2, 3], [20, -70, 150.0**2, 1]])

    def model(parameters):
        return slices._gaussians(position, counts, parameters, n_parameters)

    found = model(fits)
    amplitude, centre, variance, background = fits.T[..., None]
    shape = np.exp(-((position - centre) ** 2) / (2 * variance))
    np.testing.assert_allclose(found.mean, amplitude * shape + background)
    assert found.own.shape == (n_parameters, 2, 21)
    assert found.shared.shape == (0, 2, 21)
    for i, own in enumerate(found.own):
        step = np.zeros(4)
        step[i] = 1e-5 * fits[0, i]
        change = (model(fits + step).mean - model(fits - step).mean) / (2 * step[i])
        np.testing.assert_allclose(own, change, rtol=1e-6, atol=1e-9)


def test_variances_on_a_line_are_told_from_others():
    """Chi-square is that of relative errors on the line; large ones are in no line."""
    time = np.arange(8.0)
    line, off = 1e4 + 5e4 * time, np.array([1, -1, 0.5, -2, 2, -0.5, 1.5, -1.5])
    error = 1e-4 * line
    exact = slices._straight(time, line, error)
    assert (exact.chi_square, exact.n_free) == (pytest.approx(0, abs=1e-9), 6)
    assert exact.p_value == pytest.approx(1)
    found = slices._straight(time, line + off * error, error * (1 + 1e-4 * off))
    left = off - np.polyval(np.polyfit(time, off * error, 1, w=1 / error), time) / error
    assert found.chi_square == pytest.approx(left @ left, rel=1e-3)
    assert found.p_value == pytest.approx(chi2.sf(found.chi_square, 6))
    wild, sized = line.copy(), error.copy()
    wild[3] *= 1.5
    for relative, n_free in ((0.16, 5), (0.14, 6)):
        sized[3] = relative * wild[3]
        assert slices._straight(time, wild, sized).n_free == n_free
    few = slices._straight(time, line, np.where(time < 4, error, line))
    assert few.n_free == 2
    none = slices._straight(time, line, np.where(time < 3, error, line))
    assert none.n_free == 0
    assert np.isnan([none.chi_square, none.p_value]).all()


def test_draws_give_the_slopes_of_records():
    """As slice by slice, with the record's mask and window."""
    record = records(spot(0.05, 2e3), 1, seed=21)[0].astype(float)
    record[7, 30] = np.nan
    record[:, 12] = np.nan
    draws = np.array([one.values for one in records(spot(0.05, 2e3), 3, seed=22)])
    found = slices.slopes_of_draws(record, draws, (0.5, 2.5))
    for one, value in zip(draws, found, strict=True):
        same = record.copy(data=np.where(np.isnan(record), np.nan, one))
        assert diffusivity(same, window_ns=(0.5, 2.5), goodness=False).value == pytest.approx(value)
    dark = 0 * draws[:1]
    dark[0, :4] = draws[0, :4]
    assert np.isfinite(slices.slopes_of_draws(record, dark, (0, 3)))
    dark[0, 3] = 0
    assert np.isnan(slices.slopes_of_draws(record, dark, (0, 3)))


def test_edges_are_the_outermost_twentieths():
    """Their mean is taken off each slice; what falls below zero is zero."""
    record = records(spot(0.05, 2e4, 30.0), 1, seed=23)[0].astype(float)
    record[5, 0] = np.nan
    level = np.nanmean(record.values[:, [0, 1, 2, -3, -2, -1]], axis=1, keepdims=True)
    flat = record.copy(data=np.maximum(record.values - level, 0))
    for free in (False, True):
        how = {"free_intercept": free, "goodness": False}
        edges = line_through_slices(record, background="edges", **how)
        ignored = line_through_slices(flat, background="ignored", **how)
        assert edges.value == pytest.approx(ignored.value)
        assert edges.goodness is None
    few = record[:, 25:40]
    with_ends = line_through_slices(few, background="edges", goodness=False)
    level = few.values[:, [0, -1]].mean(1, keepdims=True)
    without = few.copy(data=np.maximum(few.values - level, 0))
    found = line_through_slices(without, background="ignored", goodness=False)
    assert with_ends.value == pytest.approx(found.value)


def test_positions_beyond_a_distance_do_not_count():
    """Those at it do; the error says what is wrong with one that is none."""
    record = records(spot(0.05, 2e4), 1, seed=24)[0]
    near = line_through_slices(record, within_nm=600)
    assert near == line_through_slices(record[:, np.abs(WIDE_NM) <= 600])
    with pytest.raises(ValueError, match=r"^within_nm = 0"):
        line_through_slices(record, within_nm=0)
    with pytest.raises(ValueError, match=r"^background = 'none'"):
        line_through_slices(record, background="none")


def test_four_slices_with_a_width_make_a_line():
    """One less does not, and the reason says so; a second of the same kind counts."""
    exact = spot(0.05, 1e4)[[0, 20, 30, 40, 50]]
    exact[4] = 0
    found = diffusivity(exact)
    assert found.value == pytest.approx(0.05, rel=0.01)
    assert (found.unit, found.method, found.note) == ("cm2/s", "slices", "1 of 5 slices: no counts")
    exact[3] = 0
    found = diffusivity(exact)
    assert (found.unit, found.method, found.note) == ("cm2/s", "slices", "2 of 5 slices: no counts")
    assert np.isnan(found.value)
    found = diffusivity(spot(0.05, 1e4)[[0, 20, 30]])
    assert np.isnan(found.value)
    assert found.note == "3 slices have a width, and a line needs 4"


def masked_map(seed=31):
    """A record with a mask, as arrays of the method of moments."""
    record = records(spot(0.05, 400.0, 4.0)[::6], 1, seed=seed)[0].astype(float)
    record.values[np.random.default_rng(seed).uniform(size=record.shape) < 0.1] = np.nan
    record.values[:, [0, 20, 60]] = np.round(record.values[:, [1, 21, 59]])
    widths = ("time_ns", np.where(np.arange(11) % 2, 0.25, 0.35))
    record = record.assign_coords(time_width_ns=widths)
    return moment._Map.of(slices_of_window(record, (0, 3), exposures=True))


def test_maps_of_moments_count_what_is_seen():
    """Background and exposures are those of readings, and sums of slices keep the widths."""
    map_ = masked_map()
    seen = map_.exposure > 0
    assert 0.85 < seen.mean() < 0.95
    assert not map_.counts[~seen].any()
    np.testing.assert_allclose(map_.exposure[1::2].max() / map_.exposure[::2].max(), 0.25 / 0.35)
    edges = [0, 1, 2, -3, -2, -1]
    assert map_.edges.tolist() == edges
    assert map_.at(np.ones_like(map_.counts)).counts.tolist() == (1.0 * seen).tolist()
    counts, exposure = map_.counts[:, edges].sum(), map_.exposure[:, edges].sum()
    assert map_.background == pytest.approx(counts / exposure)
    assert map_.background_variance == pytest.approx(counts / exposure**2)
    net = map_.width * (map_.counts - map_.background * map_.exposure)
    np.testing.assert_allclose(map_.net, net)
    parts = [slice(0, 3), slice(3, 4), slice(4, 11)]
    summed = map_.summed(np.array([0, 3, 4]))
    for row, one in enumerate(parts):
        np.testing.assert_allclose(summed.counts[row], map_.counts[one].sum(0))
        np.testing.assert_allclose(summed.exposure[row], map_.exposure[one].sum(0))
        width = (map_.width * seen)[one].sum(0) / np.maximum(seen[one].sum(0), 1)
        np.testing.assert_allclose(summed.width[row], width)
        mean = np.average(map_.time[one], weights=map_.counts[one].sum(1))
        assert summed.time[row] == pytest.approx(mean)
    dark = replace(map_, counts=0 * map_.counts).summed(np.array([0, 5]))
    assert dark.time.tolist() == [0, 0]
    small = replace(map_, position=map_.position[:7])
    assert small.edges.tolist() == [0, -1]


def propagated(map_, function):
    """Value in each slice of what counts and a background give; its noise, and its change."""

    def at(counts, background):
        return function(map_.width * (counts - background * map_.exposure))

    value, variance = at(map_.counts, map_.background), np.zeros(map_.time.size)
    expected = np.outer(map_.counts.sum(1), map_.counts.sum(0)) / map_.counts.sum()
    for j in range(map_.position.size):
        step = np.zeros(map_.position.size)
        step[j] = 1e-3
        change = at(map_.counts + step, map_.background) - at(map_.counts - step, map_.background)
        variance += (change / 2e-3) ** 2 * expected[:, j]
    high, low = (at(map_.counts, map_.background + one) for one in (1e-4, -1e-4))
    return value, variance, (high - low) / 2e-4


@pytest.mark.parametrize("order", [1, 2])
def test_noise_of_moments_is_what_counts_change(order):
    """By differences: of each count, with the noise expected there, and of the background."""
    map_ = masked_map()
    x = map_.position - map_.net.sum(0) @ map_.position / map_.net.sum()
    known = propagated(map_, lambda net: net @ x**order / net.sum(1))
    for found, one in zip(map_._moments(order), known, strict=True):
        np.testing.assert_allclose(found, one, rtol=1e-4)


@pytest.mark.parametrize("order", [2, 4])
def test_slopes_of_cumulants_have_the_noise_of_counts(order):
    """A line with weights of each slice's noise; the background moves all slices at once."""
    map_ = masked_map()
    kept = np.arange(11) != 4
    net = map_.net[kept]
    x = map_.position - net.sum(0) @ map_.position / net.sum()

    def cumulant(one):
        second = one @ x**2 / one.sum(1)
        return second if order == 2 else one @ x**4 / one.sum(1) - 3 * second**2

    rows = map_.kept(kept)
    rows.__dict__["background"] = map_.background
    value, variance, by_background = propagated(rows, cumulant)
    weight = 1 / np.sqrt(variance)
    time = map_.time[kept]
    design = np.stack([time, np.ones(10)], axis=1)
    covariance = np.linalg.inv((design * weight[:, None] ** 2).T @ design)
    slope = np.polyfit(time, value, 1, w=weight)[0]
    shift = np.polyfit(time, by_background, 1, w=weight)[0]
    error = np.sqrt(covariance[0, 0] + shift**2 * map_.background_variance)
    assert map_.cumulant_slope(kept, order=order) == pytest.approx((slope, error), rel=1e-3)


def test_net_counts_stand_out_by_three_errors():
    """Of their own noise and of the background that is taken off."""
    for errors, seen in ((2.98, False), (3.02, True)):
        level = np.full((5, 61), 10.0)
        bright = moment._Map(
            np.arange(5.0), WIDE_NM, level.copy(), np.full((5, 61), 0.5), np.full((5, 61), 0.8)
        )
        by_background = 0.5 * 0.8 * 305
        size = 0.0
        for _ in range(50):
            noise = 0.25 * (3050 + size) + by_background**2 * 12.5 / 24
            size = errors * np.sqrt(noise) / 0.5
        bright.counts[2, 30] += size
        assert bright.stands_out() == seen


def test_ends_are_the_same_but_for_noise():
    """Two counts, less the wings of a spot, differ by the root of their sum."""
    counts = np.zeros((2, 61))
    counts[:, :3], counts[:, -3:] = 8, 5
    counts[1, 1] += 4
    plain = moment._Map(np.arange(2.0), WIDE_NM, counts, np.ones((2, 61)), np.ones((2, 61)))
    found = plain._ends(None)
    assert (found.chi_square, found.n_free) == (pytest.approx(22**2 / 82), 1)
    assert found.p_value == pytest.approx(chi2.sf(22**2 / 82, 1))
    wings = np.zeros((2, 61))
    wings[0, 0] = 12
    assert plain._ends(plain.at(wings)).chi_square == pytest.approx(10**2 / 82)
    longer = replace(plain, exposure=np.where(np.arange(61) < 30, 52 / 30, 1) * np.ones((2, 61)))
    assert longer._ends(None).chi_square == pytest.approx(0)
    level = (52 - 12 + 30) / (6 * 52 / 30 + 6)
    apart = (52 - 12 - level * 6 * 52 / 30) - (30 - level * 6)
    assert longer._ends(longer.at(wings)).chi_square == pytest.approx(apart**2 / 82)
    assert plain.at(0 * counts)._ends(None).chi_square == 0


def test_three_slices_with_light_have_a_slope():
    """Two have none; units and method are said in any case."""
    exact = spot(0.05, 1e5, 0.0)[[0, 20, 40, 60]]
    exact[3] = 0
    found = diffusivity(exact, "moment")
    assert found.value == pytest.approx(0.05, rel=1e-3)
    exact[2] = 0
    found = diffusivity(exact, "moment")
    assert found.note.startswith("2 slices have counts above the background")
    assert (found.unit, found.method) == ("cm2/s", "moment")


def test_wings_that_the_window_cuts_are_not_taken_for_another_shape():
    """A Gaussian spot that is cut has cumulants that bend, as its likeliest Gaussian has."""
    cut = spot(0.05, 2e6, 50.0, np.linspace(-700, 700, 41))
    found = diffusivity(records(cut, 1, seed=33)[0], "moment")
    assert "non-Gaussian" not in found.note
    assert abs(excess(found)) < 3


def test_kurtosis_is_that_of_the_displacement():
    """Where half of the excitons rest, it grows to that of their mixture at the end."""
    wide = np.linspace(-3000, 3000, 121)
    mixed = (spot(0.0, 1e7, 0.0, wide) + spot(0.1, 1e7, 0.0, wide)) / 2
    note = diffusivity(mixed.round(), "moment").note
    kurtosis = float(note.partition("kurtosis of the spreading ")[2].split(" ")[0])
    # the cumulant grows as 3 (2Dt)^2 / 4, of which a line over time sees the slope
    slope = np.polyfit(TIME_NS, 3 * (0.1e5 * 2 * TIME_NS) ** 2 / 4, 1, w=np.sqrt(INTENSITY))[0]
    assert kurtosis == pytest.approx(slope / (3 * 0.1e5**2), rel=0.05)


def test_widths_of_readings_are_those_of_the_trapezium_rule():
    """Between those that are seen, with a whole step at the ends; one alone has no width."""
    position = np.array([0.0, 1, 3, 4, 8])
    known = np.array(
        [
            [True, True, True, True, True],
            [False, False, True, False, False],
            [False, True, True, False, True],
            [False, False, False, False, False],
            [True, False, False, False, True],
        ]
    )
    widths = moment._widths(position, known)
    for width, seen in zip(widths, known, strict=True):
        x, values = position[seen], np.exp(position[seen] / 5)
        if x.size > 1:
            ends = (x[1] - x[0]) * values[0] + (x[-1] - x[-2]) * values[-1]
            assert 2 * width[seen] @ values == pytest.approx(np.trapezoid(values, x) + ends / 2)
            assert not width[~seen].any()
        else:
            assert not width.any()
    np.testing.assert_array_equal(moment._widths(position, known[[0, 0]]), widths[[0, 0]])


def test_growth_is_refused_by_name():
    """As what it is, where it has more than one axis or is infinite."""
    growth = xr.DataArray([[0.0, 900, 2100, 3000]], {"power": [1], "time_ns": [0.0, 1, 2, 3]})
    with pytest.raises(ValueError, match=r"^growth has .* must have 'time_ns' only"):
        fit_growth(growth)
    with pytest.raises(ValueError, match=r"^growth must be finite"):
        fit_growth(growth[0].where(growth.time_ns < 3, np.inf))
    whole = variance_growth(spot(0.05, 1e5)[:5])
    np.testing.assert_allclose(whole.time_ns, TIME_NS[:5])


def test_a_growth_of_few_slices_is_that_of_all():
    """The window of the growth is open, and that of a line ends at 3 ns."""
    long = spot(0.05, 1e5).assign_coords(time_ns=2 * TIME_NS)
    growth = variance_growth(long).growth_nm2
    assert growth.sizes["time_ns"] == 61
    assert fit_growth(growth).n_points == 30


def test_the_way_of_the_paper_is_the_usual_one():
    """A line through the origin over the first 3 ns, of slices with a free background."""
    record = records(spot(0.05, 2e3), 1, seed=25)[0].assign_coords(time_ns=1.5 * TIME_NS)
    usual = {"background": "fitted", "free_intercept": False, "window_ns": (0, 3)}
    found = line_through_slices(record)
    assert found == line_through_slices(record, **usual, within_nm=np.inf, goodness=True)
    assert found == slices.fit_slices(slices_of_window(record, (0, 3)), True)
    assert found == diffusivity(record)
    assert found.goodness.n_free > 0
    for other in ({"background": "ignored"}, {"free_intercept": True}, {"window_ns": (0, 4)}):
        assert line_through_slices(record, **other).value != found.value
    assert np.isfinite(line_through_slices(record, within_nm=500).value)
    in_um = record.assign_coords(position_nm=1e-3 * WIDE_NM)
    assert np.isfinite(line_through_slices(in_um, within_nm=0.5).value)


def test_every_reason_is_counted():
    """In the order in which they come."""
    record = records(spot(0.05, 2e4), 1, seed=26)[0]
    record[[20, 40]] = 0
    record[30] = np.arange(61) % 2
    first, second = diffusivity(record).note.split("; ")[0].split(", ")
    assert first == "2 of 61 slices: no counts"
    assert second.startswith("1 of 61 slices: ")


def test_groups_of_moments_have_the_counts_for_normal_errors():
    """Of the second moment of all slices together, seven hundredths."""
    (record,) = records(spot(0.05, 4e3)[::6], 1, seed=27)
    map_ = moment._Map.of(slices_of_window(record, (0, 3)))
    whole = map_.summed(np.zeros(1, int))
    x = map_.position - whole.net @ map_.position / whole.net.sum()
    value, variance, _ = propagated(whole, lambda net: net @ x**2 / net.sum(1))
    known = int(0.07**2 * value[0] ** 2 / variance[0])
    assert map_._n_groups() == known
    assert 3 < known < 20
    bright = replace(map_, counts=100 * map_.counts)
    assert bright._n_groups() == 24


def test_moments_know_no_unit_of_counts():
    """Slices of less than one have the same D."""
    exact = spot(0.05, 1e5, 0.0)
    plain = diffusivity(exact, "moment")
    dim = 8e-6 * exact
    assert 0.1 < dim.sum("position_nm").min() < dim.sum("position_nm").max() < 1
    assert diffusivity(dim, "moment").value == pytest.approx(plain.value)
    assert plain.unit == "cm2/s"


def test_three_slices_of_a_level_have_no_spot():
    """A count above the background in each is noise."""
    flat = xr.full_like(spot(0.05, 1.0)[:3], 4.0)
    flat[:, 30] = 5
    found = diffusivity(flat, "moment")
    assert np.isnan(found.value)
    assert found.note == "no spot stands out of the background"


def test_lines_through_what_is_no_spot_mean_nothing():
    """With a free background; what leaves it out does so on purpose, and says so if asked."""
    bright = spot(0.05, 1e4, 0.0)
    (dip,) = records(1.2 * float(bright.max()) - bright, 1, seed=28)
    for goodness in (True, False):
        assert np.isnan(line_through_slices(dip, goodness=goodness).value)
    (level,) = records(spot(0.05, 1e4, 300.0), 1, seed=28)
    quick = line_through_slices(level, background="ignored", goodness=False)
    full = line_through_slices(level, background="ignored")
    assert (quick.goodness, quick.note) == (None, "")
    assert "the model does not fit" in full.note
    assert full.value == quick.value > 1


def test_a_spot_at_rest_has_no_kurtosis_of_its_spreading():
    """Where it does not grow by three errors there is none to speak of."""
    for seed in range(3):
        found = diffusivity(records(spot(0.0, 2e4), 1, seed=seed)[0], "moment")
        assert abs(found.z(0.0)) < 3
        assert "kurtosis" not in found.note


def test_groups_of_slices_have_the_counts_for_normal_errors(monkeypatch):
    """The variance of a bright spot is known to the root of two over its counts."""
    asked = []

    def groups_for(precision, most):
        asked.append((precision, most))
        return 3

    monkeypatch.setattr(slices, "groups_for", groups_for)
    (record,) = records(spot(0.0, 1e4, 0.1), 1, seed=30)
    slices._misfit(slices_of_window(record, (0, 3)), 4, True)
    assert asked == [(pytest.approx(float(record.sum()) / 2, rel=0.1), slices.MOST_GROUPS)]


def test_draws_are_of_the_first_3_ns():
    """As records are, unless another window is asked for."""
    record = records(spot(0.05, 2e3), 1, seed=31)[0].assign_coords(time_ns=1.5 * TIME_NS)
    draws = record.values[None]
    assert slices.slopes_of_draws(record, draws)[0] == pytest.approx(diffusivity(record).value)


def moving(centre_nm=0.0, growth=1.0, tilt=0.0):
    """Expected counts of a spot whose centre and growth follow their own course, and its map."""
    variance = 212.0**2 + 1e4 * TIME_NS * growth
    shift = WIDE_NM - np.broadcast_to(centre_nm, TIME_NS.shape)[:, None]
    rows = 2e4 * INTENSITY[:, None] * np.exp(-(shift**2) / (2 * variance[:, None])) / 20
    rows = rows + 5 * (1 + tilt * WIDE_NM / 1500)
    return xr.DataArray(rows, {"time_ns": TIME_NS, "position_nm": WIDE_NM})


THIRDS = np.array([20.0, -20, 20])[np.minimum(np.arange(61) // 15, 2)]


@pytest.mark.parametrize(
    "course", [{"centre_nm": THIRDS}, {"growth": (TIME_NS / 3) ** 3}, {"tilt": 0.3}]
)
def test_each_test_of_moments_sees_its_own_misfit(course):
    """A centre that moves there and back, growth that bends, or ends that differ."""
    maps = [records(one, 1, seed=34)[0] for one in (moving(), moving(**course))]
    plain, other = (moment._Map.of(slices_of_window(one, (0, 3))) for one in maps)
    assert plain.misfit(None).goodness.p_value > 1e-3
    assert other.misfit(None).goodness.p_value < 1e-4
    mean = other.at(moving(**course).values)
    if "tilt" not in course:
        assert other.misfit(mean).goodness.p_value > 1e-3
    assert other.misfit(None).reason.startswith("the model does not fit")


def test_masked_positions_are_not_named_and_dead_ones_are():
    """Beside a Gaussian as beside medians of neighbours."""
    (record,) = records(moving(), 1, seed=35)
    dead = record.copy()
    dead[:, 28] = 0
    for one, named in ((dead, True), (dead.where(dead.position_nm != WIDE_NM[28]), False)):
        map_ = moment._Map.of(slices_of_window(one, (0, 3)))
        for gaussian in (None, map_.at(moving().values)):
            assert (f"position {WIDE_NM[28]:g} nm" in map_.misfit(gaussian).reason) == named
