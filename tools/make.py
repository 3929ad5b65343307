"""What people and CI do with this book: ``make NAME``, or ``python tools/make.py NAME`` anywhere.

It needs Python 3.11 or newer and nothing else, so that it runs where there is neither a shell nor
make, as on Windows. Settings follow the name, as make takes them: ``CHAPTERS="heating audit"``.
"""

from __future__ import annotations

import compileall
import os
import re
import shlex
import shutil
import subprocess
import sys
import venv
import warnings
from collections.abc import Callable, Iterator
from itertools import chain
from pathlib import Path
from tempfile import TemporaryDirectory

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
BIN = VENV / ("Scripts" if os.name == "nt" else "bin")
INSTALLED = VENV / ".installed"
OURS = ("tptools", "tests", "tools", "book")
PIP = ("-m", "pip", "install", "--quiet", "--no-deps", "--no-compile")
OTHERS_TESTS = re.compile(r"site-packages[/\\].*[/\\]tests?[/\\]")
BUILT = ("_build", ".mypy_cache", ".pytest_cache", ".hypothesis", ".ruff_cache")

Commands = Iterator[list[str]]


def setting(name: str, default: str = "") -> str:
    """Value of a setting, which make and `main` put into the environment."""
    return os.environ.get(name) or default


def words(name: str) -> list[str]:
    """Words of a setting."""
    return shlex.split(setting(name))


def is_installed() -> bool:
    """Tell whether the environment is newer than what it is made from."""
    made_from = [ROOT / "requirements.txt", ROOT / "pyproject.toml"]
    if not INSTALLED.exists():
        return False
    return INSTALLED.stat().st_mtime >= max(path.stat().st_mtime for path in made_from)


def install(lock: str) -> None:
    """Install what is locked, by several pips with some packages each: one keeps one core busy."""
    packages = re.findall(r"^\S+==.*(?:\n .*)*", lock, re.MULTILINE)
    count = min(os.cpu_count() or 1, 4)
    with TemporaryDirectory() as folder:
        pips = []
        for k in range(count):
            part = Path(folder, f"{k}.txt")
            part.write_text("\n".join(packages[k::count]), encoding="utf-8")
            options = ["--require-hashes", "--only-binary", ":all:", "-r", str(part)]
            pips.append(subprocess.Popen([str(BIN / "python"), *PIP, *options]))
        statuses = [pip.wait() for pip in pips]
        if any(statuses):
            sys.exit("Not all packages of requirements.txt could be installed; see above")


def setup() -> Commands:
    """install the locked environment into .venv (needs a network once)"""
    if is_installed():
        return
    if os.name == "nt" and Path(sys.prefix) == VENV:
        sys.exit("The environment is old, and a running one cannot be replaced: use another Python")
    # A changed lock gets a new environment: pip would leave in the old one what the lock dropped.
    venv.create(VENV, clear=True, symlinks=os.name != "nt", with_pip=True)
    install((ROOT / "requirements.txt").read_text(encoding="utf-8"))
    yield ["python", *PIP, "--no-build-isolation", "--editable", "."]
    # pip would take one core for it, and compile tests too, which nobody runs
    with warnings.catch_warnings(action="ignore"):
        compileall.compile_dir(VENV, rx=OTHERS_TESTS, quiet=2, workers=0)
    INSTALLED.touch()


def book() -> Commands:
    """build the book into _build/html, warnings are errors"""
    yield ["python", "tools/build_book.py"]
    yield ["python", "tools/crate.py"]


def test() -> Commands:
    """lint, imports, types, unit tests, doctests, and every chapter against its stored outputs"""
    yield ["ruff", "check", "."]
    # Another system's encoding is not ours; ruff calls this rule a preview.
    yield ["ruff", "check", "--preview", "--select", "PLW1514", "."]
    yield ["ruff", "format", "--check", "."]
    yield ["lint-imports", "--no-cache", "--no-logo"]
    # One session for all: tests keep the cores busy until the last chapter has run.
    side_by_side = ["--numprocesses", "auto", "--dist", "loadfile"]
    yield ["pytest", *side_by_side, "--nbval", "--nbval-current-env", "book", "tests", "tptools"]


def pages() -> Commands:
    """open every page of the built book in Chromium, print it, and look for faults"""
    yield ["pytest", "-m", "pages", "--numprocesses", "2", "--dist", "loadfile", "tests/pages"]


