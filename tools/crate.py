"""Describe what a release archives: _build/crate, an RO-Crate, which ``make book`` writes.

It holds the datasets with their hashes and the commands that make them, the claims of the paper
with their verdicts, the films, and the lock. ``ro-crate-metadata.json`` in it says what each is.
"""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path
from typing import Any

import chapters
import h5netcdf
import nbformat
import yaml
from bs4 import BeautifulSoup
from commands import choose
from rocrate.model.contextentity import ContextEntity
from rocrate.rocrate import ROCrate

from tptools.companion import datasets
from tptools.companion.paper import CLAIMS

PROFILE = "1.1"
DATA_LICENCE = "https://creativecommons.org/licenses/by/4.0/"
CODE_LICENCE = "https://spdx.org/licenses/MIT"
FILES = {
    "data_registry.txt": ("text/plain", "sha256 of every dataset"),
    "data/README.md": ("text/markdown", "what each dataset is"),
    "requirements.txt": ("text/plain", "the locked environment, with hashes"),
    "tptools/films.toml": ("application/toml", "the films, each number with its origin and reason"),
    "tptools/companion/claims.csv": ("text/csv", "the claims of the paper, each with its place"),
    "CITATION.cff": ("application/yaml", "how to cite"),
    "LICENSE": ("text/plain", "licence of the code"),
    "LICENSE-text": ("text/plain", "licence of text, figures and data"),
}
FORMATS = {".nc": "application/netcdf", ".csv": "text/csv"}


def verdicts(notebook: nbformat.NotebookNode) -> dict[str, dict[str, str]]:
    """Read from the outputs of the ledger what is said of each claim, by the head of the column."""
    said: dict[str, dict[str, str]] = {}
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", ())]
    for html in [output["data"]["text/html"] for output in outputs if "text/html" in str(output)]:
        for table in BeautifulSoup(html, "html.parser").find_all("table"):
            rows = [[cell.get_text() for cell in row.find_all(["th", "td"])] for row in table("tr")]
            head = rows[0]
            if "verdict" in head:
                said |= {row[0]: dict(zip(head[1:], row[1:], strict=True)) for row in rows[1:]}
    return said


def add_file(crate: ROCrate, root: Path, name: str, **properties: str) -> Any:
    """Add a file under its own name, with size and hash."""
    content = (root / name).read_bytes()
    properties |= {"sha256": hashlib.sha256(content).hexdigest(), "contentSize": str(len(content))}
    return crate.add_file(root / name, name, properties={"name": name, **properties})


def attributes_of(path: Path) -> dict[str, Any]:
    """Read what a dataset says of itself; its numbers would take half of all the time."""
    if path.suffix != ".nc":
        return datasets.load(path.stem).attrs
    with h5netcdf.File(path) as file:
        return dict(file.attrs)


def add_dataset(crate: ROCrate, root: Path, name: str, sha256: str) -> None:
    """Add a dataset, and the command that makes it where one does.

    Raises
    ------
    ValueError
        If the file is not the registered one.
    """
    path = root / "data" / name
    attributes = attributes_of(path)
    entry = add_file(
        crate,
        root,
        path.relative_to(root).as_posix(),
        description=attributes["title"],
        encodingFormat=FORMATS[path.suffix],
        license=DATA_LICENCE,
    )
    if entry["sha256"] != sha256:
        raise ValueError(f"{path} has not the sha256 in data_registry.txt; restore or register it")
    if recipe := attributes.get("recipe"):
        made = {"name": f"making {path.stem}", "description": recipe}
        crate.add_action(crate.get("#tptools"), f"#make-{path.stem}", result=entry, properties=made)


def add_claims(crate: ROCrate, said: dict[str, dict[str, str]]) -> None:
    """Add every claim of the paper with the verdict on it.

    Raises
    ------
    ValueError
        If the ledger says nothing of one.
    """
    if missing := sorted(set(CLAIMS) - set(said)):
        raise ValueError(f"the ledger has no verdict on {', '.join(missing)}; run chapter claims")
    for name, claim in CLAIMS.items():
        properties = {
            "@type": "Claim",
            "name": claim.quantity,
            "text": claim.reported,
            "appearance": claim.place,
            "verdict": said[name]["verdict"],
            "recomputed": said[name].get("recomputed", ""),
        }
        crate.root_dataset.append_to("mentions", crate.add(entity(crate, name, properties)))


def entity(crate: ROCrate, name: str, properties: dict[str, Any]) -> ContextEntity:
    """Something that the crate speaks of and does not hold."""
    return ContextEntity(crate, f"#{name}", properties=properties)


def describe(root: Path, crate: ROCrate) -> None:
    """Say what the whole is, who made it, and of which paper it is the companion."""
    cited = yaml.safe_load((root / "CITATION.cff").read_text(encoding="utf-8"))
    crate.name, crate.description = cited["title"], " ".join(cited["abstract"].split())
    crate.keywords, crate.license = cited["keywords"], DATA_LICENCE
    crate.datePublished = str(cited["date-released"])
    makers = {"@type": "Organization", "name": cited["authors"][0]["name"]}
    crate.creator = crate.add(entity(crate, "authors", makers))
    program = {
        "@type": "SoftwareApplication",
        "name": "tptools",
        "softwareVersion": cited["version"],
        "license": CODE_LICENCE,
    }
    crate.add(entity(crate, "tptools", program))
    paper = cited["references"][0]
    article = {"@type": "ScholarlyArticle", "name": paper["title"]}
    address = f"https://doi.org/{paper['doi']}"
    crate.root_dataset["isBasedOn"] = crate.add(ContextEntity(crate, address, properties=article))


def write_crate(root: Path, folder: Path) -> None:
    """Write the crate anew.

    Parameters
    ----------
    root : Path
        The checkout, whose chapters have run.
    folder : Path
        Where the crate shall lie; what is there is removed.

    Raises
    ------
    ValueError
        If the ledger says nothing of a claim, or a dataset is not the registered one.
    """
    crate = ROCrate(version=PROFILE)
    describe(root, crate)
    for name, (form, description) in FILES.items():
        add_file(crate, root, name, encodingFormat=form, description=description)
    for line in (root / "data_registry.txt").read_text(encoding="utf-8").splitlines():
        if not line.startswith("#"):
            add_dataset(crate, root, *line.split())
    ledger = chapters.kept(root, root / "book" / "claims.ipynb")
    add_claims(crate, verdicts(ledger or nbformat.read(root / "book" / "claims.ipynb", 4)))
    shutil.rmtree(folder, ignore_errors=True)
    crate.write(folder)


if __name__ == "__main__":
    choose(__doc__)
    here = Path(__file__).resolve().parent.parent
    write_crate(here, here / "_build" / "crate")
