"""Tests of tptools.kmc.observables on records whose answer is known."""

from dataclasses import replace
from functools import partial

import numpy as np
import pytest
import xarray as xr

from tptools.fitting import fit_growth, fit_profiles
from tptools.kmc import (
    ExcitonModel,
    PulseTrain,
    Recording,
    compare_at_equal_time,
    density,
    diffusivities,
    diffusivity,
    mean_square_displacement,
    simulate,
    sweep,
)

FREE = ExcitonModel(0.5, 0.5, lattice_size=501)
PULSES = PulseTrain(
    excitation_density=0.3, period_us=100, spot_sigma_sites=8, n_pulses=100, burn_in_pulses=0
)
RECORDING = Recording(until_ns=3, follow_ns=3)


@pytest.fixture(scope="module")
def free_run():
    """Many trains of free walkers from a Gaussian spot."""
    return simulate(FREE, PULSES, seed=1, n_trains=32, recording=RECORDING)


@pytest.mark.parametrize("estimator", ["second_moment", "radial_profile", "gaussian", "slice_line"])
def test_every_consistent_reading_finds_the_free_diffusivity(free_run, estimator):
    """On a Gaussian spot of free walkers all readings of Eq. (1) agree with p l^2 / 4."""
    exact = FREE.free_walk_diffusivity_cm2_s(0.5)
    found = diffusivity(free_run, estimator=estimator)
    assert abs(found.z(exact)) < 4
    assert found.std_err < 0.1 * exact


def test_printed_formula_is_twice_eq_1(free_run):
    """The printed <r^2>/2t is exactly twice the reading that is consistent with Eq. (1)."""
    printed, consistent = diffusivity(free_run, estimator="as_printed"), diffusivity(free_run)
    assert printed.value == pytest.approx(2 * consistent.value, rel=1e-12)
    assert printed.std_err == pytest.approx(2 * consistent.std_err, rel=1e-12)


def test_errors_cover_the_truth():
    """Over repetitions the pull has unit width: the error bar is neither too small nor too big."""
    exact = FREE.free_walk_diffusivity_cm2_s(0.5)
    walk = replace(FREE, lattice_size=301)
    short = replace(PULSES, n_pulses=4, excitation_density=0.1)
    recording = Recording(interval_ps=500, until_ns=1, follow_ns=1)
    pulls = [
        diffusivity(simulate(walk, short, seed=s, n_trains=30, recording=recording)).z(exact)
        for s in range(60)
    ]
    assert abs(np.mean(pulls)) < 4 / np.sqrt(60)
    assert 0.7 < np.std(pulls) < 1.4


def test_same_excitons_at_both_times():
    """Excitons that do not move have MSD 0 exactly, however many of them have decayed."""
    still = ExcitonModel(0, 0, lattice_size=201)
    result = simulate(still, PULSES, seed=2, n_trains=2, recording=RECORDING)
    assert (mean_square_displacement(result) == 0).all()
    assert diffusivity(result).value == 0


@pytest.mark.parametrize("strip", [xr.DataArray.copy, xr.DataArray.drop_attrs, "rename"])
def test_displacement_in_the_plane_is_no_variance_along_an_axis(free_run, strip):
    """A line takes <r^2> by half only, told by its name or its attributes, and D then agrees."""
    msd = mean_square_displacement(free_run).mean("train")
    given = msd.rename("growth") if strip == "rename" else strip(msd)
    with pytest.raises(ValueError, match=r"4Dt in the plane, .* give \(growth / 2\)\.drop_attrs"):
        fit_growth(given)
    half = (msd / 2).drop_attrs().rename("growth_nm2")
    line = fit_growth(half)["diffusivity_cm2_s"]
    assert line.value == pytest.approx(diffusivity(free_run, 3).value, rel=0.02)


def test_single_train_says_that_it_underestimates():
    """One train gives an error from its pulses, marked as an underestimate; more trains do not."""
    one = diffusivity(simulate(FREE, PULSES, seed=3, recording=RECORDING))
    two = diffusivity(simulate(FREE, PULSES, seed=3, n_trains=2, recording=RECORDING))
    assert one.std_err > 0
    assert "underestimate" in one.note
    assert two.note == ""


def test_single_pulse_has_no_error():
    """With one pulse there is nothing to compare, so the error is NaN."""
    pulses = replace(PULSES, n_pulses=1)
    assert np.isnan(diffusivity(simulate(FREE, pulses, seed=4, recording=RECORDING)).std_err)


def test_error_is_unknown_where_a_train_has_none(free_run):
    """If leaving out one train leaves no exciton at all, the others do not stand for it."""
    two = free_run.isel(train=[0, 1])
    empty = two.where(two.train == 0, 0).assign_attrs(two.attrs)
    empty = two.assign({name: empty[name] for name, one in two.items() if "train" in one.dims})
    found = diffusivity(empty)
    assert np.isfinite(found.value)
    assert np.isnan(found.std_err)


