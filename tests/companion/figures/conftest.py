"""What all tests of figures share."""

import re
from pathlib import Path

import matplotlib as mpl
import matplotlib.pyplot as plt
import pytest
from drawn import drawn
from matplotlib.artist import getp
from matplotlib.ticker import LogFormatter, ScalarFormatter, StrMethodFormatter

from tptools import plotting

HERE = Path(__file__).parent
NEW = HERE.parents[2] / "_build" / "drawn"
PAGE_WIDTH = 6.6


@pytest.fixture(autouse=True)
def clean_state(request):
    """Draw without a display, in the book's style, and leave nothing behind.

    What is drawn fits a page, each label is read in a legend or is the title of a panel, and an
    axis with numbers says what they are.
    """
    with mpl.rc_context():
        mpl.use("agg")
        plotting.use_style()
        yield
        figures = [plt.figure(number) for number in plt.get_fignums()]
        plt.close("all")
        for figure in figures:
            assert figure.get_figwidth() <= PAGE_WIDTH
            assert labels(figure) <= read(figure)
            assert unnamed(figure) == []
        if figures:
            same_as_before(request.node.name, "\n".join(map(drawn, figures)) + "\n")


def same_as_before(test, now):
    """Hold what a test draws against what is kept of it; what is new waits in the build folder."""
    name = re.sub(r"\W+", "_", test).strip("_") + ".txt"
    kept, new = HERE / "drawn" / name, NEW / name
    before = kept.read_text(encoding="utf-8") if kept.is_file() else ""
    if now != before:
        new.parent.mkdir(parents=True, exist_ok=True)
        new.write_text(now, encoding="utf-8")
    assert now.splitlines() == before.splitlines(), f"if that is meant: cp {new} {kept.parent}"


def labels(figure):
    """Labels of all that is drawn."""
    return {label for ax in figure.axes for label in ax.get_legend_handles_labels()[1]}


def read(figure):
    """Words of legends and titles."""
    legends = [*figure.legends, *filter(None, (ax.get_legend() for ax in figure.axes))]
    words = {text.get_text() for legend in legends for text in legend.get_texts()}
    return words | {ax.get_title() for ax in figure.axes}


NUMBERS = LogFormatter, ScalarFormatter, StrMethodFormatter
NAME = re.compile(r"([^()]+(\([^()]+\)(, at .+)?)?)?")
"""Of an axis: what it shows, then a unit in brackets, then perhaps a condition, and no more."""

LINES = {"x": "colspan", "y": "rowspan"}


def unnamed(figure):
    """Axes whose name is none, or is missing where there are numbers."""
    panels = [ax for ax in figure.axes if ax.axison and ax.get_subplotspec()]
    axes = [(getp(ax, f"{name}axis"), name, ax) for ax in panels for name in LINES]
    return [
        (name, ax)
        for axis, name, ax in axes
        if not NAME.fullmatch(axis.get_label_text())
        or (has_numbers(axis) and not any(names(ax, name, panels)))
    ]


def has_numbers(axis):
    """Whether numbers stand along an axis, no words."""
    return isinstance(axis.get_major_formatter(), NUMBERS) and axis.get_ticklocs().size > 0


def names(ax, name, panels):
    """Names of an axis: that of all panels, its own, and those of others in line with it."""

    def line(ax):
        return {*getattr(ax.get_subplotspec(), LINES[name])}

    yield getp(ax.figure, f"sup{name}label")
    for other in panels:
        if line(other) & line(ax):
            yield getp(other, f"{name}label")
