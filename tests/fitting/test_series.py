"""Tests of tptools.fitting.series."""

import numpy as np
import pytest
import xarray as xr

from tptools.companion import datasets
from tptools.excitation import Excitation
from tptools.fitting import diffusivity, estimates, measure_series, series, spreading_spot
from tptools.fitting.series import CONDITIONS
from tptools.noise import simulate_map

X_NM = np.linspace(-1200, 1200, 49)
TIME_NS = np.arange(0.05, 3, 0.1)
LIGHT = 400 * np.exp(-TIME_NS / 2.3) * (X_NM[1] - X_NM[0])


def mean_counts(diffusivity_cm2_s):
    """Spot without noise, of about 200 000 photons."""
    return spreading_spot(
        TIME_NS,
        X_NM,
        LIGHT,
        diffusivity_cm2_s=diffusivity_cm2_s,
        variance_nm2=255**2,
        background=0.1,
    )


def records(*diffusivities, seed=0, **attributes):
    """Records of photon noise, one for each diffusivity."""
    rng = np.random.default_rng(seed)
    means = [mean_counts(one) for one in diffusivities]
    counts = xr.concat([one.copy(data=rng.poisson(one)) for one in means], "record")
    return xr.Dataset({"counts": counts}, attrs=attributes)


def test_values_are_those_of_one_record_at_a_time():
    """Value and stated error of every record and method are those of `diffusivity`."""
    scans, methods = records(0.02, 0.1, 0.15), ("global", "slices", "moment")
    series = measure_series(scans, methods, n_resamples=2)
    assert series.value.dims == ("estimator", "record")
    for method in methods:
        for k in range(3):
            one = diffusivity(scans.counts[k], method)
            cell = series.sel(estimator=method).isel(record=k)
            assert (float(cell.value), float(cell.std_err)) == (one.value, one.std_err)


def test_order_of_dimensions_does_not_matter():
    """Transposed counts are the same counts."""
    scans = records(0.02, 0.1)
    xr.testing.assert_identical(
        measure_series(scans, n_resamples=2),
        measure_series(scans.transpose("position_nm", "record", "time_ns"), n_resamples=2),
    )


def test_scatter_of_slices_is_the_true_one():
    """Draws around single records scatter as records do among themselves, within 25 %."""
    many = records(*[0.05] * 200, seed=1)
    truth = np.std([diffusivity(one).value for one in many.counts], ddof=1)
    series = measure_series(many.isel(record=slice(8)), ["slices"], n_resamples=40)
    found = np.sqrt(float((series.scatter**2).mean()))
    assert found == pytest.approx(truth, rel=0.25)
    # which the error of the line does not tell
    assert float(series.std_err.mean()) < truth / 2


def test_other_methods_know_their_scatter():
    """Where the stated error is honest, it is the scatter; for `global` it is."""
    many = records(*[0.05] * 60, seed=2)
    series = measure_series(many, ["global"])
    xr.testing.assert_equal(series.scatter, series.std_err)
    assert float(series.scatter.mean()) == pytest.approx(float(series.value.std(ddof=1)), rel=0.3)


def test_draws_follow_their_seed():
    """The same seed gives the same scatter, another seed another; values stay."""
    scans = records(0.05)
    one, again, other = (measure_series(scans, ["slices"], seed=seed) for seed in (1, 1, 2))
    xr.testing.assert_identical(one, again)
    assert one.scatter.item() != other.scatter.item()
    assert one.value.item() == other.value.item()


def test_a_record_more_changes_no_other():
    """Scatter belongs to a record, wherever it stands and in whichever type it is kept."""
    scans = records(0.02, 0.1, 0.05)
    whole = measure_series(scans, ["slices"], n_resamples=3).scatter
    for order in ([1], [2, 1, 0]):
        part = measure_series(scans.isel(record=order).astype(float), ["slices"], n_resamples=3)
        xr.testing.assert_equal(part.scatter, whole.isel(record=order))


def test_conditions_come_from_variables_or_attributes():
    """What differs and what all records share both end as coordinates over records."""
    scans = records(0.02, 0.1, rep_rate_MHz=2.5, film="F", title="not a condition")
    scans = scans.assign(power_nW=("record", [1.0, 10.0]), n_pulses=("record", [3, 4]))
    series = measure_series(scans, ["global"])
    assert series.power_nW.values.tolist() == [1, 10]
    assert series.rep_rate_MHz.values.tolist() == [2.5, 2.5]
    assert series["film"].values.tolist() == ["F", "F"]
    assert set(series.coords) == {"estimator", "power_nW", "rep_rate_MHz", "film"}


