"""Tests of tptools.companion.claims.records."""

import inspect

import numpy as np
import pytest
import xarray as xr

from tptools import fitting
from tptools.companion import datasets
from tptools.companion.claims import records
from tptools.estimate import Estimate


@pytest.fixture(autouse=True)
def bundled_files(monkeypatch):
    """Read the files of the checkout."""
    monkeypatch.delenv("TPTOOLS_DATA_DIR", raising=False)


def series(power_nW, value, scatter=0.01, **columns):
    """Diffusivities of records."""
    columns = {"power_nW": power_nW, "value": value, **columns}
    columns["scatter"] = np.broadcast_to(scatter, np.shape(value))
    return xr.Dataset({name: ("record", one) for name, one in columns.items()})


def test_what_is_measured_is_kept_as_it_was(monkeypatch):
    """Chosen records are measured by one method, and a claim that changes its copy harms none."""
    one = datasets.load("tplm_example")[["counts"]]
    several = xr.concat([one, one + 1, one * 2], "record")
    monkeypatch.setattr(datasets, "load", lambda name: several)
    wanted = [fitting.diffusivity(several.counts[k], "moment").value for k in (2, 0)]
    for _claim in range(2):
        found = records.measured("several", "moment", records=(2, 0))
        assert found.value.values.tolist() == wanted
        found["value"] *= 2


def test_usual_measurement_is_that_of_a_series(monkeypatch):
    """By slices, of all records, with as many draws of noise as `measure_series` takes."""
    asked = []
    monkeypatch.setattr(
        records, "_measured", lambda *given: asked.append(given) or xr.Dataset({"value": 1.0})
    )
    records.measured("any")
    n_resamples = inspect.signature(fitting.measure_series).parameters["n_resamples"].default
    assert asked == [("any", "slices", n_resamples, None)]


def test_slope_is_that_per_decade():
    """Of what grows with the logarithm of power; a point with a wide error does not matter."""
    power_nW = np.array([0.5, 2.0, 10.0, 30.0])
    value = 0.01 + 0.03 * np.log10(power_nW) + [0, 0, 0, 1]
    found = records.slope(series(power_nW, value, [0.01, 0.01, 0.01, 1e4]))
    assert found.value == pytest.approx(0.03, rel=1e-3)
    assert found.unit == "cm2/s per decade"


def test_rank_is_that_of_all_series_together():
    """However records are shared among series, and beside what is given where something is."""
    x, z = np.array([1.0, 2, 3, 4, 5, 6, 7]), np.array([1.0, 3, 2, 5, 4, 7, 6])
    value = z + 0.3 * np.array([0, 1, 0, 0, 1, 0, 1]) * x
    whole = series(x, value, z=z)
    parts = [whole.isel(record=slice(3)), whole.isel(record=slice(3, None))]
    found = {}
    for given, column in ((None, None), ("z", z)):
        found[given] = records.rank(parts, "power_nW", given)
        wanted = fitting.rank_correlation(x, value, given=column)
        assert (found[given].value, found[given].std_err) == (wanted.value, wanted.std_err)
        assert (found[given].unit, found[given].method) == ("", "Spearman")
    assert found[None].value > found["z"].value


def test_worst_is_what_speaks_most_against_a_rise():
    """The surest fall; or, if all rise, the least sure rise, not the smallest."""
    low, sure, unsure, high = (
        Estimate(*one, "", "") for one in ((-0.2, 0.01), (0.1, 0.01), (0.3, 0.1), (0.9, 0.1))
    )
    falling = Estimate(-0.5, 0.5, "", "")
    assert records.worst([high, low, falling, sure]) is low
    assert records.worst([high, sure, unsure]) is unsure
