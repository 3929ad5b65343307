"""Tests of tptools.fitting.gaussians: one profile with scipy, and many compiled."""

import numpy as np
import pytest
from scipy import optimize
from scipy.special import xlogy

from tptools.fitting import diffusivity, engine, spreading_spot
from tptools.fitting.gaussians import (
    GOOD,
    MASKED,
    NO_COUNTS,
    NO_PEAK,
    NOT_SETTLED,
    TOO_FEW_COUNTS,
    UNSURE,
    _gaussian,
    _judged,
    _slopes,
    _start,
    fit_one,
    fit_rows,
)

X = np.linspace(-900, 900, 61)


@pytest.mark.parametrize("height", [5, 50, 5000])
@pytest.mark.parametrize("masked", [0, 7])
def test_one_profile_has_the_fit_of_many(height, masked):
    """Both ways end in the same optimum, or refuse the same profiles, unless one found none."""
    random = np.random.default_rng(height)
    mean = 2 + height * np.exp(-((X - 100) ** 2) / (2 * 200**2))
    rows = random.poisson(mean, (20, X.size)).astype(float)
    rows[:, :masked] = np.nan
    fits, verdicts = fit_rows(X, rows, 4)
    assert (verdicts == GOOD).any()
    for row, fit, verdict in zip(rows, fits, verdicts, strict=True):
        if verdict != NOT_SETTLED:
            np.testing.assert_allclose(fit_one(X, row), fit[:4], rtol=1e-3, atol=0.1)


@pytest.mark.parametrize(
    "profile",
    [np.zeros(61), np.full(61, 7.0), np.where(np.abs(X) < 50, 3.0, 0.0), np.full(61, np.nan),
     1e3 - np.exp(-((X / 200) ** 2)), np.exp((X - 900) / 300)],
    ids=["empty", "flat", "few", "masked", "hole", "edge"],
)  # fmt: skip
def test_what_has_no_width_has_none_either_way(profile):
    """A profile without a peak of a width between the ends is refused by both."""
    _, verdicts = fit_rows(X, profile[None], 4)
    assert verdicts[0] != GOOD
    assert np.isnan(fit_one(X, profile)).all()


@pytest.mark.parametrize("masked", [0, 6])
def test_a_mask_hides_no_reason(masked):
    """What a profile lacks is said of what is not masked; only one without readings is masked."""
    few, level, good = (
        np.where(np.abs(X) < 50, 3.0, 0.0),
        np.full(61, 7.0),
        np.exp(-((X / 300) ** 2)),
    )
    rows = np.stack([0 * X, few, level, good, np.full(61, np.nan)])
    rows[:, :masked] = np.nan
    wanted = [NO_COUNTS, TOO_FEW_COUNTS, NO_PEAK, GOOD, MASKED]
    assert fit_rows(X, rows, 4)[1].tolist() == wanted


def test_one_position_more_than_parameters_is_enough():
    """Either way, and as many positions as parameters are too few."""
    x, wanted = np.linspace(-2, 2, 5), [100.0, 0.2, 0.8, 3.0]
    profile = 3 + 100 * np.exp(-((x - 0.2) ** 2) / (2 * 0.8))
    np.testing.assert_allclose(fit_one(x, profile), wanted, rtol=1e-5)
    np.testing.assert_allclose(fit_rows(x, profile[None], 4)[0][0, :4], wanted, rtol=1e-5)
    for fit in (lambda x, y: fit_one(x, y[0]), lambda x, y: fit_rows(x, y, 4)):
        with pytest.raises(ValueError, match="has 4 positions and must have more than the 4"):
            fit(x[1:], profile[None, 1:])


def test_unit_of_counts_changes_no_likeliest_width():
    """Poisson likelihood of all counts times a constant is highest at the same centre and width."""
    x = np.linspace(-900, 900, 601)
    counts = np.random.default_rng(1).poisson(5 + 80 * np.exp(-((x / 250) ** 2) / 2), (5, x.size))
    fits, verdicts = fit_rows(x, counts, 4, likeliest=True)
    scaled, _ = fit_rows(x, 0.01 * counts, 4, likeliest=True)
    assert (verdicts == GOOD).all()
    np.testing.assert_allclose(scaled[:, 1:3], fits[:, 1:3], rtol=0.01, atol=2)
    np.testing.assert_allclose(scaled[:, 0], 0.01 * fits[:, 0], rtol=0.01)


