"""Whether the tests notice faults: sample small ones, module by module, and run the tests of each.

::

    python tools/mutants.py                                      # 20 in every module: takes hours
    python tools/mutants.py --seed 2 --number 5 randomness kmc.sweep
    python tools/mutants.py --near fitting.decays                # by the nearest tests alone: quick

Copies of the tree are changed, never the tree itself. A fault is noticed if a test of its module
fails, cannot be collected or takes three times the processor time of its whole file. Tests of a
module are its doctests and the file of its name; what these miss goes on to the other files that
import the module, or, where no file has its name, that import what imports it, and to those of all
that is public. Those that pass without the fault run until one fails, first the ones that enter the
changed lines.

What was found is kept in ``_build/mutants``, and a run that was stopped goes on from there: a fault
that was noticed is tried again if its module changes, one that was not if its tests do as well.
Faults that survive are printed with their place. Changes that ``tools/no_faults.txt`` lists are not
drawn: they were judged to make no difference to anybody, or to put one value for as right a one.
The exit code is 1 if the share of those noticed is below a bar: 95 % of all, 85 % in any module.
"""

from __future__ import annotations

import argparse
import ast
import hashlib
import json
import math
import multiprocessing
import os
import resource
import shutil
import signal
import sys
from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from queue import SimpleQueue
from tempfile import TemporaryDirectory
from typing import Any, cast

import joblib
import pytest
from commands import choose
from coverage import Coverage
from hypothesis import settings
from mutations import Mutation, mutations
from scipy.stats import binomtest

ROOT = Path(__file__).resolve().parent.parent
BAR, BAR_OF_A_MODULE = 0.95, 0.85
PATIENCE, LEAST_PATIENCE_S = 3, 20
"""Limit on processor time, in that of the tests without a fault; ten times as long by the clock."""
COMPILING_S = 60
MEMORY_BYTES = 12 * 2**30
NOT_COPIED = ("_build", ".*", "__pycache__", "*.ipynb", "benchmarks")
PLUGINS = ("_hypothesis_pytestplugin", "anyio.pytest_plugin", "nbval.plugin", "xdist.plugin")
OF_ALL = ("test_boundary.py", "test_numbers.py", "companion/test_defaults.py")
"""What holds of all that is public, and its defaults: near to every module."""
LIBRARIES = ("hypothesis", "lmfit", "matplotlib", "numba", "pandas", "skimage", "xarray")
LOADED = ("__main__", *PLUGINS, *LIBRARIES)
"""What every test session loads, loaded once for all."""
OPTIONS = (
    *("--doctest-modules", "-q", "-p", "no:cacheprovider"),
    *("-W", "ignore::pytest.PytestAssertRewriteWarning"),  # of what is loaded already
)
ONE_THREAD = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS", "LOKY_MAX_CPU_COUNT")


class Imports:
    """Which modules of a package are imported where, read from the sources."""

    def __init__(self, root: Path, package: str = "tptools") -> None:
        paths = sorted((root / package).rglob("*.py"))
        self.paths = {self._name(root, path): path for path in paths}
        self.package = package
        self.known: dict[Path, set[str]] = {}

    @staticmethod
    def _name(root: Path, path: Path) -> str:
        return ".".join(path.relative_to(root).with_suffix("").parts).removesuffix(".__init__")

    @cached_property
    def of_modules(self) -> dict[str, set[str]]:
        """Modules that each module imports."""
        return {name: self.of(path) for name, path in self.paths.items()}

    def of(self, path: Path, *, behind: bool = False) -> set[str]:
        """Modules whose names a file imports; where asked, also all `behind` a package it imports.

        Names that a package has from its modules count as theirs.
        """
        if path not in self.known:
            self.known[path] = {
                self._home(node.module, name.name)
                for node in ast.walk(ast.parse(path.read_bytes()))
                if isinstance(node, ast.ImportFrom) and (node.module or "") in self.paths
                for name in node.names
            }
        own = self.known[path]
        packages = [one for one in own if self.paths[one].name == "__init__.py"] if behind else []
        return own.union(*(self.of_modules[one] for one in packages))

    def is_used(self, module: str, path: Path) -> bool:
        """Whether a file imports a module, anything in it, or one that uses it."""
        taken = self.of(path, behind=True)
        return not taken.isdisjoint(self.users(module)) or any(
            one.startswith(f"{module}.") for one in taken
        )

    def users(self, module: str) -> set[str]:
        """Find what imports a module within its package, by others too, and all that import these.

        The module itself is among them.
        """
        package, found, new = module.rpartition(".")[0], {module}, {module}
        while new:
            new = {name for name, taken in self.of_modules.items() if found & taken} - found
            new = {name for name in new if name.rpartition(".")[0] == package}
            found |= new
        return found | {name for name, taken in self.of_modules.items() if found & taken}

    def _home(self, module: str | None, name: str) -> str:
        """Module from which a name comes that is imported from another."""
        assert module is not None
        if f"{module}.{name}" in self.paths:
            return f"{module}.{name}"
        if self.paths[module].name == "__init__.py":
            for node in ast.parse(self.paths[module].read_bytes()).body:
                if isinstance(node, ast.ImportFrom) and name in [one.name for one in node.names]:
                    return self._home(node.module, name)
        return module


