"""Tests of tools/explorer.py; what its scripts do is tested in a browser, in tests/pages."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="module")
def explorer():
    spec = importlib.util.spec_from_file_location("explorer", ROOT / "tools" / "explorer.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_scripts_are_joined_once_each_after_what_they_need(explorer, tmp_path):
    """What two scripts import comes first and once, without imports and exports."""
    shared = 'export const one = 1;\nexport function f() {\n  return "export ";\n}\n'
    (tmp_path / "shared.js").write_text(shared)
    for name in "ab":
        text = f'import {{\n  one,\n}} from "./shared.js";\nexport const {name} = one;\n'
        (tmp_path / f"{name}.js").write_text(text)
    joined = explorer.bundle("a.js", "b.js", folder=tmp_path)
    lines = ["const one = 1;", "function f() {", '  return "export ";', "}", ""]
    assert joined.split("\n") == [*lines, "const a = one;", "", "const b = one;"]


def test_nothing_that_a_page_is_told_ends_a_script(explorer):
    """A text that looks like the end of a script stays inside it."""
    page = explorer.filled(ROOT / "book" / "_explorer", {"film": "</script><b>"})
    assert page.count("</script>") == 3
    assert r'"<\/script><b>"' in page


def test_scripts_say_nothing_twice(explorer):
    """Joined scripts declare no name of their own twice, which a browser would refuse."""
    kinds = r"^(?:const|let|class|(?:async )?function\*?) (\w+)"
    for name in ("worker.js", "page.js"):
        names = re.findall(kinds, explorer.bundle(name), re.MULTILINE)
        assert len(names) == len(set(names)) > 10