@pytest.mark.parametrize("name", ["power_series", "rate_series", "surface_1nW"])
def test_bundled_series_know_all_their_conditions(name, monkeypatch):
    """Every condition of every record is there, and those of the laser belong together."""
    monkeypatch.delenv("TPTOOLS_DATA_DIR", raising=False)
    monkeypatch.delenv("TPTOOLS_DATA_URL", raising=False)
    scans = datasets.load(name).isel(record=slice(3))
    series = measure_series(scans, ["moment"])
    expected = {*CONDITIONS, "estimator"}
    assert set(series.coords) == expected
    for k in range(3):
        one = series.isel(record=k)
        laser = Excitation(float(one.power_nW), float(one.rep_rate_MHz))
        assert float(one.excitation_density) == pytest.approx(laser.excitation_density)
        between = laser.time_between_excitations_us
        assert float(one.time_between_excitations_us) == pytest.approx(between)
        disc = laser.disc_time_between_excitations_us
        assert float(one.disc_time_between_excitations_us) == pytest.approx(disc)


def test_what_a_simulated_map_was_made_of_is_no_condition_of_a_laser():
    """Its area in counts is no <N>; a map without a laser has none."""
    trace = xr.DataArray(np.ones(4), {"time_ns": np.arange(4.0)})
    maps = simulate_map(trace, seed=1, noise="none").expand_dims("record")
    scans = maps.to_dataset().assign_attrs(maps.attrs)
    series = measure_series(scans, ["global"])
    assert not set(series.coords) - {"estimator"}


def test_unusable_wishes_are_refused():
    """One draw has no scatter, and a method that does not exist gives no number."""
    with pytest.raises(ValueError, match=r"^n_resamples = 1 must be an integer of at least 2"):
        measure_series(records(0.02), n_resamples=1)
    with pytest.raises(ValueError, match=r"^method = 'slice' must be one of 'slices'"):
        measure_series(records(0.02), ["slice"])


def test_rows_become_estimates():
    """Value, error, unit and method of every row; the error is the scatter where there is one."""
    columns = {"value": [1.0, 3.0], "std_err": [0.1, 0.2], "scatter": [0.3, 0.4]}
    table = xr.Dataset({n: ("record", c) for n, c in columns.items()}, {"estimator": "slices"})
    table["value"].attrs["units"] = "cm2/s"
    first, last = estimates(table)
    assert (first.value, first.std_err, first.unit, first.method) == (1.0, 0.3, "cm2/s", "slices")
    assert estimates(table, error="std_err")[1].std_err == 0.2
    assert estimates(table.isel(record=1), unit="nm")[0].unit == "nm"
    assert (last - first).std_err == pytest.approx(0.5)


def test_what_a_fit_says_of_itself_comes_back():
    """Note, convergence and goodness of every row are those of the Estimate that it was."""
    scans = records(0.02, 0.1)
    scans["counts"] = scans["counts"].where(scans.record > 0)
    series = measure_series(scans, ["global"])
    lost, found = estimates(series.isel(estimator=0))
    assert np.isnan(lost.value)
    assert (lost.note, lost.converged) == ("the record is masked throughout", True)
    one = diffusivity(scans.counts[1], "global")
    assert (found.note, found.converged, found.goodness) == (one.note, one.converged, one.goodness)
    failed = series.isel(estimator=0).assign(converged=("record", [True, False]))
    assert [one.converged for one in estimates(failed)] == [True, False]
    told = failed.assign(chi_square=("record", [9.0, 8.0]), n_free=("record", [7, 6]))
    assert [one.goodness.reduced_chi_square for one in estimates(told)] == [9 / 7, 8 / 6]


def test_series_of_any_container_are_understood():
    """Lazy, descending and integer records, or the counts alone, give the same table."""
    scans = records(0.02, 0.1)
    plain = measure_series(scans, n_resamples=2)
    others = [
        scans.isel(position_nm=slice(None, None, -1)),
        scans.assign(counts=scans["counts"].astype("u4")),
        scans["counts"],
        scans.chunk(record=1),
    ]
    for one in others:
        xr.testing.assert_allclose(measure_series(one, n_resamples=2), plain)


