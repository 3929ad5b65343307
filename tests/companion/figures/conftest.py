"""What all tests of figures share."""

import matplotlib as mpl
import matplotlib.pyplot as plt
import pytest

from tptools.companion import figures


@pytest.fixture(autouse=True)
def clean_state():
    """Draw without a display, with the book's style, and leave nothing behind."""
    with mpl.rc_context():
        mpl.use("agg")
        figures.use_style()
        yield
        plt.close("all")
