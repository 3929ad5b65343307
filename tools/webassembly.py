"""Compile the kernels of the hopping model to WebAssembly: numba's code for them, LLVM's back end.

The functions of `tptools.kmc.engine` that a page calls are compiled in a process of its own, whose
numba optimises nothing and for no processor in particular, so that structures are still laid out by
their types and not by this machine. What it would hand to LLVM goes to LLVM's target wasm32.
"""

from __future__ import annotations

import base64
import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import llvmlite.binding as llvm  # type: ignore[import-untyped]
import numba

from tptools.kmc import ExcitonModel, PulseTrain, Recording, engine
from tptools.kmc.records import allocate
from tptools.kmc.simulate import _fresh, _rules, _spot

TRIPLE = "wasm32-unknown-unknown"
# what browsers have had since 2021
FEATURES = "+bulk-memory,+sign-ext,+nontrapping-fptoint,+mutable-globals"
CALLED = ("create_excitons", "evolve")
"""What a page calls beside ``run_pulses``, which calls them itself."""
EXPORTS, LINKING = 7, "linking"
CUSTOM_SECTION = 0
# of the convention for linkers, https://github.com/WebAssembly/tool-conventions
SYMBOL_TABLE = 8
FUNCTION, DATA, A_SECTION = 0, 1, 3
UNDEFINED, EXPLICIT_NAME = 0x10, 0x40

Layout = list[list[Any]]


@dataclass(frozen=True)
class Module:
    """A module, and how its functions take their arguments.

    Parameters
    ----------
    code : str
        The module, in base64.
    functions : dict of str to list
        Name and type of each argument, in order; a type is that of a number, such as ``"int64"``,
        ``"array"``, or the name of a structure.
    structures : dict of str to list
        The same of the fields of each structure.
    """

    code: str
    functions: dict[str, Layout]
    structures: dict[str, Layout]


def compile_engine() -> Module:
    """Compile the present engine in a process of its own."""
    with tempfile.TemporaryDirectory() as cache:
        settings = {
            "NUMBA_OPT": "0",
            "NUMBA_LOOP_VECTORIZE": "0",
            "NUMBA_CPU_NAME": "generic",
            "NUMBA_CPU_FEATURES": "",
            "NUMBA_DISABLE_JIT": "0",
            # machine code of this kind is for nobody else
            "NUMBA_CACHE_DIR": cache,
        }
        run = subprocess.run(
            [sys.executable, __file__],
            env=os.environ | settings,
            capture_output=True,
            text=True,
            check=False,
        )
    if run.returncode:
        raise RuntimeError(f"the engine does not compile to WebAssembly:\n{run.stderr}")
    return Module(**json.loads(run.stdout))


def _here() -> Module:
    """Compile the engine in this process, which must have been told how."""
    model, pulses = ExcitonModel(lattice_size=257), PulseTrain(0.08, 0.4)
    rules, spot = _rules(model, pulses), _spot(model, pulses)
    state, record = _fresh(model, [(rules, spot)], 0, 0), allocate(model, Recording())
    sample = (rules, spot, state, record, True, 1, engine.NEVER)
    compiled_before: Any = engine.run_pulses
    # nothing of it is called by Python, and nothing in it makes an array
    within = numba.njit(no_cpython_wrapper=True, no_cfunc_wrapper=True, _nrt=False)
    kernel = within(compiled_before.py_func)
    kernel.compile(tuple(map(numba.typeof, sample)))
    (signature,) = kernel.signatures
    compiled = {"run_pulses": kernel.overloads[signature]}
    for name in CALLED:
        (compiled[name],) = getattr(engine, name).overloads.values()
    names = {name: one.fndesc.llvm_func_name for name, one in compiled.items()}
    structures: dict[str, Layout] = {}
    functions = {
        name: _layout(one.fndesc.args, one.signature.args, structures)
        for name, one in compiled.items()
    }
    code = translate(kernel.inspect_llvm(signature), names)
    return Module(base64.b64encode(code).decode(), functions, structures)


def _layout(names: Iterable[str], kinds: Iterable[Any], structures: dict[str, Layout]) -> Layout:
    """Name and type of each argument or field; structures are added to those that are known."""
    layout: Layout = []
    for name, kind in zip(names, kinds, strict=True):
        if isinstance(kind, numba.types.BaseNamedTuple):
            layout.append([name, kind.instance_class.__name__])
            structures[layout[-1][1]] = _layout(kind.fields, kind.types, structures)
        elif isinstance(kind, numba.types.Array):
            layout.append([name, f"{kind.dtype}[{kind.ndim}]"])
        else:
            layout.append([name, str(kind)])
    return layout


