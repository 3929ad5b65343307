"""Executed chapters: nbval runs them side by side, and the book shows the outputs of that run.

A pytest plugin keeps every chapter that has run without a fault in the cache from which the book is
built, with a hash of what its outputs rest on beside its own code: all that it reaches in the
package, the data, the libraries. Where this hash is another one, the chapter has to run again.
"""

from __future__ import annotations

import hashlib
import subprocess
import sys
from collections import defaultdict
from collections.abc import Generator
from pathlib import Path

import joblib
import nbformat
import pytest
from jupyter_cache import get_cache
from jupyter_cache.base import CacheBundleIn, JupyterCacheAbstract
from lock import alone
from nbval.plugin import IPyNbCell

from tptools.provenance import script_sources

# What the outputs of every chapter rest on, beside its code and the package.
COMMON = ("data/**/*", "data_registry.txt", "requirements.txt")
KEPT_AT_MOST = 100
LONGEST_CELL_S = 600
# No core waits at the end for one that started last.
LONGEST_FIRST = (
    "estimators",
    "claims",
    "audit",
    "power_dependence",
    "validation",
    "samples",
    "surfaces",
    "memory_model",
    "microscopy",
    "relaxation",
    "controls",
    "inference",
)
SECONDS = "seconds of the chapter"


def foundation(root: Path, notebook: nbformat.NotebookNode) -> str:
    """Hash what the outputs of a chapter rest on beside its own code."""
    total = hashlib.sha256(sys.version.encode())
    for path in sorted({path for pattern in COMMON for path in root.glob(pattern)}):
        if path.is_file():
            content = hashlib.sha256(path.read_bytes()).hexdigest()
            total.update(f"{path.relative_to(root).as_posix()} {content}\n".encode())
    code = "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "code")
    total.update(repr(script_sources(code, "tptools")).encode())
    return total.hexdigest()


def open_cache(root: Path) -> JupyterCacheAbstract:
    """Open the cache from which the book is built; what was used long ago leaves it."""
    cache = get_cache(root / "_build" / ".jupyter_cache")
    cache.change_cache_limit(KEPT_AT_MOST)
    return cache


def kept(root: Path, path: Path) -> nbformat.NotebookNode | None:
    """Return the chapter at `path` with its outputs, if the cache has them as they would be now."""
    cache, notebook = open_cache(root), nbformat.read(path, as_version=4)
    try:
        record = cache.match_cache_notebook(notebook)
        _, executed = cache.merge_match_into_notebook(notebook)
    except (KeyError, nbformat.reader.NotJSONError):  # none, or cut short while it was written
        return None
    return executed if record.data.get("rests_on") == foundation(root, notebook) else None


def stale(root: Path) -> list[Path]:
    """List the chapters that the cache does not have as they would come out now."""
    return [path for path in sorted((root / "book").glob("*.ipynb")) if kept(root, path) is None]


def run(root: Path, paths: list[Path]) -> int:
    """Run chapters side by side, without a look at their stored outputs; return the exit status."""
    if not paths:
        return 0
    beside = min(len(paths), joblib.cpu_count())
    options = f"-qq --nbval-lax --nbval-current-env --nbval-cell-timeout={LONGEST_CELL_S}".split()
    if beside > 1:
        options += [f"--numprocesses={beside}", "--dist=loadfile"]
    command = [sys.executable, "-m", "pytest", *options, *map(str, paths)]
    return subprocess.run(command, cwd=root, check=False).returncode


class Keeper:
    """Pytest plugin that keeps chapters without a fault, and tells when one has run."""

    def __init__(self, config: pytest.Config) -> None:
        self.root = config.rootpath
        self.terminal = config.pluginmanager.getplugin("terminalreporter")  # not in workers
        self.foundations: dict[Path, str] = {}
        self.seconds: dict[Path, float] = defaultdict(float)
        self.faulty: set[Path] = set()
        self.names: set[str] = set()
        self.n_run = 0
        # else the chapter with the most cells would start first, however short they are
        config.option.loadscopereorder = False
        open_cache(self.root)

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        """Note what a chapter rests on before its kernel starts."""
        if isinstance(item, IPyNbCell) and item.path not in self.foundations:
            self.foundations[item.path] = foundation(self.root, item.parent.nb)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Put fresh outputs in the place of the stored ones, once these have been compared."""
        if isinstance(item, IPyNbCell):
            self.seconds[item.path] += call.duration
            if call.excinfo:
                self.faulty.add(item.path)
            elif call.when == "call":
                _store(item)
        return (yield)

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_teardown(self, item: pytest.Item, nextitem: pytest.Item | None) -> None:
        """Keep a chapter after its last cell."""
        if not isinstance(item, IPyNbCell) or (nextitem and nextitem.path == item.path):
            return
        seconds = self.seconds[item.path]
        item.user_properties.append((SECONDS, seconds))
        rests_on = foundation(self.root, item.parent.nb)
        if item.path not in self.faulty and rests_on == self.foundations[item.path]:
            data = {"execution_seconds": seconds, "rests_on": rests_on}
            chapter = CacheBundleIn(item.parent.nb, str(item.path), data=data)
            cache = open_cache(self.root)
            with alone(cache.path):
                cache.cache_notebook_bundle(chapter, overwrite=True)

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Let the longest chapters run first."""
        items.sort(key=_turn)

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Count chapters that run in this process."""
        self.names |= {item.path.stem for item in session.items}

    def pytest_xdist_node_collection_finished(self, ids: list[str]) -> None:
        """Count chapters that run in others."""
        self.names |= {Path(one.partition("::")[0]).stem for one in ids}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Tell which chapter has run, and how long it took."""
        for seconds in [value for key, value in report.user_properties if key == SECONDS]:
            if self.terminal and report.when == "teardown":
                self.n_run += 1
                name = Path(report.nodeid.partition("::")[0]).stem
                counted = f"chapter {self.n_run} of {len(self.names)}"
                self.terminal.write_line(f"{counted}: {name}, {seconds:.0f} s")

    def pytest_report_teststatus(self, report: pytest.TestReport) -> tuple[str, str, str] | None:
        """Say nothing of a cell without a fault."""
        passed = report.when == "call" and report.passed and ".ipynb::" in report.nodeid
        return ("passed", "", "") if passed else None


def _turn(item: pytest.Item) -> int:
    """When the chapter of a cell has its turn; those of which nothing is known are the last."""
    name = item.path.stem
    return LONGEST_FIRST.index(name) if name in LONGEST_FIRST else len(LONGEST_FIRST)


def _store(item: IPyNbCell) -> None:
    """Write what a cell gave into the notebook, as if it had run there."""
    item.cell.outputs = item.test_outputs
    item.cell.execution_count = item.cell_num + 1
    for output in item.cell.outputs:
        if output.output_type == "execute_result":
            output.execution_count = item.cell.execution_count
