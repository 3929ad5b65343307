"""Tests of tptools.companion.figures.memory."""

import re
from base64 import b64decode
from io import BytesIO

import numpy as np
import pytest
import xarray as xr
from PIL import Image

from tptools.companion import figures
from tptools.fitting import fit_relaxation
from tptools.kmc import ExcitonModel, PulseTrain, compare_at_equal_time, snapshot


@pytest.fixture
def table():
    """Table of a sweep in which D is an exponential of T."""
    grid = xr.Dataset(coords={"excitation_density": [0.01, 0.02], "period_us": [0.1, 0.2, 0.4]})
    time_us = grid.period_us / grid.excitation_density
    return xr.Dataset(
        {
            "value": 0.14 * np.exp(-time_us / 6),
            "std_err": 0 * time_us + 0.001,
            "time_between_excitations_us": time_us,
        }
    )


@pytest.fixture(scope="module")
def view():
    """Two moments after a bright pulse."""
    pulses = PulseTrain(excitation_density=0.5, period_us=1, spot_sigma_sites=4, n_pulses=3)
    return snapshot(ExcitonModel(lattice_size=101), pulses, seed=1, time_ns=[0, 0.2])


def points(ax):
    """Marks of an axes as sorted pairs."""
    lines = [line for line in ax.lines if line.get_marker() not in ("None", "_", "|", "")]
    return sorted(tuple(map(float, xy)) for line in lines for xy in line.get_xydata())


def test_relaxation_curve_shows_every_condition(table):
    """Two panels have each D at its T, one of them logarithmic, the third at its period."""
    fit = fit_relaxation(table.time_between_excitations_us, table.value)
    main, pulses, log = figures.plot_relaxation_curve(table, fit).axes
    assert [log.get_xscale(), log.get_yscale(), main.get_yscale()] == ["log", "log", "linear"]
    time_us = table.time_between_excitations_us
    for ax, along in ((main, time_us), (log, time_us), (pulses, table.period_us)):
        along = along.broadcast_like(table.value).transpose(*table.value.dims)
        expected = sorted(zip(along.values.flat, table.value.values.flat, strict=True))
        np.testing.assert_allclose(points(ax), expected)
        low, high = ax.get_ylim()
        assert all(low <= y <= high for _, y in expected)


def test_excitation_leads_to_the_modified_configuration():
    """The ground state has minima at both, the lower at rest; the excited one only beyond."""
    (ax,) = figures.plot_potential_curves().axes
    (q, ground), (_, excited) = (line.get_data() for line in ax.lines)
    known = np.where(np.isfinite(ground), ground, np.inf)
    inner = known[1:-1]
    dips = np.flatnonzero((inner < known[:-2]) & (inner < known[2:])) + 1
    assert q[dips] == pytest.approx([0, 1], abs=0.06)
    assert ground[dips[0]] < ground[dips[1]]
    assert q[excited.argmin()] == pytest.approx(1, abs=0.01)
    assert np.nanmin(excited - ground) > 0


def test_collapse_shows_every_shared_time(table):
    """Every condition that shares its T is drawn at its relative value, and no other."""
    compared = compare_at_equal_time(table)
    (ax,) = figures.plot_collapse(compared).axes
    drawn = [y for _, y in points(ax) if np.isfinite(y)]
    assert len(drawn) == int(compared.relative.notnull().sum()) == 4


def test_conventions_have_one_panel_each(table):
    """Each panel has its title and one legend entry for each table."""
    panels = {"left": {"a": table, "b": table}, "right": {"c": table}}
    axes = figures.plot_conventions(panels).axes
    assert [ax.get_title() for ax in axes] == ["left", "right"]
    legends = [[text.get_text() for text in ax.get_legend().get_texts()] for ax in axes]
    assert legends == [["a", "b"], ["c"]]


def test_snapshot_marks_every_exciton(view):
    """Each exciton within the frame is one dot at its place."""
    ax = figures.plot_snapshot(view.isel(time_ns=0), half_width_nm=300).axes[0]
    near = view.isel(time_ns=0).sel(x_nm=slice(-300, 300), y_nm=slice(-300, 300))
    places = {tuple(map(float, xy)) for xy in ax.collections[0].get_offsets()}
    y, x = np.nonzero(near.occupied.values)
    assert places == set(zip(near.x_nm.values[x], near.y_nm.values[y], strict=True))


def test_movie_needs_no_server(view):
    """The animation holds one picture for each time and asks for nothing from elsewhere."""
    page = figures.snapshot_movie(view, half_width_nm=300)
    assert page.count("data:image/png;base64") == view.sizes["time_ns"]
    assert not re.search(r"https?://", page)


def test_movie_is_small_and_in_words(view):
    """A picture of the animation takes 20 kB at most, and its parts have names."""
    page = figures.snapshot_movie(view)
    assert len(page) < 2e4 * view.sizes["time_ns"] + 1e4
    assert all("alt=" in one for one in re.findall(r"<img[^>]*>", page))
    assert 'aria-label="Time after the pulse"' in page


def test_no_picture_of_the_movie_is_cut(view):
    """Title, labels and ticks lie within: the border of every picture is white."""
    page = figures.snapshot_movie(view, half_width_nm=300)
    pictures = re.findall(r'base64,([^"]+)"', page)
    assert len(pictures) == view.sizes["time_ns"]
    for one in pictures:
        picture = np.asarray(Image.open(BytesIO(b64decode(one))).convert("L"))
        assert picture.min() == 0
        assert np.concatenate([picture[[0, -1]].ravel(), picture[:, [0, -1]].ravel()]).min() == 255


def test_drawings_have_no_scale():
    """The sketches of Figs. 4b and 4c claim no numbers."""
    for figure in (figures.plot_memory_idea(), figures.plot_potential_curves()):
        assert all(len(ax.get_xticks()) == 0 or not ax.axison for ax in figure.axes)
