"""The archive that the build describes: complete, and true of the files in it."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path

import crate
import pytest
from rocrate.rocrate import ROCrate

from tptools.companion.paper import CLAIMS

ROOT = Path(__file__).resolve().parent.parent
REGISTRY = [line.split() for line in (ROOT / "data_registry.txt").read_text().splitlines()[1:]]


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """Folder of the crate of this checkout."""
    folder = tmp_path_factory.mktemp("archive") / "crate"
    crate.write_crate(ROOT, folder)
    return folder


@pytest.fixture(scope="module")
def opened(written):
    """The crate, as another program reads it."""
    return ROCrate(written)


def test_datasets_are_those_of_the_registry(written, opened):
    """Each lies in the crate with the hash that the registry has, and names what makes it."""
    for name, registered in REGISTRY:
        entity = opened.get(f"data/{name}")
        assert (
            entity["sha256"] == registered == sha256((written / entity.id).read_bytes()).hexdigest()
        )
        made = opened.get(f"#make-{Path(name).stem}")
        assert (made is None) == name.endswith(".csv")
        assert made is None or made["description"].endswith(f"make {Path(name).stem}")


def test_other_data_than_the_registered_are_an_error():
    """What the registry does not vouch for is not archived."""
    name, registered = REGISTRY[0]
    with pytest.raises(ValueError, match=f"{name} has not the sha256"):
        crate.add_dataset(ROCrate(), ROOT, name, registered[::-1])


def test_every_file_is_described(written, opened):
    """No file lies in the crate without an entity, and none is described that is not there."""
    lying = {p.relative_to(written).as_posix() for p in written.rglob("*") if p.is_file()}
    assert lying == {one.id for one in opened.data_entities} | {"ro-crate-metadata.json"}


def test_every_claim_has_its_verdict(opened):
    """All claims of the paper are mentioned, with the verdict that is pinned."""
    mentioned = {one.id[1:]: one["verdict"] for one in opened.root_dataset["mentions"]}
    pinned = (ROOT / "tests/companion/claims/verdicts.csv").read_text().splitlines()[1:]
    assert mentioned == dict(line.split(",")[:2] for line in pinned)
    assert set(mentioned) == set(CLAIMS)


def test_claim_without_a_verdict_is_an_error():
    """A ledger that leaves one out is not archived in silence."""
    said = {name: {"verdict": "reproduced"} for name in CLAIMS}
    del said["abs-order"]
    with pytest.raises(ValueError, match="no verdict on abs-order"):
        crate.add_claims(ROCrate(), said)
