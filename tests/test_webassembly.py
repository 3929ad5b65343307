"""Tests of tools/webassembly.py; what the whole engine does in a browser is in tests/pages."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import numba
import pytest

ROOT = Path(__file__).resolve().parent.parent


def load_tool():
    """Import the script."""
    spec = importlib.util.spec_from_file_location("webassembly", ROOT / "tools" / "webassembly.py")
    module = importlib.util.module_from_spec(spec)
    with pytest.MonkeyPatch.context() as patch:
        # where its dataclasses look for their annotations
        patch.setitem(sys.modules, "webassembly", module)
        spec.loader.exec_module(module)
    return module


webassembly = load_tool()


@pytest.mark.parametrize("number", [0, 1, 127, 128, 300, 2**32])
def test_numbers_come_back(number):
    """What is written as a number of seven bits a byte is read as the same, up to its end."""
    written = b"before" + webassembly._number(number)
    assert webassembly._read(written + b"\xff", 6) == (number, len(written))


@pytest.fixture(scope="module")
def module():
    """Return a module of one function that calls another one, and what its sections hold."""

    @numba.njit(no_cpython_wrapper=True, no_cfunc_wrapper=True, _nrt=False)
    def half(x):
        return x / 2

    @numba.njit(no_cpython_wrapper=True, no_cfunc_wrapper=True, _nrt=False)
    def power(x):
        return half(x) ** x

    power.compile("float64(float64)")
    (overload,) = power.overloads.values()
    code = power.inspect_llvm(power.signatures[0])
    return webassembly.translate(code, {"power": overload.fndesc.llvm_func_name})


def test_module_exports_what_it_is_told_to(module):
    """The module has the mark of WebAssembly, one export, and no section for linkers."""
    sections = dict(webassembly._sections(module))
    assert module.startswith(b"\0asm\1\0\0\0")
    assert sections[webassembly.EXPORTS].startswith(b"\1\5power\0")
    assert webassembly.CUSTOM_SECTION not in sections
    assert list(sections) == sorted(sections)


def test_module_asks_for_the_c_library_only(module):
    """It imports memory, stack and the power function, and nothing of Python or numba."""
    imports = dict(webassembly._sections(module))[2]
    assert b"pow" in imports
    assert not any(word in imports for word in (b"Py", b"numba", b"NRT"))