def translate(code: str, names: Mapping[str, str]) -> bytes:
    """Turn LLVM code for this machine into a module.

    Parameters
    ----------
    code : str
        As of ``inspect_llvm``.
    names : mapping of str to str
        Functions that the module exports, under the new name, and their present one.

    Returns
    -------
    bytes
        It imports its memory, a pointer to the stack, and functions of the C library.
    """
    llvm.initialize_all_targets()
    llvm.initialize_all_asmprinters()
    machine = llvm.Target.from_triple(TRIPLE).create_target_machine(opt=3, features=FEATURES)
    code = re.sub(r'target datalayout = ".*"', f'target datalayout = "{machine.target_data}"', code)
    code = re.sub(r'target triple = ".*"', f'target triple = "{TRIPLE}"', code)
    module = llvm.parse_assembly(re.sub(r'"target-(cpu|features)"="[^"]*"', "", code))
    for one in (*module.functions, *module.global_variables):
        if not one.is_declaration:
            one.linkage = "external" if one.name in names.values() else "internal"
    for one in names.values():
        # one copy is enough of what others call too
        module.get_function(one).add_function_attribute("noinline")
    tuning = llvm.create_pipeline_tuning_options(speed_level=3)
    tuning.loop_vectorization = tuning.slp_vectorization = False
    builder = llvm.create_pass_builder(machine, tuning)
    builder.getModulePassManager().run(module, builder)
    return export(machine.emit_object(module), names)


def export(module: bytes, names: Mapping[str, str]) -> bytes:
    """Let a module that is yet to be linked, and needs no other, export functions.

    Its list of symbols says where functions are; what only a linker needs is left out.
    """
    sections = list(_sections(module))
    linking = next(content for kind, content in sections if _named(kind, content, LINKING))
    indices = dict(_functions(linking))
    entries = [_text(new) + b"\0" + _number(indices[old]) for new, old in names.items()]
    section = EXPORTS, _number(len(entries)) + b"".join(entries)
    kept = [(kind, content) for kind, content in sections if kind != CUSTOM_SECTION]
    # sections stand in the order of their kinds up to here
    ordered = sorted([*kept, section], key=lambda one: min(one[0], EXPORTS + 1))
    return module[:8] + b"".join(bytes([k]) + _number(len(c)) + c for k, c in ordered)


def _sections(module: bytes) -> Iterator[tuple[int, bytes]]:
    """Kind and content of each section."""
    place = 8
    while place < len(module):
        kind = module[place]
        size, start = _read(module, place + 1)
        place = start + size
        yield kind, module[start:place]


def _named(kind: int, content: bytes, name: str) -> bool:
    """Whether it is the custom section of this name."""
    return kind == CUSTOM_SECTION and content.startswith(_text(name))


def _functions(linking: bytes) -> Iterator[tuple[str, int]]:
    """Name and index of each function that the module defines, from its section for linkers."""
    _, place = _read(linking, len(_text(LINKING)))
    while linking[place] != SYMBOL_TABLE:
        size, start = _read(linking, place + 1)
        place = start + size
    _, place = _read(linking, place + 1)
    n_symbols, place = _read(linking, place)
    for _ in range(n_symbols):
        kind = linking[place]
        flags, place = _read(linking, place + 1)
        defined, name = not flags & UNDEFINED, ""
        index = -1
        if kind != DATA:
            index, place = _read(linking, place)
        if kind != A_SECTION and (kind == DATA or defined or flags & EXPLICIT_NAME):
            size, start = _read(linking, place)
            place = start + size
            name = linking[start:place].decode()
        for _ in range(3 if kind == DATA and defined else 0):  # segment, offset and size
            _, place = _read(linking, place)
        if kind == FUNCTION and defined:
            yield name, index


def _read(data: bytes, place: int) -> tuple[int, int]:
    """Number at a place, seven bits a byte and the lowest first, and the place after it."""
    number = shift = 0
    while True:
        byte = data[place]
        number |= (byte & 0x7F) << shift
        place, shift = place + 1, shift + 7
        if byte < 0x80:
            return number, place


def _number(number: int) -> bytes:
    """Write a number as `_read` reads it."""
    low, high = number & 0x7F, number >> 7
    return bytes([low | 0x80]) + _number(high) if high else bytes([low])


def _text(text: str) -> bytes:
    """Write a name with its length."""
    return _number(len(text)) + text.encode()


if __name__ == "__main__":
    print(json.dumps(asdict(_here())))