def stages(root: Path, imports: Imports, module: str, *, near: bool = False) -> list[list[Path]]:
    """Files with the tests of a module, in the order in which a fault has to get past them.

    Parameters
    ----------
    root : Path
        Of the tree.
    imports : Imports
        Of its package.
    module : str
        Such as ``"tptools.kmc.engine"``.
    near : bool
        Only files of its name, or, where there is none, of its package or that import it; and those
        of all modules.

    Returns
    -------
    list of list of Path
        From `root`. First the module itself, for its doctests, with the file of its name or another
        one that stands close by; then the others, one by one.
    """
    inner = module.split(".")[1:]
    folder = root.joinpath("tests", *inner[:-1])
    mirrors = sorted({folder / f"test_{'_'.join(inner[-count:])}.py" for count in (1, 2)})
    mirrors = [path for path in mirrors if path.is_file() and imports.is_used(module, path)]
    named = {f"test_{part}" for part in inner}
    tests = [
        path
        for path in (root / "tests").rglob("test_*.py")
        if path not in mirrors and ("companion" in path.parts) <= ("companion" in inner)
    ]
    tests.sort(key=lambda path: (path.stem not in named, path.parent != folder, path))
    folders = folder, folder / inner[-1]
    close = [
        path
        for path in tests
        if path.stem in named or path.parent in folders or module in imports.of(path)
    ]
    sources = {module}
    if inner[-1] == "__main__":  # no test imports a program, but what it starts
        sources |= imports.of_modules[module]
    elif not mirrors:
        sources = imports.users(module)
    others = [path for path in tests if sources & imports.of(path, behind=not mirrors)]
    if near:
        others = [path for path in others if path in close and not mirrors]
    of_all = [root / "tests" / name for name in OF_ALL]
    others += [path for path in of_all if path.is_file() and path not in others]
    first, *rest = [imports.paths[module], *mirrors, *others]
    files = [[first, *rest[:1]], *([path] for path in rest[1:])]
    return [[path.relative_to(root) for path in one] for one in files]


