"""The frame: lock, metadata, commands."""

from __future__ import annotations

import io
import json
import re
import subprocess
import sys
import tarfile
import tomllib
from hashlib import sha256
from pathlib import Path

import pytest
import yaml

import tptools

ROOT = Path(__file__).resolve().parent.parent
PIN = re.compile(r"^([A-Za-z0-9_.-]+)==\S+", re.MULTILINE)


def canonical(name: str) -> str:
    """Return a package name as pip compares it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def requested() -> set[str]:
    """Return the packages that requirements.in asks for."""
    lines = (ROOT / "requirements.in").read_text().splitlines()
    wanted = (line.partition("#")[0].strip() for line in lines)
    return {canonical(re.split(r"[<>=!~ ]", line)[0]) for line in wanted if line}


def locked() -> set[str]:
    """Return the packages that requirements.txt pins."""
    return {canonical(name) for name in PIN.findall((ROOT / "requirements.txt").read_text())}


def unhashed(lock: str) -> list[str]:
    """List the pins of `lock` that no hash follows."""
    blocks = re.split(r"^(?=\S)", lock, flags=re.MULTILINE)
    return [b.split()[0] for b in blocks if PIN.match(b) and "--hash=sha256:" not in b]


def test_lock_is_hashed():
    """Every pinned package has a hash, and the check notices one without."""
    assert unhashed((ROOT / "requirements.txt").read_text()) == []
    assert unhashed("a==1 \\\n    --hash=sha256:0\nb==2\n    # via a\n") == ["b==2"]


def test_lock_is_complete():
    """Everything that is asked for is pinned, with what the package and its building need."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    assert requested() <= locked()
    assert {canonical(name) for name in project["project"]["dependencies"]} <= requested()
    building = [re.split(r"[<>=~! ]", one)[0] for one in project["build-system"]["requires"]]
    assert {canonical(name) for name in building} <= locked()


def test_lock_names_no_host():
    """The lock works with any index: it holds no address and no path."""
    assert not re.search(r"://|--index|--find-links|file:", (ROOT / "requirements.txt").read_text())


def test_citation():
    """CITATION.cff cites the present version of the companion, and the paper."""
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    assert {"cff-version", "message", "title", "authors"} <= citation.keys()
    assert citation["version"] == tptools.__version__
    assert citation["type"] == "software"
    (paper,) = citation["references"]
    assert {"type", "title", "authors", "journal", "year"} <= paper.keys()
    assert paper["doi"] == "10.1126/sciadv.adj2630"
    assert all({"family-names", "given-names"} <= author.keys() for author in paper["authors"])


def bibliography() -> str:
    """Return the BibTeX file of the book."""
    return (ROOT / "book" / "references.bib").read_text()


def test_paper_is_cited_alike_everywhere():
    """CITATION.cff and the bibliography of the book name the same authors, in the same order."""
    entry = re.search(r"@article\{paper,.*?^\}", bibliography(), re.MULTILINE | re.DOTALL).group()
    authors = re.search(r"author\s*=\s*\{(.*?)\},", entry, re.DOTALL).group(1)
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    assert [" ".join(one.split()) for one in re.split(r"\sand\s", authors)] == [
        f"{one['family-names']}, {one['given-names']}"
        for one in citation["references"][0]["authors"]
    ]


def test_every_reference_is_cited():
    """The bibliography holds what the text or a docstring cites, and nothing else."""
    sources = [*(ROOT / "book").rglob("*.md"), *(ROOT / "tptools").rglob("*.py")]
    roles = [
        keys
        for path in sources
        for keys in re.findall(r"[{:]cite(?::[pt])?[}:]`([^`]+)`", path.read_text())
    ]
    cited = {key.strip() for keys in roles for key in keys.split(",")}
    assert set(re.findall(r"^@\w+\{(\w+),", bibliography(), re.MULTILINE)) == cited


@pytest.mark.parametrize(
    "target", ["help", "setup", "book", "test", "execute", "bench", "mutants", "lock", "clean"]
)
def test_make_knows(target):
    """Every promised target exists, and `make help` explains it."""
    subprocess.run(["make", "--dry-run", target], cwd=ROOT, check=True, capture_output=True)
    explained = subprocess.run(["make", "help"], cwd=ROOT, check=True, capture_output=True)
    assert f"make {target} " in explained.stdout.decode()


@pytest.mark.parametrize("place", ["README.md", "book/intro.md", ".ci/run"])
def test_two_commands_are_named(place):
    """Readers and CI use the same two commands."""
    text = (ROOT / place).read_text()
    assert "make book" in text
    assert "make test" in text


def test_workflow_uses_make():
    """The workflow runs the targets, by make or by the script behind it, and nothing of its own."""
    workflow = yaml.safe_load((ROOT / ".github/workflows/book.yml").read_text())
    runs = [s["run"] for job in workflow["jobs"].values() for s in job["steps"] if "run" in s]
    elsewhere = ["python tools/make.py test", "python tools/make.py book"]
    assert runs == ["make test", *elsewhere, "make book", "make pages"]


def test_line_ends_are_the_same_everywhere():
    """A checkout set to the line ends of Windows has the registered bytes, and so do hashes."""
    if not (ROOT / ".git").exists():
        pytest.skip("a downloaded folder has no history to check out")
    name = "data/printed_tables.csv"
    windows = ["-c", "core.autocrlf=true", "-c", "core.eol=crlf"]
    command = ["git", *windows, "archive", "--worktree-attributes", "--format=tar", "HEAD", name]
    archive = subprocess.run(command, cwd=ROOT, check=True, capture_output=True).stdout
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar, tar.extractfile(name) as file:
        assert sha256(file.read()).hexdigest() in (ROOT / "data_registry.txt").read_text()


def test_deposit_says_what_the_citation_says():
    """The archive's form and the citation name the same work."""
    cited = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    deposit = json.loads((ROOT / ".zenodo.json").read_text(encoding="utf-8"))
    for one, other in {"title": "title", "version": "version", "keywords": "keywords"}.items():
        assert deposit[one] == cited[other]
    assert deposit["publication_date"] == str(cited["date-released"])
    assert deposit["description"] == f"<p>{cited['abstract'].strip()}</p>"
    assert [one["name"] for one in deposit["creators"]] == [one["name"] for one in cited["authors"]]
    paper = cited["references"][0]
    related = [one["identifier"] for one in deposit["related_identifiers"]]
    assert related == [paper["doi"], paper["identifiers"][0]["value"]]


def test_python_is_found_or_asked_for():
    """Set-up takes an interpreter that really starts, or says what is missing."""
    finder = ROOT / "tools" / "find-python"
    found = subprocess.run([finder], env={"PYTHON": f"/none {sys.executable}"}, capture_output=True)
    assert found.stdout.decode().strip() == sys.executable
    missing = subprocess.run([finder], env={"PYTHON": "/none"}, capture_output=True)
    assert missing.returncode == 1
    assert b"No Python 3.11 or newer" in missing.stderr