def test_global_fit_waits_for_no_compiler(monkeypatch):
    """The method does without the compiled loop, which a first user would wait for."""
    monkeypatch.setattr(engine, "fit_gaussians", None)
    spot = {"diffusivity_cm2_s": 0.05, "variance_nm2": 212**2}
    mean = spreading_spot(np.arange(4), X, 1e4, **spot)
    assert diffusivity(mean, "global").value == pytest.approx(0.05, rel=1e-3)


GAUSSIAN = np.array([50.0, 30.0, 4e4, 3.0])
PLACES = np.linspace(-300, 700, 15)


def model(parameters):
    amplitude, centre, variance, background = parameters
    return amplitude * np.exp(-((PLACES - centre) ** 2) / (2 * variance)) + background


def filled_columns(y, poisson):
    """What the compiled loops make of one profile, in plain Python: misfit and columns."""
    columns = np.full((engine.N_COLUMNS, PLACES.size), 9.0)
    return engine._misfit.py_func(PLACES, y, GAUSSIAN, poisson, columns), columns


@pytest.mark.parametrize("poisson", [False, True])
def test_misfit_of_a_profile_is_chi_square_or_deviance(poisson):
    """Masked readings weigh nothing, and empty ones have no logarithm."""
    y, mean = np.random.default_rng(1).poisson(model(GAUSSIAN)).astype(float), model(GAUSSIAN)
    y[:3] = 0, 1, np.nan
    known = np.isfinite(y)
    misfit, (shape, weight, residual) = filled_columns(y, poisson)
    of_each = 2 * (xlogy(y, y / mean) - y + mean) if poisson else (y - mean) ** 2
    assert misfit == pytest.approx(of_each[known].sum())
    np.testing.assert_allclose(shape, (mean - 3) / 50)
    np.testing.assert_allclose(weight, known / mean if poisson else known)
    np.testing.assert_allclose(residual, np.where(known, y - mean, 0))


@pytest.mark.parametrize("poisson", [False, True])
def test_normal_equations_are_those_of_differences(poisson):
    """Of the model by its parameters, weighted as its readings are."""
    y = np.random.default_rng(2).poisson(model(GAUSSIAN)).astype(float)
    _, columns = filled_columns(y, poisson)
    matrix, gradient = np.full((4, 4), 7.0), np.zeros(4)
    engine._normal_equations.py_func(PLACES, GAUSSIAN, columns, matrix, gradient)
    steps = np.diag(1e-5 * GAUSSIAN)
    slopes = np.transpose(
        [(model(GAUSSIAN + one) - model(GAUSSIAN - one)) / (2 * one.sum()) for one in steps]
    )
    weighted = columns[1][:, None] * slopes
    np.testing.assert_allclose(np.tril(matrix), np.tril(slopes.T @ weighted), rtol=1e-6)
    np.testing.assert_allclose(gradient, weighted.T @ (y - model(GAUSSIAN)), rtol=1e-6)


@pytest.mark.parametrize("n", [1, 3, 4])
def test_damped_equations_are_solved_below_the_diagonal(n):
    """Of the first so many; where a matrix is not positive definite there is no solution."""
    rng = np.random.default_rng(n)
    whole, right = rng.normal(size=(6, 4)), rng.normal(size=4)
    matrix = whole.T @ whole
    lower, solution = np.full((4, 4), np.nan), np.full(4, np.nan)
    for damping in (0.0, 0.7):
        below = np.tril(matrix) + np.triu(np.full((4, 4), np.nan), 1)
        assert engine._solve.py_func(below, right, damping, n, lower, solution)
        damped = (matrix + damping * np.diag(np.diag(matrix)))[:n, :n]
        np.testing.assert_allclose(solution[:n], np.linalg.solve(damped, right[:n]))
    for singular in (np.zeros((4, 4)), -np.eye(4), np.ones((4, 4))):
        works = engine._solve.py_func(singular, right, 0.0, n, lower, solution)
        assert works == (n == 1 and singular[0, 0] > 0)


