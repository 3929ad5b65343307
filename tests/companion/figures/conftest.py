"""What all tests of figures share."""

import matplotlib as mpl
import matplotlib.pyplot as plt
import pytest

from tptools import plotting


@pytest.fixture(autouse=True)
def clean_state():
    """Draw without a display, in the book's style, and leave nothing behind."""
    with mpl.rc_context():
        mpl.use("agg")
        plotting.use_style()
        yield
        plt.close("all")
