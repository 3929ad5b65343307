"""Tests of tptools.companion.environment."""

import numpy as np

import tptools
from tptools.companion.environment import versions


def test_versions_are_those_that_run():
    """What is listed is what is imported, and libraries follow in order of their names."""
    found = versions()
    assert found["numpy"] == np.__version__
    assert found["tptools"] == tptools.__version__
    assert list(found)[2:] == sorted(list(found)[2:])