def pdf() -> Commands:
    """print the built book into _build/pdf/book.pdf, with Chromium"""
    yield ["python", "tools/print_book.py"]


def execute() -> Commands:
    """run chapters and store their text outputs (CHAPTERS="name ..." for some)"""
    yield ["python", "tools/execute.py", *words("CHAPTERS")]


def try_() -> Commands:
    """run a copy of a chapter with other parameters (CHAPTER=relaxation SET="seed=2 ...")"""
    yield ["python", "tools/try_chapter.py", *words("CHAPTER"), *words("SET")]


def remake() -> Commands:
    """make again what a changed film has outdated, data and chapters (DRY_RUN=1 lists the data)"""
    data = ["python", "-m", "tptools.companion.make", "--outdated"]
    if setting("DRY_RUN"):
        yield [*data, "--dry-run"]
        return
    yield [*data, "--folder", "data", "--register"]
    yield ["python", "tools/execute.py"]


def bench() -> Commands:
    """measure speed against other implementations"""
    yield ["python", "-m", "benchmarks"]


def mutants() -> Commands:
    """put faults into modules (MODULES="kmc.sweep ..." SEED=1 N=20), list what no test notices"""
    choice = ["--seed", setting("SEED", "1"), "--number", setting("N", "20")]
    yield ["python", "tools/mutants.py", *choice, *words("MODULES")]


def lock() -> Commands:
    """make requirements.txt from requirements.in (UPGRADE=--upgrade for newer versions)"""
    yield ["python", "-m", "pip", "install", "--quiet", "uv"]
    # 3.11.0, not 3.11: Debian 12 has 3.11.2, and some packages have left the first 3.11 releases.
    options = ["--quiet", "--universal", "--generate-hashes", "--python-version", "3.11.0"]
    files = ["requirements.in", "-o", "requirements.txt"]
    note = ["--custom-compile-command", "make lock"]
    yield ["uv", "pip", "compile", *words("UPGRADE"), *options, *note, *files]


def clean() -> Commands:
    """remove what was built and cached (the environment stays)"""
    compiled = [ROOT.glob(f"{name}/**/__pycache__") for name in OURS]
    for path in chain((ROOT / name for name in BUILT), *compiled):
        shutil.rmtree(path, ignore_errors=True)
    yield from ()


TARGETS: dict[str, Callable[[], Commands]] = {
    one.__name__.removesuffix("_"): one
    for one in (setup, book, test, pages, pdf, execute, try_, remake, bench, mutants, lock, clean)
}
WITHOUT_SETUP = (setup, clean)


def explain() -> None:
    """List the targets."""
    print("  make help     list the targets")
    for name, target in TARGETS.items():
        print(f"  make {name:8} {target.__doc__}")


def carry_out(target: Callable[[], Commands]) -> None:
    """Run the commands of a target; the first that fails ends the program with its status."""
    # Dozens of processes would each compile the package anew.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    for command in target():
        print(shlex.join(command), flush=True)
        program = shutil.which(command[0], path=BIN)
        if program is None:
            sys.exit(f"{BIN} has no {command[0]}; remove {INSTALLED} to install all again")
        if status := subprocess.run([program, *command[1:]], cwd=ROOT, check=False).returncode:
            sys.exit(status)


def main(arguments: list[str]) -> None:
    """Carry out the targets named on the command line, or list them."""
    settings = dict(one.split("=", 1) for one in arguments if "=" in one)
    names = [one for one in arguments if "=" not in one]
    if unknown := [one for one in names if one not in [*TARGETS, "help"]]:
        sys.exit(f"no target is named {', '.join(unknown)}; there are: help, {', '.join(TARGETS)}")
    if sys.version_info < (3, 11):
        sys.exit(f"Python 3.11 or newer is needed, and this is {sys.version.split()[0]}")
    os.environ.update(settings, PYTHONUTF8="1", PIP_DISABLE_PIP_VERSION_CHECK="1")
    for name in names or ["help"]:
        if name == "help":
            explain()
            continue
        if TARGETS[name] not in WITHOUT_SETUP:
            carry_out(setup)
        carry_out(TARGETS[name])


if __name__ == "__main__":
    main(sys.argv[1:])