def test_a_step_is_small_by_the_parameter_that_moves_most():
    """Against amplitude, width and variance; of a likelihood, by what it gains."""
    at, none = np.array([-50.0, 1e6, 400.0, 3.0]), np.zeros(4)

    def is_settled(step, gradient=none, poisson=False):
        return engine._is_settled.py_func(np.array(step), np.array(gradient), at, poisson)

    for i, size in enumerate((50, 20, 400)):
        for sign in (-1, 1):
            for times, small in ((0.99e-7, True), (1.01e-7, False)):
                step = np.zeros(4)
                step[i] = sign * times * size
                assert is_settled(step) == small
    assert is_settled([0, 0, 0, 1e9])
    for gain, small in ((0.99e-4, True), (1.01e-4, False)):
        gradient = [1.0, 2, 4, 8]
        step = gain * np.array([1.0, 0.5, 0.25, -2 / 8])
        assert is_settled(step, gradient, True) == small


@pytest.mark.parametrize("likeliest", [False, True])
def test_fits_stay_within_their_arrays(monkeypatch, likeliest):
    """In plain Python, which checks every index, they are the compiled ones."""
    rows = np.random.default_rng(1).poisson(model(GAUSSIAN), (2, PLACES.size)).astype(float)
    compiled, _ = fit_rows(PLACES, rows, 4, likeliest=likeliest)
    for name, one in vars(engine).copy().items():
        if hasattr(one, "py_func"):
            monkeypatch.setattr(engine, name, one.py_func)
    plain, _ = fit_rows(PLACES, rows, 4, likeliest=likeliest)
    np.testing.assert_allclose(plain, compiled, rtol=1e-9)


@pytest.mark.parametrize("likeliest", [False, True])
@pytest.mark.parametrize("n_parameters", [3, 4])
def test_profiles_end_where_no_step_gains(likeliest, n_parameters):
    """The gradient of the misfit vanishes, and the error of the width is that of the inverse."""
    rng, truth = np.random.default_rng(3), [200.0, 40, 4e4, 5 if n_parameters == 4 else 0]
    amplitude, centre, variance, background = truth
    mean = amplitude * np.exp(-((X - centre) ** 2) / (2 * variance)) + background
    rows = rng.poisson(mean + 1e-9, (5, 61)).astype(float)
    rows[1, 5:9] = np.nan
    fits, verdicts = fit_rows(X, rows, n_parameters, likeliest=likeliest)
    assert (verdicts == GOOD).all()
    for row, fit in zip(rows, fits, strict=True):
        known = np.isfinite(row)
        x, y = X[known] - fit[1], row[known]
        shape = np.exp(-(x**2) / (2 * fit[2]))
        found = fit[0] * shape + fit[3]
        slopes = np.array(
            [
                shape,
                fit[0] * shape * x / fit[2],
                fit[0] * shape * x**2 / (2 * fit[2] ** 2),
                1 + 0 * x,
            ]
        )[:n_parameters]
        weight = 1 / found if likeliest else np.ones(x.size)
        matrix = slopes * weight @ slopes.T
        inverse = np.linalg.inv(matrix)
        scale = 1.0 if likeliest else ((y - found) ** 2).sum() / (x.size - n_parameters)
        gradient = slopes * weight @ (y - found)
        # what a last step would gain is next to nothing
        assert gradient @ inverse @ gradient < 1e-4 * (1 if likeliest else scale)
        assert fit[4] == pytest.approx(np.sqrt(scale * inverse[2, 2]), rel=1e-3)


def test_a_likely_profile_has_some_background_and_no_dip():
    """A millionth of where the amplitude starts, where there is none to be seen."""
    mean = 400 * np.exp(-((X - 100) ** 2) / (2 * 100**2))
    (fit,), verdicts = fit_rows(X, np.round(mean)[None], 4, likeliest=True)
    assert verdicts[0] == GOOD
    assert 1e-4 < fit[3] < 1e-3
    assert fit[2] == pytest.approx(100**2, rel=0.02)
    (plain,), _ = fit_rows(X, mean[None], 4)
    assert plain[3] == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize("masked", [0, 7])
