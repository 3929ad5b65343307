"""Build the book into _build/html: strictly, never from stale results, readable without a network.

The execution cache knows the code of a chapter, but not the package, the data and the libraries
that the code calls. So the whole of ``_build`` goes when one of those has changed, by content.
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

from commands import choose
from lock import alone

# What the results of a chapter depend on, beside the chapter's own code.
INPUTS = (
    "tptools/**/*.py",
    "tptools/**/*.csv",
    "tptools/**/*.toml",
    "data/**/*",
    "data_registry.txt",
    "requirements.txt",
)


def digest(root: Path) -> str:
    """Hash names and contents of all inputs, and the version of Python."""
    total = hashlib.sha256(sys.version.encode())
    files = {path for pattern in INPUTS for path in root.glob(pattern) if path.is_file()}
    for path in sorted(files):
        content = hashlib.sha256(path.read_bytes()).hexdigest()
        total.update(f"{path.relative_to(root).as_posix()} {content}\n".encode())
    return total.hexdigest()


def drop_stale(root: Path) -> bool:
    """Remove ``_build`` unless it was made from the present inputs; tell whether it was removed."""
    record = root / "_build" / "inputs.sha256"
    current = digest(root)
    if record.is_file() and record.read_text() == current:
        return False
    shutil.rmtree(record.parent, ignore_errors=True)
    record.parent.mkdir()
    record.write_text(current)
    return True


class LoadedFiles(HTMLParser):
    """Collects the addresses of all that a browser loads by itself with a page."""

    def __init__(self) -> None:
        super().__init__()
        self.addresses: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Take note of scripts, pictures and frames, and of links that are not for a click."""
        values = dict(attrs)
        if tag in ("script", "img", "iframe", "video", "audio", "source"):
            self.addresses.append(values.get("src") or "")
        if tag == "link" and values.get("rel") in ("stylesheet", "preload", "preconnect", "icon"):
            self.addresses.append(values.get("href") or "")


def foreign_loads(html: str) -> list[str]:
    """List what a page would load from another host."""
    parser = LoadedFiles()
    parser.feed(html)
    return [a for a in parser.addresses if a.startswith(("http:", "https:", "//"))]


def build(root: Path) -> int:
    """Build the book; return 0 only without any warning, and if no page needs a network."""
    if drop_stale(root):
        print("Package, data or lock are new: every chapter runs.")
    # All pages are written anew, so that a number glued from another chapter is that chapter's
    # present one, and no page of a removed chapter stays.
    shutil.rmtree(root / "_build" / "html", ignore_errors=True)
    program = Path(sys.executable).with_name("jupyter-book")
    command: list[str | Path] = [program, "build", root, "-W", "--keep-going"]
    status = subprocess.run(command, check=False).returncode
    if status:
        # Sphinx warns only about pages that it reads: a second try must read all of them again.
        shutil.rmtree(root / "_build" / ".doctrees", ignore_errors=True)
    for page in sorted((root / "_build" / "html").glob("**/*.html")):
        for address in foreign_loads(page.read_text(encoding="utf-8")):
            print(f"{page.relative_to(root)} loads {address}", file=sys.stderr)
            status = status or 1
    return status


if __name__ == "__main__":
    choose(__doc__)
    with alone(Path.cwd()):
        sys.exit(build(Path.cwd()))
