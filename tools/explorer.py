"""Extension of the book with its engine in it: a page in which readers run the hopping model.

The kernels are those of `tptools.kmc.engine`, compiled anew for every build (`webassembly`). All
that the page needs is written into it, since a page that is opened from a folder may load nothing:
the module in base64, the scripts of ``book/_explorer``, and films, lasers and curves of
`tptools.companion.explorer`. The directive ``{explorer}`` says where.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import asdict
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

if TYPE_CHECKING:
    from webassembly import Module

SCRIPTS = Path(__file__).resolve().parent.parent / "book" / "_explorer"
IMPORT = re.compile(r'^import \{[^}]*\} from "\./([\w-]+\.js)";\n', re.MULTILINE)
MODULE = "the module"
"""What stands for it until it is compiled."""
EXPORT = re.compile(r"^export ", re.MULTILINE)


def bundle(*names: str, folder: Path = SCRIPTS) -> str:
    """Join scripts and all that they import into one, each after what it needs.

    Parameters
    ----------
    *names : str
        Files of the folder.
    folder : Path, optional
        Where the scripts are, which import each other by name.

    Returns
    -------
    str
        A script without imports and exports.
    """
    joined: dict[str, str] = {}

    def add(name: str) -> None:
        if name not in joined:
            code = (folder / name).read_text(encoding="utf-8")
            for needed in IMPORT.findall(code):
                add(needed)
            joined[name] = EXPORT.sub("", IMPORT.sub("", code)).strip()

    for name in names:
        add(name)
    return "\n\n".join(joined.values())


def filled(scripts: Path, told: Mapping[str, Any]) -> str:
    """Put the page together: its elements and styles, what it is told, its scripts.

    Parameters
    ----------
    scripts : Path
        Folder of elements, styles and scripts.
    told : mapping
        For the page, of what JSON can hold.
    """
    # what would end a script early is written another way
    said = json.dumps(told).replace("</", r"<\/")
    elements, styles = (
        (scripts / f"explorer.{kind}").read_text(encoding="utf-8") for kind in ("html", "css")
    )
    return f"""<style>
{styles}</style>
{elements}<script type="application/json" id="explorer-settings">{said}</script>
<script type="text/plain" id="explorer-worker">
{bundle("worker.js", folder=scripts)}
</script>
<script type="module">
{bundle("page.js", folder=scripts)}
</script>"""


@cache
def compiling() -> Future[Module]:
    """Start to compile the engine, once, while pages are read."""
    from webassembly import compile_engine  # which a book without the directive does without

    return ThreadPoolExecutor(1).submit(compile_engine)


class Explorer(SphinxDirective):
    """Directive for the place where readers run the model."""

    def run(self) -> list[nodes.Node]:
        """Return all of it but the engine, which is still being compiled."""
        from tptools.companion import datasets
        from tptools.companion.explorer import settings
        from tptools.companion.figures.memory import EXCITON, GROUND, MODIFIED

        compiling()
        told = settings(datasets.load("explorer_curves"))
        told["colours"] = {"at_rest": GROUND, "remembers": MODIFIED, "exciton": EXCITON}
        told["module"] = MODULE
        return [nodes.raw("", filled(SCRIPTS, told), format="html")]


def add_module(
    _app: Sphinx, _page: str, _template: str, context: dict[str, Any], _doctree: object
) -> None:
    """Write the engine into the page that is to have it."""
    place, body = json.dumps(MODULE), context.get("body", "")
    if place in body:
        context["body"] = body.replace(place, json.dumps(asdict(compiling().result())))


def setup(app: Sphinx) -> dict[str, object]:
    """Register it."""
    app.add_directive("explorer", Explorer)
    app.connect("html-page-context", add_module)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