def test_rows_of_several_methods_keep_their_names():
    """A table over estimators gives one Estimate for each, and a table over more is refused."""
    columns = {"value": (("estimator", "record"), np.ones((2, 3)), {"units": "cm2/s"})}
    columns["std_err"] = (("estimator", "record"), np.ones((2, 3)))
    table = xr.Dataset(columns, {"estimator": ["slices", "global"]})
    assert [one.method for one in estimates(table.isel(record=0))] == ["slices", "global"]
    with pytest.raises(ValueError, match="must have one at most"):
        estimates(table)
    with pytest.raises(ValueError, match="give unit"):
        estimates(table.isel(record=0).assign(value=table["value"][:, 0].drop_attrs()))


def test_what_is_no_series_is_refused():
    """A dataset without counts, and a single record."""
    single = records(1).isel(record=0)
    with pytest.raises(ValueError, match="dataset lacks counts"):
        measure_series(single.drop_vars("counts"))
    with pytest.raises(ValueError, match="must have 'record'"):
        measure_series(single)


def test_the_window_is_that_of_the_fits():
    """In another window each record has the D and the scatter that it has there."""
    scans = records(0.05)
    found = measure_series(scans, window_ns=(0.0, 1.5))
    cut = measure_series(scans.sel(time_ns=slice(0, 1.5)))
    for method in ("slices", "global"):
        alone = diffusivity(scans.counts[0], method, window_ns=(0.0, 1.5))
        assert float(found.value.sel(estimator=method)[0]) == alone.value
    # the draws differ, since the whole record names their stream
    np.testing.assert_allclose(found.scatter, cut.scatter, rtol=0.7)
    assert float(found.scatter[0, 0]) > 1.5 * float(measure_series(scans).scatter[0, 0])


def test_what_is_not_said_is_usual():
    """Slices and the global fit of the first 3 ns, twenty draws, seed 0."""
    scans = records(0.05).assign_coords(time_ns=2 * TIME_NS)
    usual = measure_series(
        scans, ("slices", "global"), window_ns=(0.0, 3.0), n_resamples=20, seed=0
    )
    xr.testing.assert_identical(measure_series(scans), usual)


def test_columns_and_their_units():
    """Diffusivities have a unit, and what a fit says of itself has none."""
    found = measure_series(records(0.05), ["global"])
    units = {name: one.attrs.get("units") for name, one in found.items()}
    D = dict.fromkeys(("value", "std_err", "scatter"), "cm2/s")
    others = ("converged", "note", "chi_square", "n_free", "p_value")
    assert units == D | dict.fromkeys(others)
    assert {one.dims for one in found.values()} == {("estimator", "record")}


@pytest.mark.parametrize(("known", "scatter"), [([1.0, 2.0, 4.0], True), ([1.0, 2.0], False)])
def test_scatter_needs_more_than_half_of_the_draws(monkeypatch, known, scatter):
    """It is that of the draws with a value."""
    found = np.append(known, np.full(4 - len(known), np.nan))
    monkeypatch.setattr(series, "slopes_of_draws", lambda *_: found)
    record = records(0.05).counts[0]
    value = series._scatter(record, (0.0, 3.0), 4, 1)
    assert value == pytest.approx(np.std(known, ddof=1) if scatter else np.nan, nan_ok=True)


def test_rows_without_more_are_plain():
    """No method, no note, converged and no goodness of fit; another column can be the error."""
    table = xr.Dataset({"value": ((), 1.0, {"units": "nm"}), "std_err": 0.1, "other": 0.3})
    [one] = estimates(table)
    assert (one.value, one.std_err, one.unit) == (1.0, 0.1, "nm")
    assert (one.method, one.note, one.converged, one.goodness) == ("", "", True, None)
    assert estimates(table, error="other")[0].std_err == 0.3
    with pytest.raises(
        ValueError, match=r"^table lacks value.*what tptools.fitting.measure_series returns"
    ):
        estimates(xr.Dataset())


def test_goodness_is_known_by_its_chi_square():
    """Rows with it have one, whatever else is not a number."""
    table = xr.Dataset({"value": 1.0, "std_err": 0.1, "chi_square": 5.0, "n_free": np.nan})
    [one] = estimates(table.assign(p_value=0.25), unit="nm")
    assert (one.goodness.chi_square, one.goodness.p_value) == (5.0, 0.25)


def test_conditions_over_other_dimensions_are_none():
    """What differs along a scan belongs to no record."""
    scans = records(0.05)
    n = scans.sizes["position_nm"]
    scans = scans.assign(power_nW=("position_nm", np.ones(n)), rep_rate_MHz=2.5)
    found = measure_series(scans, ["global"])
    assert set(found.coords) == {"estimator", "rep_rate_MHz"}
    assert found.rep_rate_MHz.values.tolist() == [2.5]
