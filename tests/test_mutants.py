"""The tools that put faults into the package: on a toy, whose faults are known one by one."""

from __future__ import annotations

import ast
import dataclasses
import json
import os
import subprocess
import sys
from pathlib import Path

import mutants
import pytest
from mutations import mutations

TOOLS = Path(__file__).resolve().parent.parent / "tools"
TOY = {
    "pyproject.toml": '[tool.pytest]\naddopts = ["--doctest-modules"]\n',
    "tptools/__init__.py": "from tptools.toy import total\n",
    "tptools/toy.py": '''"""A toy.

>>> total(1)
1
"""


def total(count):
    done = number = 0
    while number < count:
        number += 1
        done += number
    return done


def unseen(number):
    return number > 2


KINDS = ["kind"]
''',
    "tptools/beside.py": "from tptools.toy import unseen\n",
    "tests/test_toy.py": """
import pytest
from tptools.toy import KINDS, total


def test_total():
    assert total(3) == 6


@pytest.mark.parametrize("kind", KINDS)
def test_kind(kind):
    assert kind
""",
    "tests/conftest.py": "",
    "tests/test_rest.py": "from tptools.beside import unseen\n",
    "tests/test_broken.py": """
from tptools.toy import total


def test_broken():
    assert not total
""",
}
START = """
import sys
from pathlib import Path
import mutants
mutants.LOADED, mutants.LEAST_PATIENCE_S = ("mutants", *mutants.PLUGINS), 2
sys.exit(mutants.main(sys.argv[1:], Path.cwd()))
"""
SURVIVORS = """\
tptools/toy.py:9
- done = number = 0
+ done = number = 1
tptools/toy.py:17
- return number > 2
+ return (number >= 2)
tptools/toy.py:17
- return number > 2
+ return number > 3
tptools/toy.py:20
- KINDS = ["kind"]
+ KINDS = ['XXkindXX']
"""
READ_BY_PEOPLE = '''"""Module 1 > 0."""
from typing import TYPE_CHECKING, Literal
if TYPE_CHECKING:
    EXTRA = 1
Kind = Literal["a", "b"]
__all__ = ["name"]
def name(kind: "Kind" = None, *others: 1) -> "Kind":
    """Docstring of 2 * 2."""
    note = f"{kind + 1}"
    prose = "more than two words"
    raise ValueError("never" + note)
'''


def faults(source):
    """Lines that the faults of a source put in place of others."""
    return [one.diff.split("\n+ ")[-1] for one in mutations(source)]


@pytest.mark.parametrize(
    ("line", "faulty"),
    [
        ("a = b - c", ["a = (b + c)"]),
        ("a = b ** c", ["a = (b * c)"]),
        ("a += b", ["a -= b"]),
        ("a = b < c <= d", ["a = (b <= c <= d)", "a = (b < c < d)"]),
        ("a = not b or c", ["a = (not b and c)", "a = b or c"]),
        ("a = -0.5", ["a = 0.5", "a = -1.5"]),
        ("a = True, 1e300", ["a = False, 1e300", "a = True, 1.5e+300"]),
        ("a = 'Å' + min(b)", ["a = ('Å' - min(b))", "a = 'XXÅXX' + min(b)", "a = 'Å' + max(b)"]),
        ("check(b)", ["pass"]),
        ("a = 4, 101", ["a = 6, 101", "a = 4, 151"]),
        ("a = {**b, 'long_name': 'c'}", ["a = {**b, 'XXlong_nameXX': 'c'}"]),
        ("for a in b: break", ["for a in b: continue"]),
        ("a = generator(b, 'c').poisson(1)", ["a = generator(b, 'c').poisson(2)"]),
        ("a = b(seed=1, n_draws=9, n=1)", ["a = b(seed=1, n_draws=9, n=2)"]),
        ("a = b(seed=-c)", ["a = b(seed=c)"]),
        (
            "def f(a, b=1, *, seed=0, n=2): c",
            ["def f(a, b=2, *, seed=0, n=2): c", "def f(a, b=1, *, seed=0, n=3): c"],
        ),
        ("def f(n_draws=9): c", []),
    ],
)
def test_faults_of_a_line(line, faulty):
    """Every operator, constant and call for its effect fails in its own way, at its own place."""
    assert sorted(faults(f"{line}\n")) == sorted(faulty)


def test_what_people_read_stays():
    """Docstrings, messages, prose, types and lists of names have no faults."""
    assert faults(READ_BY_PEOPLE) == []