@pytest.mark.parametrize("n_parameters", [3, 4])
def test_errors_are_those_of_the_scatter(masked, n_parameters):
    """Of least squares, with the residual variance of the readings there are."""
    random = np.random.default_rng(1)
    row = random.poisson(2 + 50 * np.exp(-((X - 100) ** 2) / (2 * 200**2))).astype(float)
    row[:masked] = np.nan
    fits, _ = fit_rows(X, row[None], n_parameters)
    known = np.isfinite(row)

    def curve(x, amplitude, centre, variance, background=0.0):
        return _gaussian(x, amplitude, centre, variance, background)

    first = [50.0, 100.0, 4e4, 2.0][:n_parameters]
    best, covariance = optimize.curve_fit(curve, X[known], row[known], first)
    np.testing.assert_allclose(fits[0, :n_parameters], best, rtol=1e-3, atol=1e-2)
    assert fits[0, 4] == pytest.approx(covariance[2, 2] ** 0.5, rel=1e-3)


def test_slopes_are_the_derivatives():
    """By amplitude, centre, variance and background."""
    at = np.array([30.0, 50.0, 2e4, 4.0])
    for k, slope in enumerate(_slopes(X, *at).T):
        step = 1e-5 * at * (np.arange(4) == k)
        change = _gaussian(X, *(at + step)) - _gaussian(X, *(at - step))
        np.testing.assert_allclose(slope, change / (2 * step[k]), rtol=1e-5, atol=1e-9)


@pytest.mark.parametrize("n", [3, 4])
@pytest.mark.parametrize("masked", [0, 5])
def test_starts_have_peak_area_and_background(n, masked):
    """A dense profile starts at its own parameters; one of a single bin half a step wide."""
    x = np.linspace(-900, 900, 181)
    row = 30 * np.exp(-((x - 100) ** 2) / (2 * 150**2)) + (4 if n == 4 else 0)
    spike = np.where(x == 100, 7.0, 0.0)
    rows = np.stack([row, spike, row])
    rows[:, :masked] = np.nan
    verdicts = np.array([GOOD, GOOD, NO_PEAK])
    start = _start(x, rows, verdicts, n)
    assert start[0, :2].tolist() == pytest.approx([30, 100])
    assert start[0, 2] ** 0.5 == pytest.approx(150, rel=0.01 + 0.03 * (masked > 0))
    assert start[0, 3] == pytest.approx(4 if n == 4 else 0, abs=1e-6)
    assert start[1].tolist() == [7.0, 100.0, 5.0**2, 0.0]
    assert np.isnan(start[2]).all()


def test_what_became_of_fits_by_hand():
    """Ends of the positions belong to them; a width must be larger than its error."""
    x = np.array([-2.0, -1.0, 0.0, 1.0, 2.0])
    cases = [
        ([5.0, -2.0, 4.0, 0.0, 9.0], GOOD),
        ([0.5, 2.0, 4.0, 0.0, 15.0], GOOD),
        ([5.0, -2.1, 4.0, 0.0, 1.0], NO_PEAK),
        ([5.0, 2.1, 4.0, 0.0, 1.0], NO_PEAK),
        ([0.0, 0.0, 4.0, 0.0, 1.0], NO_PEAK),
        ([-5.0, 0.0, 4.0, 0.0, 1.0], NO_PEAK),
        ([5.0, 0.0, 4.0, 0.0, 16.0], UNSURE),
        ([5.0, 0.0, 4.0, 0.0, np.nan], NOT_SETTLED),
    ]
    given, wanted = np.array([one for one, _ in cases]), [verdict for _, verdict in cases]
    fits, found = _judged(x, given.copy(), np.full(8, GOOD))
    assert found.tolist() == wanted
    np.testing.assert_array_equal(fits[:2, :4], given[:2, :4])
    np.testing.assert_array_equal(fits[:2, 4], np.sqrt(given[:2, 4]))
    assert np.isnan(fits[2:]).all()
    before = np.full(8, MASKED)
    assert _judged(x, given.copy(), before)[1].tolist() == before.tolist()


@pytest.mark.parametrize("n", [3, 4])
def test_more_positions_than_parameters_have_counts(n):
    """As many as parameters are too few; without a background none is started from."""
    row = np.zeros(61)
    row[28 : 28 + n] = [9.0, 20.0, 12.0, 5.0][:n]
    assert fit_rows(X, row[None], n)[1].tolist() == [TOO_FEW_COUNTS]
    row[27] = 4.0
    assert fit_rows(X, row[None], n)[1].tolist() != [TOO_FEW_COUNTS]
    lifted = _start(X, row[None] + 4, np.array([GOOD]), n)[0]
    assert (lifted[0], lifted[3]) == ((24, 0) if n == 3 else (20, 4))
