"""Tests of tptools.companion.figures.overview."""

import numpy as np
import pandas as pd
import xarray as xr
from matplotlib.colors import to_rgba
from matplotlib.lines import Line2D

from tptools.companion import claims, figures
from tptools.companion.figures.memory import EXCITON, GROUND, MODIFIED


def view(n_modified):
    """A small lattice with its first `n_modified` sites modified and one exciton."""
    places = 10.0 * np.arange(-5, 6)
    modified = (np.arange(121) < n_modified).reshape(11, 11)
    occupied = np.zeros_like(modified)
    occupied[5, 5] = True
    dims = ("y_nm", "x_nm")
    return xr.Dataset(
        {"modified": (dims, modified), "occupied": (dims, occupied)},
        {"y_nm": places, "x_nm": places},
    )


MEANINGS = {
    to_rgba(GROUND): "nanocrystal at rest",
    to_rgba(MODIFIED): "nanocrystal that remembers",
    to_rgba(EXCITON): "exciton",
}


def key(legend):
    """Words of a legend, by the colour of their marks."""
    colours = [
        mark.get_color() if isinstance(mark, Line2D) else mark.get_facecolor()[0]
        for mark in legend.legend_handles
    ]
    words = [text.get_text() for text in legend.get_texts()]
    return dict(zip(map(to_rgba, colours), words, strict=True))


def test_story_shows_each_lattice_under_its_power_and_every_point():
    """Lattices keep their order and share; the curve has all points at their powers."""
    curve = xr.Dataset(
        {"value": ("record", [0.01, 0.1]), "scatter": ("record", [0.01, 0.01])},
        {"power_nW": ("record", [1.0, 25.0])},
    )
    figure = figures.plot_story({1.0: view(10), 25.0: view(100)}, curve)
    weak, strong, points = figure.axes
    assert [weak.get_title(), strong.get_title()] == ["1 nW", "25 nW"]
    assert all([*ax.get_xticks()] == [*ax.get_yticks()] for ax in (weak, strong))
    assert key(figure.legends[0]) == MEANINGS
    assert [int(ax.images[0].get_array().sum()) for ax in (weak, strong)] == [10, 100]
    np.testing.assert_allclose(points.containers[0].lines[0].get_xydata(), [[1, 0.01], [25, 0.1]])


def test_scoreboard_bars_add_up():
    """Each kind's bar is as long as its number of claims; each verdict has its own colour."""
    board = pd.DataFrame(
        {verdict: [k, 2 * k, 3 * k] for k, verdict in enumerate(claims.VERDICTS, 1)},
        index=["procedure", "parameter", "all"],
    )
    board["all"] = board.sum(axis=1)
    ax = figures.plot_scoreboard(board).axes[0]
    ends = {}
    for container in ax.containers:
        for label, bar in zip(ax.get_yticklabels(), container, strict=True):
            ends[label.get_text()] = bar.get_x() + bar.get_width()
    n_verdicts = sum(range(len(claims.VERDICTS) + 1))
    assert ends == {"procedure": n_verdicts, "parameter": 2 * n_verdicts}
    assert len({bar.get_facecolor() for (bar, _) in ax.containers}) == len(claims.VERDICTS)