@pytest.mark.parametrize("n_trains", [2, 3])
@pytest.mark.parametrize("estimator", ["second_moment", "radial_profile", "slice_line"])
def test_error_is_the_jackknife_over_trains(free_run, estimator, n_trains):
    """By hand: the spread of what is left when each train is left out in turn."""
    few = free_run.isel(train=slice(n_trains), time_ns=slice(None, None, 20))
    left = [
        diffusivity(few.isel(train=[k for k in range(n_trains) if k != out]), 1, estimator).value
        for out in range(n_trains)
    ]
    wanted = np.sqrt((n_trains - 1) * np.var(left))
    assert diffusivity(few, 1, estimator).std_err == pytest.approx(wanted, rel=1e-6)


def test_readings_are_what_they_say(free_run):
    """Each from the sums over all trains: moments, light over r as on a line, and a Gaussian."""
    sums = free_run.sum("train").sel(time_ns=[0, 2])
    moments = ((sums.r2_sum_nm2 - sums.initial_r2_sum_nm2) / sums.exciton_count).values
    rho = sums.radial_count / free_run.sites_per_radius
    on_a_line = ((rho * rho.r_nm**2).sum("r_nm") / rho.sum("r_nm")).values
    both = sums.x_count.values + sums.y_count.values
    axes = {"time_ns": sums.time_ns.values, "position_nm": sums.x_nm.values}
    profile = xr.DataArray(both, axes, ["time_ns", "position_nm"])
    fitted = fit_profiles(profile, background=False).variance_nm2.values
    wanted = {  # in nm2/ns, of which 1e5 are 1 cm2/s
        "second_moment": (moments[1] - moments[0]) / 2 / 4,
        "as_printed": (moments[1] - moments[0]) / 2 / 2,
        "radial_profile": (on_a_line[1] - on_a_line[0]) / 2 / 2,
        "gaussian": (fitted[1] - fitted[0]) / 2 / 2,
    }
    for estimator, value in wanted.items():
        assert diffusivity(free_run, 2, estimator).value == pytest.approx(1e-5 * value, rel=1e-9)


@pytest.mark.parametrize(("window_ns", "n_times"), [(0.5, 1), (1.6, 3), (3.0, 6)])
def test_a_line_through_slices_weighs_them_by_their_times(free_run, window_ns, n_times):
    """Of all growths 2 D t up to the window, the last instant within it included."""
    coarse = free_run.isel(train=[0, 1], time_ns=slice(None, None, 10))
    times_ns = 0.5 * np.arange(1, n_times + 1)
    each = [diffusivity(coarse, time_ns, "gaussian").value for time_ns in times_ns]
    line = diffusivity(coarse, estimator="slice_line", window_ns=window_ns)
    assert line.value == pytest.approx(np.average(each, weights=times_ns**2), rel=1e-9)


def test_a_line_needs_a_slice_after_the_pulse(free_run):
    """The window ends at a recorded instant or between two, after the first and not beyond all."""
    for window_ns in (0.049, 3.01):
        with pytest.raises(ValueError, match=rf"^window_ns = {window_ns} must be .* at most 3"):
            diffusivity(free_run, estimator="slice_line", window_ns=window_ns)


def test_tables_and_records_say_what_they_hold(free_run):
    """Names, units, and the reading that was taken."""
    table = diffusivities(free_run, estimator="as_printed")
    assert (table.value.units, table.std_err.units) == ("cm2/s", "cm2/s")
    assert table.attrs["estimator"] == "as_printed"
    msd, rho = mean_square_displacement(free_run), density(free_run)
    assert (msd.name, msd.units, rho.units) == ("mean_square_displacement_nm2", "nm2", "1")
    assert msd.long_name
    assert rho.long_name == "excitons per site and pulse"
    found = diffusivity(free_run, estimator="gaussian")
    assert (found.unit, found.method) == ("cm2/s", "gaussian")


def test_error_falls_with_the_square_root_of_the_trains(free_run):
    """Four times the trains halve the error."""
    eight = diffusivity(free_run.isel(train=slice(8))).std_err
    assert diffusivity(free_run).std_err == pytest.approx(eight / 2, rel=0.6)


def test_density_is_that_of_the_pulse(free_run):
    """At time 0 the density is alpha exp(-r^2 / 2 sigma^2), and its sum counts the excitons."""
    rho = density(free_run).isel(time_ns=0).mean("train")
    radius = rho.r_nm[:15] / 10
    expected = 0.3 * np.exp(-(radius**2) / 128)
    error = np.sqrt(expected / (3200 * free_run.sites_per_radius[:15]))
    # sites of one bin differ in distance by up to half a spacing, which the mean cancels
    assert (np.abs(rho[:15] - expected) < 4 * error + 0.01 * expected).all()
    per_pulse = (rho * free_run.sites_per_radius).sum()
    assert per_pulse == pytest.approx(free_run.created_count.sum().item() / 3200, rel=1e-12)


