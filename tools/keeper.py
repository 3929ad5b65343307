"""Plugin of pytest that keeps chapters which have run without a fault for the book (`chapters`)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Generator
from pathlib import Path

import chapters
import pytest
from jupyter_cache.base import CacheBundleIn
from lock import alone
from nbval.plugin import IPyNbCell

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
        chapters.open_cache(self.root)

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        """Note what a chapter rests on before its kernel starts."""
        if isinstance(item, IPyNbCell) and item.path not in self.foundations:
            self.foundations[item.path] = chapters.foundation(self.root, item.parent.nb)

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
        rests_on = chapters.foundation(self.root, item.parent.nb)
        if item.path not in self.faulty and rests_on == self.foundations[item.path]:
            data = {"execution_seconds": seconds, "rests_on": rests_on}
            chapter = CacheBundleIn(item.parent.nb, str(item.path), data=data)
            cache = chapters.open_cache(self.root)
            with alone(cache.path):
                cache.cache_notebook_bundle(chapter, overwrite=True)

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Let the longest chapters run first."""
        items.sort(key=_turn)

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Count chapters that run in this process."""
        self.names |= {one.path.stem for one in session.items if isinstance(one, IPyNbCell)}

    def pytest_xdist_node_collection_finished(self, ids: list[str]) -> None:
        """Count chapters that run in others."""
        paths = [Path(one.partition("::")[0]) for one in ids]
        self.names |= {path.stem for path in paths if path.suffix == ".ipynb"}

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