@dataclass(eq=False)  # pytest puts plugins into sets
class Watch:
    """Plugin of pytest: what fails, how long tests take, and which lines of a module they enter."""

    coverage: Coverage | None = None
    failed: list[str] = field(default_factory=list)
    seconds: dict[str, float] = field(default_factory=lambda: defaultdict(float))

    def pytest_configure(self) -> None:
        """Draw the same examples every time, at any speed."""
        settings.register_profile("mutants", deadline=None, derandomize=True, database=None)
        settings.load_profile("mutants")

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_call(self, item: pytest.Item) -> Iterator[None]:
        """Count lines for a test while it runs itself; those of fixtures count for all tests."""
        if self.coverage:
            self.coverage.switch_context(item.nodeid)
        yield
        if self.coverage:
            self.coverage.switch_context("")

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Keep times and failures."""
        self.seconds[report.nodeid] += report.duration
        if report.failed:
            self.failed.append(report.nodeid)

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """A file that cannot be imported fails as a whole."""
        if report.failed:
            self.failed.append(report.nodeid)


def session(
    tree: str, cache: str, tests: list[str], watched: str | None, report: str, limit_s: int
) -> None:
    """Run tests in this process, which is one of their own, and write what became of them.

    With a package to be watched all tests run. Without, the first failure ends it.
    """
    Path(f"{report}.started").touch()
    os.setsid()  # so that all that they start can be ended with them
    os.chdir(tree)
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (limit_s, limit_s + 1))
    sys.path.insert(0, tree)
    os.environ |= {"PYTHONPATH": tree, "PYTHONDONTWRITEBYTECODE": "1", "NUMBA_CACHE_DIR": cache}
    sys.dont_write_bytecode = True  # its key, size and second, can be the same for two faults
    if "numba" in sys.modules:
        sys.modules["numba"].config.reload_config()
    with open(f"{report}.log", "w", encoding="utf-8") as log:
        os.dup2(log.fileno(), 1)
        os.dup2(log.fileno(), 2)
    coverage = Coverage(data_file=None, source=[str(Path(tree, watched))]) if watched else None
    watch = Watch(coverage)
    options = [*OPTIONS, *([] if watched else ["-x"])]
    if coverage:
        coverage.start()
    code = int(pytest.main([*options, *tests], plugins=[watch]))
    use = map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    spent_s = sum(one.ru_utime + one.ru_stime for one in use)
    found = {"code": code, "failed": watch.failed, "seconds": watch.seconds, "spent_s": spent_s}
    if coverage:
        coverage.stop()
        data = coverage.get_data()
        found["lines"] = {
            os.path.relpath(path, tree): data.contexts_by_lineno(path)
            for path in data.measured_files()
        }
    Path(report).write_text(json.dumps(found), encoding="utf-8")
    os._exit(0)


class Trees:
    """Copies of the working tree, one for each process that runs at the same time."""

    def __init__(self, root: Path, folder: Path, count: int) -> None:
        self.context = multiprocessing.get_context("forkserver")
        self.context.set_forkserver_preload([*LOADED])
        os.environ |= dict.fromkeys(ONE_THREAD, "1")
        self.folder, self.free, self.count = folder, SimpleQueue[Path](), count
        for number in range(count):
            tree = folder / f"tree-{number}"
            shutil.copytree(root, tree, symlinks=True, ignore=shutil.ignore_patterns(*NOT_COPIED))
            self.free.put(tree)

    def run(
        self,
        tests: Sequence[str],
        limit_s: float,
        *,
        change: tuple[Path, str] | None = None,
        watched: str | None = None,
    ) -> dict[str, Any] | None:
        """Run tests in a copy, with a file changed; None if they take too long."""
        tree = self.free.get()
        with TemporaryDirectory(dir=self.folder) as own:
            # Machine code of callers holds what they call: a changed kernel needs all anew.
            fresh = change is not None and "compiled" in change[1]
            cache = own if fresh else str(self.folder / f"{tree.name}.numba")
            report = Path(own, "report")
            processor_s = math.ceil(limit_s + COMPILING_S * fresh)
            arguments = (str(tree), cache, [*tests], watched, str(report), processor_s)
            original = (tree / change[0]).read_bytes() if change else b""
            try:
                if change:
                    (tree / change[0]).write_text(change[1], encoding="utf-8")
                process = self.context.Process(target=session, args=arguments)
                process.start()
                process.join(10 * processor_s)
                end(process.pid)
                process.join()
            finally:
                if change:
                    (tree / change[0]).write_bytes(original)
                self.free.put(tree)
            if report.is_file():
                return cast(dict[str, Any], json.loads(report.read_text("utf-8")))
            if not Path(f"{report}.started").is_file():
                raise SystemExit("a process for tests could not be started")
            out_of_time = process.exitcode in (-signal.SIGKILL, -signal.SIGXCPU)
            return None if out_of_time else {"failed": ["a crash"]}


def end(process: int | None) -> None:
    """End a session with all that it has started."""
    try:
        os.killpg(cast(int, process), signal.SIGKILL)
    except ProcessLookupError:
        return


def measure(file: Path, package: str, trees: Trees, kept: Path) -> dict[str, Any]:
    """Run the tests of a file without a fault: their times and the lines that each enters.

    What was found is kept in a file and serves as long as the file and the package are the same.
    """
    if kept.is_file():
        return cast(dict[str, Any], json.loads(kept.read_text("utf-8")))
    found = trees.run([str(file)], 3600, watched=package)
    if found is None or "lines" not in found:
        raise SystemExit(f"{file}: crash, or takes over an hour")
    if found["code"] in (pytest.ExitCode.INTERNAL_ERROR, pytest.ExitCode.USAGE_ERROR):
        raise SystemExit(f"{file}: pytest itself fails")
    if found["failed"]:
        failed = ", ".join(found["failed"])
        print(f"fail without a fault: {failed}", file=sys.stderr, flush=True)
    part = kept.with_suffix(".part")
    part.write_text(json.dumps(found), encoding="utf-8")
    part.replace(kept)
    return found


class Suite:
    """Tests that pass without a fault, from what was measured of their files."""

    def __init__(
        self, files: Sequence[Path], found: Sequence[dict[str, Any]], *, near: bool = False
    ) -> None:
        self.files, self.found, self.near = [*map(str, files)], found, near
        self.limit_s = max(LEAST_PATIENCE_S, PATIENCE * sum(one["spent_s"] for one in found))
        paths = [path for one in found for path in one["lines"].values()]
        self.inside = {test for lines in paths for tests in lines.values() for test in tests}
        self.failing = [test for one in found for test in one["failed"]]
        seconds = {test: s for one in found for test, s in one["seconds"].items()}
        self.seconds = {test: s for test, s in seconds.items() if test not in self.failing}

    def of(self, path: Path, fault: Mutation) -> list[str]:
        """All tests: the quickest first, but before them those that enter the lines of a fault.

        What tests start in other processes, and code that is compiled, enters lines unseen. If only
        the nearest are to be run, these are the tests that enter the function of the fault, and
        those that enter no module by themselves.
        """
        entering = self.entering(path, range(fault.first_line, fault.last_line + 1))
        chosen = sorted(self.seconds, key=lambda one: (one not in entering, self.seconds[one], one))
        body = body_around(fault.source, fault.first_line)
        there = self.entering(path, body)
        imported = any(one["lines"].get(str(path)) for one in self.found)
        if not (self.near and body and imported) or "" in there or "compiled" in fault.source:
            return chosen
        return [test for test in chosen if test in there or test not in self.inside]

    def entering(self, path: Path, lines: range) -> set[str]:
        """Tests that enter any of some lines; an empty name stands for imports and fixtures."""
        found = [one["lines"].get(str(path), {}) for one in self.found]
        return {test for one in found for line in lines for test in one.get(str(line), ())}

    def notice(self, path: Path, fault: Mutation, trees: Trees) -> str:
        """Say what notices a fault: a test, the time, or nothing."""
        tests = self.of(path, fault)
        change = path, fault.source
        found = trees.run(tests, self.limit_s, change=change) if tests else {}
        if found and found.get("code") == pytest.ExitCode.USAGE_ERROR:
            # tests that are named after what is faulty have other names now: take all there are
            rest = [f"--deselect={test}" for test in self.failing]
            found = trees.run([*self.files, *rest], self.limit_s, change=change)
        if found is None:
            return "time"
        return str(found["failed"][0]) if found.get("failed") else "exit" * bool(found.get("code"))


def body_around(source: str, line: int) -> range:
    """Lines of the innermost function around a line of a source: its body, or none."""
    bodies = [
        range(node.body[0].lineno, (node.end_lineno or 0) + 1)
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.FunctionDef)
    ]
    return min((body for body in bodies if line in body), key=len, default=range(0))


def judged(text: str) -> dict[str, set[str]]:
    """Changes that were judged to be no faults, by file: blocks of a file, the lines and why."""
    found: dict[str, set[str]] = defaultdict(set)
    for block in text.strip().split("\n\n"):
        path, *diff, _ = block.splitlines()
        found[path].add("\n".join(diff))
    return found


def sample(
    source: str, module: str, seed: int, number: int, but: Collection[str] = ()
) -> list[Mutation]:
    """Draw faults for a module, all if there are no more, `but` those that are none.

    A change elsewhere in the module leaves those that were drawn, and can be tried again.
    """
    found = [one for one in mutations(source) if one.diff not in but]
    drawn = sorted(found, key=lambda one: digest(f"{seed} {module}", one.diff))[:number]
    return sorted(drawn, key=lambda one: (one.first_line, one.diff))


def digest(*texts: str) -> str:
    """Short name of some texts."""
    return hashlib.sha256("\0".join(texts).encode()).hexdigest()[:20]


class Kept:
    """What was found before, by fault."""

    def __init__(self, path: Path) -> None:
        self.path = path
        lines = path.read_text(encoding="utf-8").splitlines() if path.is_file() else []
        self.found = {one["fault"]: one for one in map(json.loads, lines)}

    def by(self, fault: Mutation, tests: str) -> str | None:
        """What noticed a fault, nothing as an empty text; None if that is not known."""
        one = self.found.get(digest(fault.source))
        return one["by"] if one and (one["by"] or one["tests"] == tests) else None

    def add(self, module: str, fault: Mutation, tests: str, by: str) -> None:
        """Keep what noticed a fault, at once."""
        key = digest(fault.source)
        place = {"module": module, "line": fault.first_line, "diff": fault.diff}
        self.found[key] = one = {"fault": key, "tests": tests, "by": by, **place}
        with self.path.open("a", encoding="utf-8") as stream:
            print(json.dumps(one, ensure_ascii=False), file=stream)


@dataclass
class Trials:
    """What it takes to try the faults of a package."""

    root: Path
    imports: Imports
    trees: Trees
    kept: Kept
    near: bool = False
    suites: dict[tuple[Path, ...], Suite] = field(default_factory=dict)

    @cached_property
    def judged(self) -> dict[str, set[str]]:
        """Changes that are no faults, by file."""
        path = self.root / "tools" / "no_faults.txt"
        return judged(path.read_text(encoding="utf-8")) if path.is_file() else {}

    def suite(self, files: Sequence[Path]) -> Suite:
        """Tests of some files, tried out once."""
        key = tuple(files)
        if key not in self.suites:
            found = [
                measure(one, self.imports.package, self.trees, self.file_of(one)) for one in files
            ]
            self.suites[key] = Suite(files, found, near=self.near)
        return self.suites[key]

    def file_of(self, tests: Path) -> Path:
        """File that holds what tests were found to do, by the text of all that they can enter."""
        paths = [*sorted(self.imports.paths.values()), self.root / tests]
        return self.kept.path.parent / f"{digest(str(tests), *map(Path.read_text, paths))}.json"

    def run(self, module: str, seed: int, number: int) -> tuple[int, int]:
        """Try faults of a module and print what survives; returns how many died, of how many."""
        path = self.imports.paths[module]
        short = path.relative_to(self.root)
        files = stages(self.root, self.imports, module, near=self.near)
        texts = [(self.root / one).read_text(encoding="utf-8") for stage in files for one in stage]
        tests = digest(*texts)
        but = self.judged.get(short.as_posix(), ())
        faults = sample(path.read_text(encoding="utf-8"), module, seed, number, but)
        alive = [fault for fault in faults if self.kept.by(fault, tests) is None]
        with ThreadPoolExecutor(self.trees.count) as threads:
            for left, stage in zip(reversed(range(len(files))), files, strict=True):
                if not alive:
                    break
                suite = self.suite(stage)
                trials = {
                    threads.submit(suite.notice, short, one, self.trees): one for one in alive
                }
                for trial in as_completed(trials):
                    if trial.result() or not left:
                        self.kept.add(module, trials[trial], tests, trial.result())
                alive = [one for one in alive if self.kept.by(one, tests) is None]
        alive = [fault for fault in faults if not self.kept.by(fault, tests)]
        for fault in alive:
            print(f"{short}:{fault.first_line}\n{fault.diff}", flush=True)
        return len(faults) - len(alive), len(faults)


def score(name: str, died: int, number: int) -> str:
    """One line: the share of faults that were noticed, with its interval."""
    low, high = binomtest(died, number).proportion_ci(0.95, method="wilson")
    return f"{name}: {died} of {number}, {died / number:.0%} ({low:.0%} to {high:.0%})"


def main(arguments: Sequence[str] | None = None, root: Path = ROOT) -> int:
    """Try faults in what is named on the command line, or in all modules; returns the exit code."""
    options = argparse.ArgumentParser(add_help=False)
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--number", type=int, default=20)
    options.add_argument("--near", action="store_true")
    given, names = options.parse_known_args(arguments)
    imports = Imports(root)
    known = {name.partition(".")[2]: name for name in imports.paths if "." in name}
    chosen = [known[name] for name in choose(__doc__, "module", known, names)]
    folder = root / "_build" / "mutants"
    folder.mkdir(parents=True, exist_ok=True)
    kept = Kept(folder / "found.jsonl")
    with TemporaryDirectory(dir=folder) as own:
        trees = Trees(root, Path(own).resolve(), joblib.cpu_count())
        trials, scores = Trials(root, imports, trees, kept, given.near), {}
        for module in chosen:
            died, number = trials.run(module, given.seed, given.number)
            if number:
                scores[module] = died, number
                print(score(module, died, number), flush=True)
    died, number = (sum(one) for one in zip(*scores.values(), strict=True))
    print(score("all", died, number))
    low = any(died / number < BAR_OF_A_MODULE for died, number in scores.values())
    return int(low or died / number < BAR)


if __name__ == "__main__":
    sys.exit(main())
