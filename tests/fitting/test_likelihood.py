"""Tests of method ``global`` and of the bound that it has to reach."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.special import xlogy
from spots import INTENSITY, POSITION_NM, TIME_NS, records

from tptools.fitting import cramer_rao_bound, diffusivity, likelihood, spreading, spreading_spot
from tptools.fitting.records import slices_of_window
from tptools.units import NM2_PER_NS_IN_CM2_S as UNIT

D = 0.05
SPOT = {"diffusivity_cm2_s": D, "variance_nm2": 212.0**2, "centre_nm": 20.0}
N_RECORDS = 1500


@pytest.fixture(scope="module")
def repetitions():
    """Values and errors of D from many records of one map, and the bound."""
    every_third = TIME_NS[::3], POSITION_NM, 2000 * INTENSITY[::3]
    mean = spreading_spot(*every_third, **SPOT, background=2.0)
    drawn = records(mean, N_RECORDS, seed=1)
    # what checks a record and judges a fit takes ten times as long as the fit
    seen = slices_of_window(mean, (0.0, 3.0), exposures=True)
    spots = [likelihood._likeliest(seen._replace(counts=record.to_numpy())) for record in drawn]
    values = np.array([spot.shared[spreading.DIFFUSIVITY] for spot in spots]) * UNIT
    errors = np.sqrt([spot.variance for spot in spots]) * UNIT
    for record, value, error in zip(drawn[:9], values, errors, strict=False):
        public = diffusivity(record, "global")
        assert (public.value, public.std_err) == (value, error)
    return values, errors, cramer_rao_bound(*every_third, **SPOT, background=2.0)


def test_no_bias_on_gaussian_spots(repetitions):
    """The mean over repetitions is the truth, within a tenth of an error bar."""
    values, _, bound = repetitions
    assert abs(values.mean() - D) < 4 * bound / np.sqrt(N_RECORDS)


def test_error_bars_cover_the_truth(repetitions):
    """One standard error holds the truth in 60 to 76 % of repetitions."""
    values, errors, _ = repetitions
    assert 0.60 < np.mean(np.abs(values - D) < errors) < 0.76


def test_variance_reaches_the_bound(repetitions):
    """The variance over repetitions is within 10 % of the Cramér-Rao bound, as the errors say."""
    values, errors, bound = repetitions
    assert values.var() == pytest.approx(bound**2, rel=0.10)
    assert np.mean(errors**2) == pytest.approx(bound**2, rel=0.10)


@pytest.mark.parametrize("diffusivity_cm2_s", [-0.02, 0.0, 0.3])
@pytest.mark.parametrize("background", [0.0, 1e-3, 20.0])
def test_exact_maps_give_the_truth(diffusivity_cm2_s, background):
    """Without noise D comes back, whether the spot narrows, stays or spreads, on any background."""
    spot = SPOT | {"diffusivity_cm2_s": diffusivity_cm2_s, "background": background}
    mean = spreading_spot(TIME_NS, POSITION_NM, 2000 * INTENSITY, **spot)
    found = diffusivity(mean, "global")
    bound = cramer_rao_bound(TIME_NS, POSITION_NM, 2000 * INTENSITY, **spot)
    assert abs(found.value - diffusivity_cm2_s) < 1e-2 * bound
    assert found.std_err == pytest.approx(bound, rel=1e-2)


def test_bound_of_a_wide_clean_map_is_that_of_a_line():
    """Without background and truncation the slices have var = 2 v^2 / N, and D that of a line."""
    counts = 1e4 * INTENSITY
    wide = np.linspace(-3000, 3000, 401)
    weight = counts / (2 * (SPOT["variance_nm2"] + 2 * D * 1e5 * TIME_NS) ** 2)
    mean_time = np.average(TIME_NS, weights=weight)
    line = 0.5e-5 / np.sqrt((weight * (TIME_NS - mean_time) ** 2).sum())
    assert cramer_rao_bound(TIME_NS, wide, counts, **SPOT) == pytest.approx(line, rel=1e-3)


def test_bound_falls_with_the_square_root_of_the_counts():
    """Four times the counts on four times the background halve the bound."""
    bounds = [
        cramer_rao_bound(TIME_NS, POSITION_NM, n * INTENSITY, **SPOT, background=n / 1e3)
        for n in (1e3, 4e3)
    ]
    assert bounds[1] == pytest.approx(bounds[0] / 2, rel=1e-9)


def test_bound_knows_no_units():
    """Lengths in um and any number of counts change it as they have to, also on no background."""
    plain = cramer_rao_bound(TIME_NS, POSITION_NM, INTENSITY, **SPOT)
    in_um = {"diffusivity_cm2_s": 1e-6 * D, "variance_nm2": 0.212**2, "centre_nm": 0.02}
    found = cramer_rao_bound(TIME_NS, 1e-3 * POSITION_NM, INTENSITY, **in_um)
    assert 1e6 * found == pytest.approx(plain, rel=1e-6)
    for root in (1e4, 1e-4):
        found = cramer_rao_bound(TIME_NS, POSITION_NM, root**2 * INTENSITY, **SPOT)
        assert root * found == pytest.approx(plain, rel=1e-6)


def test_a_single_time_has_no_bound():
    """D cannot be found from slices at one time only."""
    assert cramer_rao_bound([0.0], POSITION_NM, 1e4, **SPOT) == np.inf


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"variance_nm2": -1.0}, "^variance_nm2 = -1.0"),
        ({"background": -1.0}, "^background = -1.0"),
        ({"diffusivity_cm2_s": -0.1}, "smallest variance_nm2"),
        ({"slice_counts": 0.0}, "lowest of slice_counts"),
    ],
)
def test_impossible_spots_are_refused(changed, message):
    """A number out of range is a ValueError that names it."""
    arguments = {"time_ns": TIME_NS, "position_nm": POSITION_NM, "slice_counts": 10.0, **SPOT}
    with pytest.raises(ValueError, match=message):
        cramer_rao_bound(**arguments | changed)


def test_a_search_that_is_cut_short_is_not_converged(monkeypatch):
    """What did not settle is NaN, and says so as a field and in its text."""
    mean = spreading_spot(TIME_NS, POSITION_NM, 2000 * INTENSITY, **SPOT, background=2.0)
    (record,) = records(mean, 1, seed=3)
    assert diffusivity(record, "global").converged
    monkeypatch.setattr(spreading, "MAX_STEPS", 1)
    found = diffusivity(record + 1, "global")
    assert np.isnan(found.value)
    assert (found.method, found.note, found.converged) == ("global", "did not settle", False)
    assert found.unit == "cm2/s"


def small_map(seed=1):
    """Counts of a few slices of unequal widths, some of them masked."""
    time, position = np.array([0.0, 0.7, 1.0, 2.5]), np.linspace(-300, 700, 21)
    exposure = np.array([1.0, 0.5, 0.5, 2.0])
    shared, amplitudes = np.array([5e3, 3e4, 50.0, 2.0]), np.array([60.0, 30, 25, 10])

    def mean(shared, amplitudes):
        variance = (shared[1] + 2 * shared[0] * time)[:, None]
        spot = np.exp(-((position - shared[2]) ** 2) / (2 * variance))
        return amplitudes[:, None] * spot + shared[3] * exposure[:, None]

    counts = np.random.default_rng(seed).poisson(mean(shared, amplitudes)).astype(float)
    counts[1, 3:6] = counts[3, 0] = np.nan
    counts[2, 0] = 0
    spot = spreading.Spot(shared, amplitudes)
    return spreading.CountMap(position, time, exposure, counts), spot, counts, mean


def derivatives(function, at):
    """By every number in an array, one after the other along the first axis."""
    steps = np.diag(1e-5 * at)
    return np.array([(function(at + one) - function(at - one)) / (2 * one.sum()) for one in steps])


def dense(spot, counts, mean):
    """Expected information and gradient by amplitudes, then shared parameters, in one matrix."""

    def of_all(parameters):
        return mean(parameters[4:], parameters[:4])

    at = np.concatenate([spot.amplitudes, spot.shared])
    expected, slopes = of_all(at), derivatives(of_all, at)
    known = np.isfinite(counts)
    slopes, expected, seen = slopes[:, known], expected[known], counts[known]
    return slopes / expected @ slopes.T, slopes @ (seen / expected - 1)


def test_equations_of_a_map_are_those_of_differences():
    """Information and gradient of every slice, and the deviance of all that is seen."""
    map_, spot, counts, mean = small_map()
    found, (information, gradient) = map_.equations(spot), dense(spot, counts, mean)
    known = np.isfinite(counts)
    n, m = counts[known], mean(*spot)[known]
    assert found.deviance == pytest.approx(2 * (xlogy(n, n / m) - n + m).sum())
    np.testing.assert_allclose(found.gradient[0], gradient[:4], rtol=1e-5)
    np.testing.assert_allclose(found.gradient[1:].sum(1), gradient[4:], rtol=1e-5)
    np.testing.assert_allclose(found.information[0, 0], np.diag(information)[:4], rtol=1e-5)
    np.testing.assert_allclose(found.information[0, 1:], information[4:, :4], rtol=1e-5)
    np.testing.assert_allclose(found.information[1:, 0], information[4:, :4], rtol=1e-5)
    np.testing.assert_allclose(found.information[1:, 1:].sum(-1), information[4:, 4:], rtol=1e-5)
    for variance in (0.0, -1.0):
        wrong = spot.shared * [1, 0, 1, 1] + [0, variance, 0, 0]
        assert map_.equations(spot._replace(shared=wrong)) is None
    narrowing = spot.shared * [-1, 1, 1, 1]
    assert map_.equations(spot._replace(shared=narrowing)) is not None
    assert map_.equations(spot._replace(shared=narrowing * [1.3, 1, 1, 1])) is None


def test_amplitudes_are_taken_out_of_the_equations():
    """What is left is the inverse of a block of the inverse; its step that of all at once."""
    map_, spot, counts, mean = small_map()
    equations = map_.equations(spot)
    shared = spreading._shared(equations, spot.amplitudes)
    information, gradient = dense(spot, counts, mean)
    np.testing.assert_allclose(
        np.linalg.inv(shared.matrix), np.linalg.inv(information)[4:, 4:], rtol=1e-4
    )
    step = np.linalg.solve(information, gradient)
    np.testing.assert_allclose(np.linalg.solve(shared.matrix, shared.gradient), step[4:], rtol=1e-4)
    gain = shared.gain + shared.gradient @ step[4:]
    assert gain == pytest.approx(gradient @ step, rel=1e-5)
    np.testing.assert_allclose(shared.free, 1 / np.diag(information)[:4], rtol=1e-5)
    moved = spreading._moved(spot, equations, shared.free, step[4:], 1e-3)
    np.testing.assert_allclose(moved.shared, spot.shared + step[4:], rtol=1e-6)
    np.testing.assert_allclose(moved.amplitudes, spot.amplitudes + step[:4], rtol=1e-4)
    floor = spot.shared[3] + step[7] + 1
    up = spreading._moved(spot, equations, shared.free, step[4:], floor)
    assert up.shared[3] == floor
    assert up.shared[:3].tolist() == moved.shared[:3].tolist()
    held = spreading._moved(spot, equations, shared.free, step[4:7], 1e-3)
    assert held.shared[3] == spot.shared[3]
    bound = np.linalg.inv(information)[4, 4]
    assert spreading.smallest_variance(map_, spot) == pytest.approx(bound, rel=1e-4)
    wrong = spot._replace(shared=-spot.shared)
    assert np.isnan(spreading.smallest_variance(map_, wrong))


def test_amplitudes_at_zero_stay_unless_they_are_pulled():
    """No slice has less than no light, and one that is out of sight has no say."""
    map_, spot, *_ = small_map()
    dim = spot._replace(amplitudes=spot.amplitudes * [1, 0, 1, 0])
    equations = map_.equations(dim)
    pulled = equations.gradient[0].copy()
    pulled[1], pulled[3] = -1.0, 1.0
    gradient = equations.gradient.copy()
    gradient[0] = pulled
    shared = spreading._shared(replace(equations, gradient=gradient), dim.amplitudes)
    assert (shared.free > 0).tolist() == [True, False, True, True]
    gradient[0, 3] = 0
    shared = spreading._shared(replace(equations, gradient=gradient), dim.amplitudes)
    assert (shared.free > 0).tolist() == [True, False, True, False]
    information = equations.information.copy()
    information[0, 0, 2] = 0
    shared = spreading._shared(replace(equations, information=information), dim.amplitudes)
    assert shared.free[2] == 0
    down = spreading._moved(dim, equations, np.full(4, 1e9), np.zeros(4), 1e-3)
    assert down.amplitudes.min() == 0


def test_damped_equations_are_solved_where_they_are_positive():
    """In any units; a matrix that is singular but for rounding has no solution."""
    rng, right = np.random.default_rng(2), np.array([1.0, -2, 3])
    whole = rng.normal(size=(5, 3)) * [1e-2, 1, 1e2]
    matrix = whole.T @ whole
    for damping in (0.0, 0.5):
        damped = matrix + damping * np.diag(np.diag(matrix))
        found = spreading._solve(matrix, right, damping)
        np.testing.assert_allclose(damped @ found, right, rtol=1e-6, atol=1e-6)
    for one in (-matrix, 0 * matrix, matrix * np.diag([1, 1, 0])):
        assert spreading._solve(one, right, 0.0) is None
    for pivot, solved in ((0.9e-7, False), (1.2e-7, True)):
        near = np.sqrt(1 - pivot**2)
        pair = np.array([[1.0, near], [near, 1.0]])
        assert (spreading._solve(pair, right[:2], 0.0) is not None) == solved
        assert spreading._solve(pair, right[:2], 1.0) is not None
    indefinite = np.array([[1.0, 2.0], [2.0, 1.0]])
    assert spreading._solve(indefinite, right[:2], 0.0) is None
    four = np.diag([4.0, 1, 1, 1])
    assert spreading._variance_of_diffusivity(four) == pytest.approx(0.25)
    assert np.isnan(spreading._variance_of_diffusivity(-four))


@pytest.mark.parametrize("floor", [1e-3, 4.0])
def test_the_likeliest_spot_has_no_gradient(floor):
    """From near or far, but for a background that rests on its floor; its error is the bound."""
    map_, spot, *_ = small_map()
    starts = (
        spot._replace(shared=np.maximum(spot.shared, [0, 0, 0, floor])),
        spreading.Spot(np.array([-2e3, 6e4, 150.0, max(5.0, floor)]), 3 * spot.amplitudes),
    )
    for start in starts:
        best, variance = spreading.likeliest(map_, start, floor)
        gradient = map_.equations(best).gradient
        n = 3 if best.shared[3] == floor else 4
        assert n == (4 if floor < 1 else 3)
        size = np.array([5e3, 3e4, 50, 2])
        assert np.abs(gradient[1:].sum(1) * size)[:n].max() < 1e-2
        assert np.abs(gradient[0] * best.amplitudes).max() < 1e-2
        assert variance == pytest.approx(spreading.smallest_variance(map_, best), rel=1e-6)
        assert n == 4 or gradient[4].sum() < 0
    wild = spot._replace(shared=np.array([0.0, -1.0, 0, 1]))
    assert np.isnan(spreading.likeliest(map_, wild, floor)[1])


def test_a_spot_has_its_counts_centre_and_variance():
    """In every slice, above the background; without more it lies at zero on none."""
    x = np.arange(-2500.0, 2600.0, 20.0)
    time, counts = np.array([0.0, 1.5, 4.0]), np.array([50.0, 20.0, 7.0])
    spot = spreading_spot(time, x, counts, **SPOT | {"centre_nm": 60.0}, background=3.0)
    assert spot.dims == ("time_ns", "position_nm")
    assert spot.time_ns.values.tolist() == time.tolist()
    assert spot.position_nm.values.tolist() == x.tolist()
    light = spot.to_numpy() - 3
    np.testing.assert_allclose(light.sum(axis=1), counts)
    np.testing.assert_allclose(light @ x / counts, 60)
    np.testing.assert_allclose(light @ (x - 60) ** 2 / counts, 212**2 + 2 * D * 1e5 * time)
    plain = {"diffusivity_cm2_s": D, "variance_nm2": 212.0**2}
    usual, told = (
        spreading_spot(time, x, 5.0, **plain, **more) for more in ({}, {"centre_nm": 0.0})
    )
    assert usual.equals(told)
    assert float(usual.min()) < 1e-9
    bounds = [
        cramer_rao_bound(time, x, counts, **plain, **more)
        for more in ({}, {"centre_nm": 0.0, "background": 0.0})
    ]
    assert bounds[0] == bounds[1] < cramer_rao_bound(time, x, counts, **plain, background=1.0)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"position_nm": [0.0]}, "columns have .*position_nm"),
        ({"slice_counts": [1.0, 2.0]}, "slice_counts has 2 values"),
        ({"variance_nm2": 0.0}, "^variance_nm2"),
        ({"diffusivity_cm2_s": -0.1}, "smallest variance_nm2"),
        ({"background": -0.1}, "^background"),
        ({"centre_nm": np.inf}, "^centre_nm"),
    ],
)
def test_spots_that_cannot_be_are_refused(changed, message):
    """Each by the name of its number."""
    arguments = {"time_ns": TIME_NS, "position_nm": POSITION_NM, "slice_counts": 10.0, **SPOT}
    with pytest.raises(ValueError, match=f"^{message}"):
        spreading_spot(**arguments | changed)


def test_numbers_of_a_spot_know_no_size():
    """Neither what is left of its variance nor its counts are too small."""
    tiny = {"diffusivity_cm2_s": 0.0, "variance_nm2": 0.25}
    assert np.isfinite(cramer_rao_bound(TIME_NS, [-0.5, 0.0, 0.5, 1.0], 1e-60, **tiny))
    two = spreading_spot([0.0], [0.0, 1.0], [4.0], **tiny)
    assert two.values[0, 0] == pytest.approx(4 / np.sqrt(2 * np.pi * 0.25))


@pytest.mark.parametrize("background", [0.0, 2.0])
def test_derivatives_of_the_fitted_map(background):
    """By D, variance, centre and background, and by each slice, they are those of its mean.

    A background that rests at nothing is no parameter.
    """
    exposure = np.linspace(0.5, 1.5, TIME_NS.size)
    mean = spreading_spot(TIME_NS, POSITION_NM, 2000 * INTENSITY, **SPOT)
    record = slices_of_window(mean + background, (0.0, 3.0))._replace(exposure=exposure)
    spot = likelihood._likeliest(record)
    shared = np.array([0.05e5, 212.0**2, 20.0, spot.floor if background == 0 else background])
    spot = replace(spot, shared=shared)
    found = spot.model(record.counts)
    x, v = POSITION_NM - 20, shared[1] + 2 * shared[0] * TIME_NS[:, None]
    shape = np.exp(-(x**2) / (2 * v))
    level = exposure[:, None] * shared[3]
    np.testing.assert_allclose(found.mean, spot.amplitudes[:, None] * shape + level, rtol=1e-12)
    np.testing.assert_allclose(found.own, [shape])
    assert len(found.shared) == (3 if background == 0 else 4)
    slopes = derivatives(lambda at: replace(spot, shared=at).model(record.counts).mean, shared)
    for derivative, slope in zip(found.shared, slopes, strict=False):
        np.testing.assert_allclose(derivative, slope, rtol=1e-5, atol=1e-7 * abs(slope).max())
    assert found.counts is record.counts


def test_only_the_answer_is_the_same_without_a_look_at_the_fit():
    """A map that is no spot at all has no D either way."""
    mean = spreading_spot(TIME_NS, POSITION_NM, 2000 * INTENSITY, **SPOT, background=2.0)
    (record,) = records(mean, 1, seed=3)
    whole, short = (diffusivity(record, "global", goodness=one) for one in (True, False))
    assert (whole.value, whole.std_err) == (short.value, short.std_err)
    assert (whole.goodness is None, short.goodness is None) == (False, True)
    assert (whole.unit, whole.method) == (short.unit, short.method) == ("cm2/s", "global")
    comb = record.copy(data=record * 0 + 400 * (1 + np.cos(POSITION_NM / 60)).round())
    assert np.isnan(diffusivity(comb, "global", goodness=False).value)
    flat = diffusivity(record * 0 + 5, "global")
    assert np.isnan(flat.value)
    assert flat.note == "the sum of all slices has no width"
    assert (flat.unit, flat.method, flat.converged) == ("cm2/s", "global", True)


def test_the_likeliest_map_is_that_of_the_fit(monkeypatch):
    """Where there is one: not of a flat record, nor where the search does not settle."""
    mean = spreading_spot(TIME_NS, POSITION_NM, 2000 * INTENSITY, **SPOT, background=2.0)
    seen = slices_of_window(mean, (0.0, 3.0))
    np.testing.assert_allclose(likelihood.likeliest_map(seen), mean, rtol=1e-3)
    assert likelihood.likeliest_map(seen._replace(counts=np.full(mean.shape, 5.0))) is None
    monkeypatch.setattr(spreading, "MAX_STEPS", 1)
    noisy = records(mean, 1, seed=4)[0].to_numpy().astype(float)
    assert likelihood.likeliest_map(seen._replace(counts=noisy)) is None


def test_a_search_starts_at_the_spot_of_the_mean_slice():
    """Of a spot that stays it is the truth, with the counts of every slice above its background.

    One without counts starts a little above nothing.
    """
    exposure = np.where(np.arange(TIME_NS.size) % 2, 0.5, 1.5)
    exposure /= exposure.mean()
    shape = np.exp(-((POSITION_NM - 20) ** 2) / (2 * 150.0**2))
    counts = 2000 * INTENSITY[:, None] * shape + 0.3 * exposure[:, None]
    seen = slices_of_window(
        spreading_spot(TIME_NS, POSITION_NM, 1.0, **SPOT).copy(data=counts), (0.0, 3.0)
    )
    shared, amplitudes = likelihood._start(seen._replace(exposure=exposure))
    np.testing.assert_allclose(shared, [0, 150.0**2, 20, 0.3], rtol=1e-6, atol=1e-9)
    np.testing.assert_allclose(amplitudes, 2000 * INTENSITY, rtol=1e-6)
    masked = counts.copy()
    masked[7, :28] = np.nan
    _, amplitudes = likelihood._start(seen._replace(exposure=exposure, counts=masked))
    assert amplitudes[7] == pytest.approx(2000 * INTENSITY[7], rel=0.03)
    dark = np.where(np.arange(TIME_NS.size)[:, None] == 7, 0.0, masked)
    shared, amplitudes = likelihood._start(seen._replace(exposure=exposure, counts=dark))
    assert 0 < amplitudes[7] < 0.01 * amplitudes.min(where=np.arange(61) != 7, initial=np.inf)


@pytest.mark.parametrize("seed", [1, 4, 37, 52])
def test_dim_maps_settle(seed):
    """Of some three hundred photons on the dark, most readings of which are empty."""
    time_ns, x_nm = np.linspace(0, 20, 12), np.linspace(-1500, 1500, 61)
    spot = {"diffusivity_cm2_s": 0.02, "variance_nm2": 250**2}
    mean = spreading_spot(time_ns, x_nm, 120 * np.exp(-time_ns / 4), **spot)
    counts = mean.copy(data=np.random.default_rng(seed).poisson(mean).astype(float))
    assert diffusivity(counts, "global", window_ns=(0, 20)).converged
