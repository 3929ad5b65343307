"""Executed chapters: nbval runs them side by side, and the book shows the outputs of that run.

The cache from which the book is built has every chapter that has run without a fault (`keeper`),
with a hash of what its outputs rest on beside its own code: all that it reaches in the package, the
data, the libraries. Where this hash is another one, the chapter has to run again.
"""

from __future__ import annotations

import hashlib
import subprocess
import sys
from pathlib import Path

import nbformat
from jupyter_cache import get_cache
from jupyter_cache.base import JupyterCacheAbstract

from tptools.provenance import script_sources

# What the outputs of every chapter rest on, beside its code and the package.
COMMON = ("data/**/*", "data_registry.txt", "requirements.txt")
KEPT_AT_MOST = 100
LONGEST_CELL_S = 600


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
    import joblib  # with numpy behind it, which a build that runs no chapter does without

    beside = min(len(paths), joblib.cpu_count())
    options = f"-qq --nbval-lax --nbval-current-env --nbval-cell-timeout={LONGEST_CELL_S}".split()
    if beside > 1:
        options += [f"--numprocesses={beside}", "--dist=loadfile"]
    command = [sys.executable, "-m", "pytest", *options, *map(str, paths)]
    return subprocess.run(command, cwd=root, check=False).returncode