def test_density_counts_every_exciton_once():
    """Its sum over the sites is the excitons per pulse, of one train as of a sweep over pulses."""
    grid = {
        "excitation_density": 0.3,
        "period_us": 100,
        "spot_sigma_sites": 8,
        "n_pulses": [10, 40],
    }
    runs = sweep(FREE, grid, recording=RECORDING, progress=False)
    rho = density(runs)
    assert rho.dims == ("n_pulses", "train", "time_ns", "r_nm")
    excitons = (rho * runs.sites_per_radius).sum("r_nm")
    counted = runs.exciton_count.sum("block") / runs.n_pulses
    np.testing.assert_allclose(excitons, counted)
    one = simulate(FREE, replace(PULSES, n_pulses=40), seed=1, recording=RECORDING)
    created = (density(one) * one.sites_per_radius).isel(time_ns=0).sum()
    assert created == pytest.approx(one.created_count.sum() / 40)


def test_table_of_a_sweep_is_that_of_its_conditions():
    """`diffusivities` gives for every condition what `diffusivity` gives for it alone."""
    grid = {
        "excitation_density": [0.1, 0.3],
        "period_us": [1, 2],
        "spot_sigma_sites": 8,
        "n_pulses": 10,
    }
    runs = sweep(FREE, grid, n_trains=3, progress=False, recording=RECORDING)
    for estimator in ("second_moment", "gaussian", "slice_line", "radial_profile"):
        table = diffusivities(runs, estimator=estimator)
        one = diffusivity(runs.sel(excitation_density=0.3, period_us=1), estimator=estimator)
        chosen = table.sel(excitation_density=0.3, period_us=1)
        assert one.value == pytest.approx(chosen.value.item(), rel=1e-12)
        assert one.std_err == pytest.approx(chosen.std_err.item(), rel=1e-9)
    with pytest.raises(ValueError, match="must hold one"):
        diffusivity(runs)


def test_equal_times_are_compared_with_each_other_only():
    """A value that depends on T alone is 1 relative to its group; one that does not is not."""
    grid = xr.Dataset(
        coords={"excitation_density": [0.01, 0.02, 0.04], "period_us": [0.1, 0.2, 0.7]}
    )
    time_us = grid.period_us / grid.excitation_density
    table = xr.Dataset(
        {
            "value": np.exp(-time_us / 8),
            "std_err": 0.01 * time_us,
            "time_between_excitations_us": time_us,
        }
    )
    relative = compare_at_equal_time(table).relative
    alone = relative.sel(period_us=0.7)
    assert np.isnan(alone).all()
    assert np.isnan(relative.sel(excitation_density=0.04, period_us=0.1))
    assert relative.isnull().sum() == 5
    np.testing.assert_allclose(relative.values[~np.isnan(relative)], 1)
    whole = compare_at_equal_time(table)
    there = {"excitation_density": 0.02, "period_us": 0.2}
    part = (whole.relative_err * table.value / whole.relative / table.std_err).sel(there)
    assert float(part) == pytest.approx(1)
    bent = compare_at_equal_time(table.assign(value=table.value * grid.excitation_density))
    assert bent.relative.sel(excitation_density=0.02, period_us=0.2) == pytest.approx(4 / 3)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"estimator": "best"}, "estimator = 'best' must be one of"),
        ({"time_ns": 1.02}, "time_ns = 1.02 must be a recorded time"),
        ({"time_ns": 0}, "after 0"),
        ({"time_ns": 5}, "up to 3 ns"),
        ({"estimator": "slice_line", "window_ns": 4}, "window_ns = 4"),
    ],
)
def test_unusable_arguments_are_named(free_run, arguments, message):
    """An unknown estimator or a time that was not recorded is a ValueError that says so."""
    with pytest.raises(ValueError, match=message):
        diffusivity(free_run, **arguments)


@pytest.mark.parametrize(
    ("read", "variable"),
    [
        (mean_square_displacement, "r2_sum_nm2"),
        (density, "radial_count"),
        (density, "sites_per_radius"),
        (diffusivity, "exciton_count"),
        (partial(diffusivity, estimator="gaussian"), "x_count"),
        (partial(diffusivity, estimator="radial_profile"), "radial_count"),
    ],
)
def test_what_is_no_run_is_refused(free_run, read, variable):
    """The error names the variable that is missing, and where a run comes from."""
    with pytest.raises(ValueError, match=f"result lacks {variable} and .*kmc.simulate"):
        read(free_run.drop_vars(variable))
