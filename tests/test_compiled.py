"""Tests of tptools.compiled, in processes of their own: where kernels run, and as what."""

import os
import runpy
import shutil
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest
from numba.core.errors import NumbaError

from tptools.compiled import compiled_in_place

ROOT = Path(__file__).parents[1]
# every compiled kernel once: trapping, annihilation, visits that modify by chance, layers, an
# excitation that is certain, and a dark time beyond the largest number
HOPPING = """
import numpy as np
from tptools.kmc import ExcitonModel, PulseTrain, Recording, simulate, snapshot

counts, fits = [], []
pulses = PulseTrain(1.0, 5, spot_sigma_sites=2, n_pulses=2, burn_in_pulses=1)
more = {"annihilation_rate_per_ps": 0.5, "trap_rate_per_ps": 0.01, "modification_probability": 0.5}
more["n_layers"] = 2
for changes in ({}, more):
    film = ExcitonModel(lattice_size=41, lifetime_ns=0.02, trap_exponent=0.003, **changes)
    run = simulate(film, pulses, seed=1, recording=Recording(until_ns=0.1, follow_ns=1))
    counts += [run.exciton_count, run.r2_sum_nm2, run.visited_sites, run.emission_count]
    counts += [snapshot(film, pulses, seed=1, time_ns=[0, 0.1]).modified]
counts = [np.asarray(one).ravel() for one in counts]
"""
OTHERS = """
from tptools.fitting import cramer_rao_bound, diffusivity, spreading_spot
from tptools.heat import HeatedFilm, temperature
axes = np.arange(4.0), np.linspace(-900, 900, 25), [400.0, 300, 200, 150]
spot = {"diffusivity_cm2_s": 0.3, "variance_nm2": 200**2, "background": 2}
mean = spreading_spot(*axes, **spot)
for method in ("slices", "global"):
    fits += [diffusivity(mean.round(), method=method).value]
fits += [cramer_rao_bound(*axes, **spot)]
fits += [temperature(HeatedFilm(5, 35, 1e-7), [0.5], method="explicit", cells=(12, 3))]
fits = [np.asarray(getattr(one, "value", one)).ravel() for one in fits]
"""


@pytest.fixture
def script(tmp_path):
    """Write the script that runs all kernels."""
    path = tmp_path / "kernels.py"
    path.write_text(HOPPING + OTHERS)
    return path


def run(script, package, **environment):
    """Run a script with warnings as errors, and save what it found beside it."""
    found = script.with_suffix(".npz")
    code = (
        f"import runpy, numpy; found = runpy.run_path({str(script)!r})\n"
        f"import tptools; assert tptools.__file__.startswith({str(package)!r})\n"
        f"numpy.savez({str(found)!r}, *found['counts'], *found.get('fits', []))"
    )
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        env=os.environ | {"PYTHONPATH": str(package), **environment},
        cwd=script.parent,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return [*np.load(found).values()]


def test_kernels_run_uncompiled(script):
    """As plain Python the hopping has the same bits, and fits and heat the same values."""
    compiled, plain = runpy.run_path(script), run(script, ROOT, NUMBA_DISABLE_JIT="1")
    for number, expected in enumerate(compiled["counts"]):
        np.testing.assert_array_equal(plain[number], expected)
        assert expected.any()
    for found, expected in zip(plain[len(compiled["counts"]) :], compiled["fits"], strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-9)


def test_hopping_stays_within_its_arrays(script):
    """With every index checked it has the same bits; those of the others are checked uncompiled."""
    script.write_text(HOPPING)
    expected = runpy.run_path(script)["counts"]
    checked = run(script, ROOT, NUMBA_BOUNDSCHECK="1", NUMBA_CACHE_DIR=str(script.parent))
    for found, one in zip(checked, expected, strict=True):
        np.testing.assert_array_equal(found, one)


def test_kernels_run_without_the_lock_of_the_interpreter():
    """Other threads go on while a kernel runs."""

    @compiled_in_place
    def spin(turns):
        total = 0
        for turn in range(turns[0]):
            total ^= turn * total + 1
        turns[0] = total

    spin(np.array([1]))
    thread = threading.Thread(target=spin, args=(np.array([2 * 10**8]),))
    thread.start()
    meanwhile = 0
    while thread.is_alive():
        time.sleep(0.001)
        meanwhile += 1
    assert meanwhile > 10


def test_every_cache_can_be_done_without():
    """No module asks numba for a cache by itself, which fails where there is no room for one."""
    sources = {path: path.read_text(encoding="utf-8") for path in (ROOT / "tptools").rglob("*.py")}
    asking = [path.name for path, text in sources.items() if "cache=True" in text]
    assert asking == ["compiled.py"]


def test_kernels_need_no_folder_to_write_to(tmp_path):
    """Where neither the package nor the home holds a cache, all is imported, and a kernel runs."""
    shutil.copytree(ROOT / "tptools", tmp_path / "tptools", ignore=lambda *_: {"__pycache__"})
    for folder in [tmp_path / "tptools", *(tmp_path / "tptools").glob("*/")]:
        (folder / "__pycache__").touch()  # a file is in the way, for every user
    script = tmp_path / "profiles.py"
    script.write_text(
        "from tptools import heat\n"
        "import tptools.fitting, tptools.kmc\n"
        "film = heat.HeatedFilm(5, 35, 1e-7)\n"
        "field = heat.temperature(film, [0.5], method='explicit', cells=(12, 3))\n"
        "counts, fits = [], [field.to_numpy().ravel()]\n"
    )
    nowhere = {"HOME": os.devnull, "XDG_CACHE_HOME": os.devnull, "NUMBA_CACHE_DIR": os.devnull}
    (found,) = run(script, tmp_path, **nowhere)
    assert found.max() > 0


def test_kernels_in_place_make_no_array():
    """Without counts of references numba has no array to give, and refuses one that makes some."""

    def doubled(values):
        for i in range(values.size):
            values[i] *= 2

    def doubled_by_way_of_another(values):
        other = np.empty(values.size)
        for i in range(values.size):
            other[i] = 2 * values[i]
            values[i] = other[i]

    values = np.arange(3.0)
    compiled_in_place(doubled)(values)
    np.testing.assert_array_equal(values, [0, 2, 4])
    with pytest.raises(NumbaError, match="array"):
        compiled_in_place(doubled_by_way_of_another)(values)
