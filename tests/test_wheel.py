"""An installed package stands alone: built as a wheel, in an environment without the checkout."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path
from zipfile import ZipFile

import pytest

ROOT = Path(__file__).resolve().parent.parent
SOURCES = ("tptools", "data", "tools/builder")
FILES = ("pyproject.toml", "README.md", "LICENSE", "LICENSE-text", "data_registry.txt")

TRIAL = """
import time
start = time.process_time()
import tptools
assert time.process_time() - start < 0.3
from tptools import kmc
from tptools.companion import claims, datasets
model = kmc.ExcitonModel(lattice_size=81, lifetime_ns=0.0625)
pulses = kmc.PulseTrain(0.25, 4, n_pulses=2, burn_in_pulses=0, spot_sigma_sites=4)
run = kmc.simulate(model, pulses, seed=1, n_trains=2, recording=kmc.Recording(until_ns=1))
assert float(run.expected_emission.sum()) > 0
print(tptools.__file__)
print(datasets.load("tplm_10nW").sizes["position_nm"], len(datasets.names()))
print(len(claims.table(note="6")), len(claims.CLAIMS), len(tptools.FILMS))
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """A wheel, built from a copy, since building writes into its folder."""
    copy = tmp_path_factory.mktemp("copy")
    for name in SOURCES:
        shutil.copytree(ROOT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in FILES:
        shutil.copy(ROOT / name, copy)
    out = tmp_path_factory.mktemp("wheel")
    code = f"import builder; print(builder.build_wheel({str(out)!r}))"
    environment = os.environ | {"PYTHONPATH": str(copy / "tools" / "builder")}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=copy, env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert not (copy / "tptools" / "companion" / "stored").exists()
    return out / done.stdout.strip()


@pytest.fixture(scope="module")
def home(wheel, tmp_path_factory):
    """A new environment that sees the libraries of this one, but not its package."""
    home = tmp_path_factory.mktemp("home")
    venv.create(home / "venv", with_pip=False)
    scheme = {"base": str(home / "venv"), "platbase": str(home / "venv")}
    libraries = Path(sysconfig.get_path("purelib", vars=scheme))
    (libraries / "locked.pth").write_text(sysconfig.get_path("purelib") + "\n", encoding="utf-8")
    pip = [sys.executable, "-m", "pip", "--python", str(python_of(home))]
    options = ["--quiet", "--no-deps", "--no-index", "--no-compile", "--disable-pip-version-check"]
    subprocess.run([*pip, "install", *options, str(wheel)], check=True)
    return home


def python_of(home):
    """The interpreter of an environment."""
    folder = "Scripts" if os.name == "nt" else "bin"
    return home / "venv" / folder / ("python.exe" if os.name == "nt" else "python")


def run(home, *command, **environment):
    """Run a program of the environment, outside any checkout."""
    hidden = ("PYTHONPATH", "TPTOOLS_DATA_DIR", "TPTOOLS_DATA_URL")
    kept = {name: one for name, one in os.environ.items() if name not in hidden}
    # compiling the kernels for another folder would take longest by far
    kept |= {"NUMBA_DISABLE_JIT": "1", "HOME": str(home), **environment}
    return subprocess.run(command, cwd=home, env=kept, capture_output=True, text=True)


def test_the_wheel_holds_what_the_checkout_has(wheel):
    """Registry, claims, films, every dataset and both licences, and it stays small."""
    with ZipFile(wheel) as archive:
        names = set(archive.namelist())
    inside = {Path(one).name for one in names}
    data = {one.split()[0] for one in (ROOT / "data_registry.txt").read_text().splitlines()[1:]}
    wanted = {"data_registry.txt", "claims.csv", "films.toml", "LICENSE", "LICENSE-text"}
    assert data | wanted <= inside
    assert wheel.stat().st_size < 5e6


def test_it_imports_simulates_loads_and_judges(home):
    """Import, a simulation, a dataset and verdicts need nothing of the checkout."""
    done = run(home, python_of(home), "-c", TRIAL)
    assert done.returncode == 0, done.stderr
    place, loaded, counted = done.stdout.splitlines()
    assert Path(place).is_relative_to(home)
    n_files = len((ROOT / "data_registry.txt").read_text().splitlines()) - 1
    assert loaded.split() == ["61", str(n_files)]
    assert min(map(int, counted.split())) > 3


def test_a_folder_of_data_takes_the_place_of_its_own(home, tmp_path):
    """TPTOOLS_DATA_DIR is asked first; what is missing there is named, with the remedy."""
    shutil.copy(ROOT / "data" / "printed_tables.csv", tmp_path)
    code = (
        "from tptools.companion import datasets as d\n"
        "print(d.load('printed_tables').sizes['row'])\n"
        "d.load('tplm_10nW')"
    )
    done = run(home, python_of(home), "-c", code, TPTOOLS_DATA_DIR=str(tmp_path))
    assert done.stdout == "13\n", done.stderr
    assert str(tmp_path / "tplm_10nW.nc") in done.stderr
    assert "TPTOOLS_DATA_URL" in done.stderr


def test_without_its_data_it_asks_the_address_of_the_release(home):
    """The error names file, address and remedy when there is no network."""
    code = (
        "from tptools.companion import datasets as d; from pathlib import Path\n"
        "d.BASE_URL, d.STORED = 'http://127.0.0.1:9/data/', Path('stored')\n"
        "d.REGISTRY = d.STORED / 'data_registry.txt'; d.STORED.mkdir(); d.RETRIES = 0\n"
        "d.REGISTRY.write_text('one.nc ' + 'a' * 64)\n"
        "d.load('one')"
    )
    done = run(home, python_of(home), "-c", code, XDG_CACHE_HOME=str(home / "cache"))
    assert "http://127.0.0.1:9/data/one.nc could not be fetched" in done.stderr
    assert "check the network, TPTOOLS_DATA_URL" in done.stderr


def test_the_commands_are_there(home):
    """The console script answers, and knows its exit codes."""
    script = python_of(home).with_name("tptools" + (".exe" if os.name == "nt" else ""))
    assert run(home, script, "--version").stdout.startswith("tptools ")
    wrong = run(home, script, "analyse", "nowhere")
    assert wrong.returncode == 2
    assert wrong.stderr.count("\n") == 1
