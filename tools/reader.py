"""Extension of the book for its readers: files to take, places to run, pages that can be heard.

A chapter is listed in the table of contents as its notebook, so the theme offers that for download.
Its text file is put beside it here. Binder and Colab are offered only by a build that is told where
the repository is, by two environment variables:

``BOOK_REPOSITORY``
    Address of the public repository, as https://github.com/OWNER/NAME. Without it, no page has a
    launch button, and what ``published`` directives hold is left out.
``BOOK_REF``
    Branch, tag or commit that is opened there (``main`` without it).
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from docutils import nodes
from docutils.statemachine import StringList
from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.errors import ConfigError
from sphinx.util.docutils import SphinxDirective

ADDRESS = re.compile(r"https://github\.com/[\w.-]+/[\w.-]+?(\.git)?/?")
SERVICES = {
    "notebook_interface": "jupyterlab",
    "binderhub_url": "https://mybinder.org",
    "colab_url": "https://colab.research.google.com",
}
COLAB_TOOLTIP = "Open in Colab; first run there the cell that the front page shows"


def repository(environment: Mapping[str, str]) -> tuple[str, str]:
    """Return address and revision of the repository, both empty if it is not known.

    Raises
    ------
    ConfigError
        If the address is not of the form that Binder and Colab can open.
    """
    address = environment.get("BOOK_REPOSITORY", "")
    if not address:
        return "", ""
    if not ADDRESS.fullmatch(address):
        raise ConfigError(
            f"BOOK_REPOSITORY is {address!r}, must be https://github.com/OWNER/NAME; "
            "unset it to build without launch buttons"
        )
    return address.rstrip("/").removesuffix(".git"), environment.get("BOOK_REF") or "main"


def theme_options(address: str, revision: str) -> dict[str, object]:
    """Return what the theme needs to link to the repository, and to Binder and Colab with it."""
    if not address:
        return {}
    return {
        "repository_url": address,
        "repository_branch": revision,
        "use_repository_button": True,
        "launch_buttons": SERVICES,
    }


def configure(app: Sphinx, config: Config) -> None:
    """Tell the theme where the repository is."""
    config.book_repository = repository(os.environ)
    config.html_theme_options.update(theme_options(*config.book_repository))


class Published(SphinxDirective):
    """Content for books with a public repository; fills in ``REPOSITORY`` and ``REVISION``."""

    has_content = True

    def run(self) -> list[nodes.Node]:
        """Return the content, or nothing."""
        address, revision = self.config.book_repository
        if not address:
            return []
        lines = [
            line.replace("REPOSITORY", address).replace("REVISION", revision)
            for line in self.content
        ]
        inside = nodes.Element()
        self.state.nested_parse(StringList(lines, self.get_source_info()[0]), 0, inside)
        return inside.children


def group(context: dict[str, Any], label: str) -> list[dict[str, Any]]:
    """Return the buttons of one menu in the header of a page."""
    menus = (b["buttons"] for b in context["header_buttons"] if b.get("label") == label)
    return next(menus, [])


def offer(
    app: Sphinx, page: str, _template: str, context: dict[str, Any], _doctree: object
) -> None:
    """Add the text file of a chapter to its downloads, and say what Colab needs."""
    for button in group(context, "launch-buttons"):
        if button["text"] == "Colab":
            button["tooltip"] = COLAB_TOOLTIP
    text = Path(app.srcdir, page).with_suffix(".md")
    if context.get("page_source_suffix") != ".ipynb" or not text.is_file():
        return
    target = Path(app.outdir, "_sources", f"{page}.md")
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(text, target)
    buttons = group(context, "download-buttons")
    notebook = next(b for b in buttons if b["text"] == ".ipynb")
    notebook["tooltip"] = "Download the notebook"
    changes = {"url": notebook["url"].removesuffix(".ipynb") + ".md", "text": ".md"}
    changes |= {"tooltip": "Download the text file", "label": "download-text-button"}
    buttons.insert(buttons.index(notebook) + 1, notebook | changes)


def mend(
    _app: Sphinx, _page: str, _template: str, context: dict[str, Any], _doctree: object
) -> None:
    """Take out of a page what misleads a screen reader, and let keys reach what may scroll.

    The corner of a table is no header of anything. A bibliography is marked as a list whose
    children are no items, with a role that browsers have given up. A wide formula scrolls.
    """
    body = re.sub(r"<th\b([^>]*)></th>", r"<td\1></td>", context.get("body", ""))
    for role in (' role="doc-biblioentry"', ' role="list"'):
        body = body.replace(f"<div{role}", "<div").replace(f"{role}>", ">")
    context["body"] = body.replace('<div class="math', '<div tabindex="0" class="math')


def setup(app: Sphinx) -> dict[str, object]:
    """Register all of it."""
    # a new address is written into every page, also into those that are not edited
    app.add_config_value("book_repository", ("", ""), "env", (tuple, list))
    app.add_directive("published", Published)
    app.connect("config-inited", configure)
    # after the theme, which fills the menus at 501
    app.connect("html-page-context", offer, priority=502)
    app.connect("html-page-context", mend)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
