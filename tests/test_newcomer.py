"""What a newcomer finds in ``import tptools``."""

from __future__ import annotations

import pkgutil
import subprocess
import sys

import tptools


def test_every_name_is_there_and_the_list_stays_short():
    """Each of some forty names leads to something of the package."""
    assert 30 <= len(tptools.__all__) <= 45
    for name in tptools.__all__:
        thing = getattr(tptools, name)
        assert getattr(thing, "__module__", "tptools.film").startswith("tptools.")


def test_every_module_is_introduced():
    """The package's docstring says of each module of the library what it is for."""
    modules = {one.name for one in pkgutil.iter_modules(tptools.__path__)} - {"film_file"}
    assert [name for name in modules if f"`tptools.{name}`" not in tptools.__doc__] == []


def test_an_unknown_name_is_an_attribute_error():
    """A misspelled name fails as in any module."""
    assert not hasattr(tptools, "Microscop")


def test_importing_the_package_loads_nothing_of_it():
    """Names are loaded when first used: the import alone costs next to nothing."""
    code = "import sys, tptools; print([m for m in sys.modules if m.startswith('tptools.')])"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"


HEAVY = (
    "dask distributed h5py IPython lmfit matplotlib requests scipy.fft scipy.linalg scipy.ndimage"
)
HEAVY += " scipy.optimize scipy.spatial scipy.special scipy.stats skimage.filters skimage.measure"
MODULES = sorted(one.name for one in pkgutil.iter_modules(tptools.__path__, "tptools."))
MODULES.append("tptools.companion.make")


def test_no_import_loads_what_only_some_calls_need():
    """Half the time of an import went there; plotting alone is for nothing but matplotlib."""
    chosen = [name for name in MODULES if name != "tptools.plotting"]
    code = f"import sys, {', '.join(chosen)}; print(*(set({HEAVY.split()}) & set(sys.modules)))"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.split() == []
