"""Build the book into _build/html: strictly, never from stale results, readable without a network.

Chapters whose outputs would be others now run first, side by side (`chapters`); the pages are then
made from all outputs, and all anew, so that a number glued from another chapter is that chapter's
present one, and no page of a removed chapter stays.
"""

from __future__ import annotations

import gc
import shutil
import sys
import time
from html.parser import HTMLParser
from pathlib import Path

import chapters
from commands import choose
from jupyter_book.sphinx import build_sphinx
from lock import alone
from sphinx.util.console import nocolor


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


def write_pages(root: Path, html: Path) -> int:
    """Write all pages from the outputs of all chapters; return 0 only without any warning."""
    for folder in (html, html.with_name(".doctrees")):
        shutil.rmtree(folder, ignore_errors=True)
    nocolor()
    # Half a million nodes live until the end: to look for garbage among them takes a third of it.
    gc.disable()
    result = build_sphinx(
        root,
        html,
        noconfig=True,
        path_config=root / "_config.yml",
        confoverrides={"external_toc_path": str(root / "_toc.yml"), "latex_individualpages": False},
        warningiserror=True,
        keep_going=True,
        quiet=True,
    )
    # Python looks for garbage once more when it ends, however it was told before.
    gc.freeze()
    return result if isinstance(result, int) else 1


def build(root: Path) -> int:
    """Build the book; return 0 only without any warning, and if no page needs a network."""
    if status := chapters.run(root, chapters.stale(root)):
        return status
    start, html = time.perf_counter(), root / "_build" / "html"
    status = write_pages(root, html)
    for page in sorted(html.glob("**/*.html")):
        for address in foreign_loads(page.read_text(encoding="utf-8")):
            print(f"{page.relative_to(root)} loads {address}", file=sys.stderr)
            status = status or 1
    print(f"pages written in {time.perf_counter() - start:.0f} s: {html / 'index.html'}")
    return status


if __name__ == "__main__":
    choose(__doc__)
    with alone(Path.cwd()):
        sys.exit(build(Path.cwd()))