def test_faults_are_single():
    """In a real source every fault differs from it in one statement's lines, and compiles."""
    source = (TOOLS / "mutations.py").read_text()
    found = mutations(source)
    assert len({one.source for one in found}) == len(found) > 40
    whole = source.splitlines()
    for one in found:
        changed = one.source.splitlines()
        assert changed[: one.first_line - 1] == whole[: one.first_line - 1]
        after = len(whole) - one.last_line
        assert changed[len(changed) - after :] == whole[one.last_line :]
        ast.parse(one.source)


def test_a_change_leaves_the_rest_of_a_sample():
    """Faults of the other lines are those drawn before, but for what the new line takes."""
    source = "\n".join(f"a = {k} + b" for k in range(40))
    before, after = (
        {one.diff for one in mutants.sample(text, "a", 1, 9)}
        for text in (source, f"c = 5\n{source}")
    )
    assert len(before) == 9
    assert len(before & after) >= 8


def test_changes_that_are_no_faults_are_not_drawn():
    """Each stands in the list with its file, its lines and a reason."""
    found = mutants.judged("a.py\n- a = 1\n+ a = 2\na start\n\na.py\n- a = b\n- + c\n+ d\nsize\n")
    assert found == {"a.py": {"- a = 1\n+ a = 2", "- a = b\n- + c\n+ d"}}
    one, other = mutants.sample("a = 1 + b", "a", 1, 9)
    assert mutants.sample("a = 1 + b", "a", 1, 9, {one.diff}) == [other]


def test_changes_that_are_no_faults_could_be_made(monkeypatch):
    """Each is one that would be drawn without the list, and compiles as all that are do."""
    listed = mutants.judged((TOOLS / "no_faults.txt").read_text(encoding="utf-8"))
    monkeypatch.setitem(mutations.__globals__, "_compiles", bool)  # of thousands: takes long
    for path, changes in listed.items():
        found = {
            one.diff: one.source for one in mutations((TOOLS.parent / path).read_text("utf-8"))
        }
        for change in changes:
            compile(found[change], path, "exec")


def test_sample_is_drawn_by_seed():
    """One seed gives one sample, another seed another one, and never a fault twice."""
    source = (TOOLS / "panels.py").read_text()
    one, again, other = (mutants.sample(source, "a", seed, 9) for seed in (1, 1, 2))
    assert one == again != other
    assert len({fault.source for fault in one}) == 9
    assert len(mutants.sample(source, "a", 1, 10**6)) == len(mutations(source))


@pytest.fixture(scope="module")
def toy(tmp_path_factory):
    """Give the folder of the toy."""
    folder = tmp_path_factory.mktemp("toy")
    for name, text in TOY.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text)
    return folder


def start(folder, *arguments):
    """Try the faults of a toy in a process of its own."""
    env = os.environ | {"PYTHONPATH": str(TOOLS)}
    command = [sys.executable, "-W", "error", "-c", START, *arguments]
    return subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, timeout=300)


def test_tests_of_a_module_are_found(toy):
    """Its own file with its doctests, then what imports it; without one, also at second hand."""
    imports = mutants.Imports(toy)
    own, other = ["tptools/toy.py", "tests/test_toy.py"], ["tests/test_broken.py"]
    found = mutants.stages(toy, imports, "tptools.toy")
    assert [[*map(str, stage)] for stage in found] == [own, other]
    found = mutants.stages(toy, imports, "tptools.toy", near=True)
    assert [[*map(str, stage)] for stage in found] == [own]
    renamed = (toy / "tests" / "test_toy.py").rename(toy / "tests" / "test_total.py")
    found = mutants.stages(toy, imports, "tptools.toy")
    renamed.rename(toy / "tests" / "test_toy.py")
    tests = {path.name for stage in found for path in stage}
    assert tests == {"toy.py", "test_broken.py", "test_rest.py", "test_total.py"}


def test_the_nearest_tests_are_some_of_all():
    """What is noticed by the nearest alone is noticed in a whole run, for every module."""
    root = TOOLS.parent
    imports = mutants.Imports(root)
    for module in imports.paths.keys() - {"tptools"}:
        near, whole = (
            {path for stage in mutants.stages(root, imports, module, near=one) for path in stage}
            for one in (True, False)
        )
        assert near <= whole


