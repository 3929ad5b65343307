"""The script behind make: it runs what it lists, with its settings, and stops at what fails."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import make
import pytest

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture
def ran(monkeypatch):
    """Commands that a target would run, in an environment that is in place."""
    commands = []

    def run(command, **_):
        commands.append([Path(command[0]).stem, *command[1:]])
        return subprocess.CompletedProcess(command, 3 if "--nbval" in command else 0)

    monkeypatch.setattr(make, "is_installed", lambda: True)
    monkeypatch.setattr(make.shutil, "which", lambda name, path: f"{path}/{name}")
    monkeypatch.setattr(make.subprocess, "run", run)
    for name in ("CHAPTERS", "MODULES", "SEED", "N", "UPGRADE", "CHAPTER", "SET", "DRY_RUN"):
        monkeypatch.delenv(name, raising=False)
    return commands


def test_make_has_the_same_targets():
    """What make takes is what the script knows."""
    listed = re.search(r"^TARGETS := (.*)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert listed.group(1).split() == ["help", *make.TARGETS]


@pytest.mark.parametrize("inherited", [True, False])
def test_settings_reach_the_program(inherited, ran, monkeypatch):
    """A setting counts after the name, and from the environment, where make puts it."""
    if inherited:
        monkeypatch.setenv("CHAPTERS", "heating audit")
    make.main(["execute"] if inherited else ["execute", "CHAPTERS=heating audit"])
    assert ran == [["python", "tools/execute.py", "heating", "audit"]]


@pytest.mark.parametrize(
    ("arguments", "commands"),
    [
        (["try"], ["python tools/try_chapter.py"]),
        (
            ["try", "CHAPTER=microscopy", "SET=film='c-ALD 4' seed=2"],
            ["python tools/try_chapter.py microscopy film=c-ALD 4 seed=2"],
        ),
        (["remake", "DRY_RUN=1"], ["python -m tptools.companion.make --outdated --dry-run"]),
        (
            ["remake"],
            [
                "python -m tptools.companion.make --outdated --folder data --register",
                "python tools/execute.py",
            ],
        ),
    ],
)
def test_trials_and_remakes_are_started(arguments, commands, ran):
    """A value with a space stays one word, and a dry run starts no chapter."""
    make.main(arguments)
    assert [" ".join(command) for command in ran] == commands


def test_what_fails_ends_it(ran):
    """The status is that of the first command that fails, and nothing runs after it."""
    with pytest.raises(SystemExit) as stopped:
        make.main(["test", "book"])
    assert stopped.value.code == 3
    assert ran[0] == ["ruff", "check", "."]
    assert ran[-1][:1] == ["pytest"]


def test_unknown_targets_are_refused(ran):
    """A name that is no target ends it before anything runs, with the list of those there are."""
    with pytest.raises(SystemExit, match=r"no target is named bok; there are: help, setup, book"):
        make.main(["book", "bok"])
    assert ran == []


@pytest.fixture
def installed(monkeypatch, tmp_path):
    """An empty place for an environment, and the packages that each pip is asked for there."""
    asked = []

    class Pip:
        def __init__(self, command):
            assert "--require-hashes" in command
            self.packages = Path(command[-1]).read_text(encoding="utf-8")
            asked.append(self.packages)

        def wait(self):
            return int("broken" in self.packages)

    monkeypatch.setattr(make, "VENV", tmp_path)
    monkeypatch.setattr(make, "INSTALLED", tmp_path / "installed")
    monkeypatch.setattr(make.venv, "create", lambda path, **_: (path / "made").mkdir())
    monkeypatch.setattr(make.subprocess, "Popen", Pip)
    return asked


def test_environment_is_made_when_the_lock_is_newer(installed, tmp_path):
    """Set-up makes the environment anew after a change of the lock, and once, ready to start."""
    for name, code in {"a.py": "1", "no_python.py": "1 +", "tests/test_a.py": "1"}.items():
        path = tmp_path / "site-packages" / "a" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(code)
    assert [command[-1] for command in make.setup()] == ["."]
    assert (tmp_path / "made").exists()
    lock = (ROOT / "requirements.txt").read_text()
    asked = "\n".join(installed)
    for locked in (r"^\S+==\S+", r"--hash=\S+", r"; \w+ == '\w+'"):
        found = [sorted(re.findall(locked, text, re.MULTILINE)) for text in (lock, asked)]
        assert len(found[0]) > 0
        assert found[0] == found[1]
    assert [path.name.partition(".")[0] for path in tmp_path.rglob("*.pyc")] == ["a"]
    assert list(make.setup()) == []


def test_a_package_that_cannot_be_had_ends_the_set_up(installed):
    """If one of the installers fails, nothing passes for an environment."""
    with pytest.raises(SystemExit, match=r"Not all packages"):
        make.install("fine==1 \\\n    --hash=sha256:0\nbroken==1 \\\n    --hash=sha256:1\n")
    assert not make.INSTALLED.exists()


def test_targets_explain_themselves(capsys):
    """Without a name all targets are listed, each with what it does."""
    make.main([])
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[1] for line in lines] == ["help", *make.TARGETS]
    assert all(len(line.split()) > 3 for line in lines)
