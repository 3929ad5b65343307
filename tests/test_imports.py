"""Tests of what may import what: the contracts of import-linter in ``pyproject.toml``."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


def lint(folder):
    """Exit code and report of import-linter on the package in a folder."""
    program = Path(sys.executable).with_name("lint-imports")
    command = [program, "--no-cache", "--no-logo"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    return done.returncode, " ".join((done.stdout + done.stderr).split())


def test_package_keeps_its_contracts():
    """Nothing imports the companion, matplotlib stays where it is, dependencies point downwards."""
    code, report = lint(ROOT)
    assert code == 0, report


@pytest.mark.parametrize(
    ("module", "line", "found"),
    [
        ("noise", "from tptools.companion import paper", "tptools.noise -> tptools.companion"),
        ("kmc/engine", "import matplotlib.pyplot", "tptools.kmc.engine -> matplotlib"),
        ("companion/datasets", "import matplotlib", "tptools.companion.datasets -> matplotlib"),
        ("material", "from tptools import kmc", "tptools.material is not allowed"),
        ("units", "from tptools.estimate import Estimate", "tptools.units is not allowed"),
        ("newcomer", "import math", "not listed as layers: - tptools.newcomer"),
    ],
)
def test_forbidden_import_is_noticed(tmp_path, module, line, found):
    """In a copy with one import more, though late and within a function, the report names it."""
    without_caches = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "tptools", tmp_path / "tptools", ignore=without_caches)
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    with (tmp_path / "tptools" / module).with_suffix(".py").open("a") as file:
        file.write(f"\n\ndef late():\n    {line}\n")
    code, report = lint(tmp_path)
    assert code == 1
    assert found in report
