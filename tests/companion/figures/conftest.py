"""What all tests of figures share."""

import matplotlib as mpl
import matplotlib.pyplot as plt
import pytest

from tptools import plotting

PAGE_WIDTH = 6.6


@pytest.fixture(autouse=True)
def clean_state():
    """Draw without a display, in the book's style, and leave nothing behind.

    What is drawn fits a page, and each label is read in a legend or is the title of a panel.
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


def labels(figure):
    """Labels of all that is drawn."""
    return {label for ax in figure.axes for label in ax.get_legend_handles_labels()[1]}


def read(figure):
    """Words of legends and titles."""
    legends = [*figure.legends, *filter(None, (ax.get_legend() for ax in figure.axes))]
    words = {text.get_text() for legend in legends for text in legend.get_texts()}
    return words | {ax.get_title() for ax in figure.axes}