def test_names_alone_make_no_tests_of_a_module(tmp_path):
    """A file of its name that imports it nowhere is none; a program has those of what it starts."""
    texts = {
        "tptools/__init__.py": "",
        "tptools/io/__init__.py": "from tptools.io.scan import read\n",
        "tptools/io/scan.py": "from tptools.io.text import parse\n\ndef read():\n    parse()\n",
        "tptools/io/text.py": "def parse():\n    pass\n",
        "tptools/io/__main__.py": "from tptools.io.scan import read\n\nread()\n",
        "tests/io/test_text.py": "import text\n",
        "tests/io/test_formats.py": "from tptools import io\n",
        "tests/test_rest.py": "import io\n",
    }
    for name, text in texts.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    imports = mutants.Imports(tmp_path)
    for module in ("io.text", "io.scan", "io.__main__"):
        found = mutants.stages(tmp_path, imports, f"tptools.{module}", near=True)
        own = f"tptools/{module.replace('.', '/')}.py"
        assert [[*map(str, stage)] for stage in found] == [[own, "tests/io/test_formats.py"]]


def test_survivors_are_listed(toy):
    """What a test, a doctest or the time notices dies; the rest is listed, and fails the bar.

    A test that fails without any fault notices none, nor does one whose name alone is another.
    The tree stays as it is.
    """
    found = start(toy, "--number", "20", "toy")
    assert found.stderr == "fail without a fault: tests/test_broken.py::test_broken\n"
    assert found.stdout == (
        f"{SURVIVORS}tptools.toy: 4 of 8, 50% (22% to 78%)\nall: 4 of 8, 50% (22% to 78%)\n"
    )
    assert found.returncode == 1
    assert {name: (toy / name).read_text() for name in TOY} == TOY
    assert '"by": "time"' in (toy / "_build" / "mutants" / "found.jsonl").read_text()


def test_what_is_known_is_not_tried_again(toy):
    """A second run tries nothing; with better tests, those that survived, until all are noticed."""
    kept = toy / "_build" / "mutants" / "found.jsonl"
    if not kept.is_file():  # the test above may run in another process
        start(toy, "--number", "20", "toy")
    before = kept.read_text()
    with (toy / "tests" / "test_toy.py").open("a") as tests:
        tests.write("    from tptools.toy import unseen\n")
        tests.write("    assert (total(0), unseen(2), unseen(3)) == (0, False, True)\n")
        tests.write("    assert KINDS == ['kind']\n")
    found = start(toy, "--number", "20", "toy")
    assert found.stdout.startswith("tptools.toy: 8 of 8, 100% (68% to 100%)\n")
    assert found.returncode == 0
    added = kept.read_text().removeprefix(before)
    assert added.count('"by": "tests/test_toy.py::test_kind[') == added.count("\n") == 4
    again = start(toy, "--number", "20", "toy")
    assert (again.stdout, again.stderr) == (found.stdout, "")
    assert kept.read_text() == before + added


def test_what_tests_do_is_kept(tmp_path):
    """What was measured is read again as long as neither tests nor package have changed."""
    for name, text in TOY.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    tests = Path("tests/test_toy.py")
    kept = mutants.Kept(tmp_path / "found.jsonl")
    trials = mutants.Trials(tmp_path, mutants.Imports(tmp_path), None, kept)
    measured = trials.file_of(tests)
    found = {"spent_s": 1.0, "failed": [], "seconds": {"test_total": 2.0}, "lines": {}}
    measured.write_text(json.dumps(found))
    assert trials.suite([tests]).seconds == {"test_total": 2.0}
    for name in ("tptools/beside.py", "tests/test_toy.py"):
        with (tmp_path / name).open("a") as source:
            source.write("number = 1\n")
        assert trials.file_of(tests) != measured
        (tmp_path / name).write_text(TOY[name])
        assert trials.file_of(tests) == measured


def test_nearest_tests_enter_the_function():
    """Of a fault in a function, only these run, or what starts processes.

    Elsewhere, where it is compiled or unseen, all do.
    """
    seconds = {"slow": 2.0, "quick": 1.0, "other": 0.5, "process": 3.0}
    lines = {"a.py": {"1": [""], "2": ["slow", "quick"], "3": ["slow"], "6": ["", "other"]}}
    found = [{"spent_s": 1.0, "failed": [], "seconds": seconds, "lines": lines}]
    source = "def total(a):\n    b = a - 1\n    return b\n\n\nNUMBER = 1 - 1\n"
    middle, *_ = [one for one in mutations(source) if one.first_line == 2]
    outside, *_ = [one for one in mutations(source) if one.first_line == 6]
    near, far = (mutants.Suite([Path("test_a.py")], found, near=near) for near in (True, False))
    assert near.of(Path("a.py"), middle) == ["quick", "slow", "process"]
    assert far.of(Path("a.py"), middle) == ["quick", "slow", "other", "process"]
    every = ["other", "quick", "slow", "process"]
    assert near.of(Path("a.py"), outside) == near.of(Path("unseen.py"), middle) == every
    compiled = dataclasses.replace(middle, source=f"{middle.source}# compiled\n")
    assert "other" in near.of(Path("a.py"), compiled)
