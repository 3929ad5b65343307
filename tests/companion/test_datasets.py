"""Tests of tptools.companion.datasets."""

import http.server
import os
import shutil
import subprocess
import sys
import threading
from functools import partial
from pathlib import Path

import numpy as np
import pooch
import pytest
import xarray as xr

from tptools.companion import datasets
from tptools.excitation import Excitation

FILE = "printed_tables.csv"
BUNDLED = datasets.REGISTRY.parent / "data"


class Handler(http.server.SimpleHTTPRequestHandler):
    """Serves a folder without a log, after as many refusals as the server was told."""

    def do_GET(self):
        """Refuse, or serve."""
        if self.server.refusals > 0:
            self.server.refusals -= 1
            self.send_error(503)
        else:
            super().do_GET()

    def log_message(self, *args):
        """Keep quiet."""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Give an empty data folder, no mirror, and no proxy between here and loopback."""
    monkeypatch.setenv("TPTOOLS_DATA_DIR", str(tmp_path / "local"))
    monkeypatch.delenv("TPTOOLS_DATA_URL", raising=False)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    return tmp_path / "local"


@pytest.fixture
def mirror(tmp_path):
    """Give a folder with a copy of the bundled files, to be served."""
    return shutil.copytree(BUNDLED, tmp_path / "mirror")


@pytest.fixture
def server(mirror, monkeypatch, folder):
    """Serve the mirror on loopback and point the package at it."""
    handler = partial(Handler, directory=mirror)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        server.refusals = 0
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        monkeypatch.setenv("TPTOOLS_DATA_URL", f"http://127.0.0.1:{server.server_port}")
        yield server
        server.shutdown()
        thread.join()


@pytest.mark.parametrize("name", datasets.names())
def test_every_bundled_file_opens_and_says_what_it_is(name, monkeypatch):
    """All names of the registry load from the checkout, with title, origin and licence."""
    monkeypatch.delenv("TPTOOLS_DATA_DIR", raising=False)
    monkeypatch.delenv("TPTOOLS_DATA_URL", raising=False)
    assert {"title", "origin", "licence"} <= datasets.load(name).attrs.keys()
    assert f"title: {datasets.load(name).title}" in datasets.describe(name)


def test_registry_and_folder_hold_the_same_files():
    """Every bundled file is in the registry and in the README, and every entry has its file."""
    files = {path.name for path in BUNDLED.glob("[!.]*") if path.name != "README.md"}
    assert files == set(pooch_registry())
    readme = (BUNDLED / "README.md").read_text(encoding="utf-8")
    assert all(f"`{file}`" in readme for file in files)


def pooch_registry():
    """Read the registry with pooch alone."""
    shelf = pooch.create(path=BUNDLED, base_url="")
    shelf.load_registry(datasets.REGISTRY)
    return shelf.registry


def test_printed_tables_have_their_rows_and_coordinates():
    """Seven rows of Table S1 and six of S2, found by their conditions."""
    tables = datasets.load("printed_tables")
    assert set(tables.coords) == {"row", "table", "power_nW", "rep_rate_MHz"}
    assert tables.groupby("table").count().fluence_uJ_cm2.values.tolist() == [7, 6]
    fig_1e = tables.where((tables.table == "S1") & (tables.power_nW == 10), drop=True)
    assert fig_1e.fluence_uJ_cm2.item() == 0.76


def test_transcription_has_no_slip_of_the_pen():
    """Every printed cell is within 2.5 % of the chain, so a mistyped digit would show."""
    tables = datasets.load("printed_tables")
    for name in tables:
        chain = [
            getattr(Excitation(power, rate, convention="paper"), name)
            for power, rate in zip(tables.power_nW.values, tables.rep_rate_MHz.values, strict=True)
        ]
        np.testing.assert_allclose(tables[name], chain, rtol=0.025)


@pytest.mark.parametrize("name", ["printed_tables", "tplm_10nW"])
def test_a_file_is_read_once_and_what_is_done_to_it_reaches_no_other(name, monkeypatch):
    """Numbers and attributes are the caller's own, and a second caller waits for no file."""
    first = datasets.load(name)
    before = first.copy(deep=True)
    for variable in first.data_vars.values():
        variable.values[:] = 7
    first.attrs["title"] = "changed"
    monkeypatch.setattr(datasets, "_READERS", {})
    xr.testing.assert_identical(datasets.load(name), before)
    with pytest.raises(AssertionError):
        xr.testing.assert_identical(first, before)


def test_unknown_name_lists_the_known():
    """A typing error is answered with the names there are."""
    with pytest.raises(ValueError, match=r"'printed_table'; there are: .*printed_tables"):
        datasets.load("printed_table")


def test_fetches_over_http_once_then_works_offline(server, folder, monkeypatch):
    """A missing file comes from the mirror; the next load needs neither mirror nor network."""
    first = datasets.load("printed_tables")
    monkeypatch.delenv("TPTOOLS_DATA_URL")
    assert (folder / FILE).read_bytes() == (BUNDLED / FILE).read_bytes()
    xr.testing.assert_identical(datasets.load("printed_tables"), first)


def test_retries_a_server_that_is_busy(server):
    """One refusal does not fail the load."""
    server.refusals = 1
    assert datasets.load("printed_tables").sizes["row"] == 13


@pytest.mark.parametrize("damage", [b"", b"# title: cut", None])
def test_damaged_or_missing_file_on_the_mirror(server, mirror, folder, monkeypatch, damage):
    """An empty, truncated or absent remote file is an error that names it, and leaves nothing."""
    monkeypatch.setattr(datasets, "RETRIES", 0)
    (mirror / FILE).unlink()
    if damage is not None:
        (mirror / FILE).write_bytes(damage)
    with pytest.raises(datasets.DatasetError, match=rf"{FILE} could not be fetched in 1 attempts"):
        datasets.load("printed_tables")
    assert list(folder.iterdir()) == []


def test_stopped_server(folder, monkeypatch):
    """A mirror that does not answer is a clear error."""
    monkeypatch.setattr(datasets, "RETRIES", 0)
    with http.server.HTTPServer(("127.0.0.1", 0), Handler) as closed:
        monkeypatch.setenv("TPTOOLS_DATA_URL", f"http://127.0.0.1:{closed.server_port}/")
    with pytest.raises(datasets.DatasetError, match=r"could not be fetched.*TPTOOLS_DATA_URL"):
        datasets.load("printed_tables")


@pytest.mark.parametrize("content", [b"", b"edited"])
def test_damaged_local_file_is_named_and_left_alone(server, folder, content):
    """A file that does not match is neither read nor overwritten, even with a good mirror."""
    folder.mkdir()
    (folder / FILE).write_bytes(content)
    found, expected = pooch.file_hash(folder / FILE), pooch_registry()[FILE]
    with pytest.raises(datasets.DatasetError, match=f"{FILE} is damaged.*{found}.*{expected}"):
        datasets.load("printed_tables")
    assert (folder / FILE).read_bytes() == content


def test_a_file_that_comes_before_a_download_is_left_alone(server, folder):
    """Put there by another process after it was found missing, it is not overwritten."""
    shelf = datasets._shelf()
    folder.mkdir()
    (folder / FILE).write_bytes(b"edited")
    with pytest.raises(datasets.DatasetError, match="could not be fetched"):
        datasets._download(shelf, FILE)
    assert (folder / FILE).read_bytes() == b"edited"


@pytest.mark.parametrize(
    ("put", "said"),
    [
        (Path.mkdir, "it is a folder"),
        (os.mkfifo, "it is a pipe"),
        (lambda path: path.symlink_to("gone"), "it is a link to gone, where nothing is"),
        (lambda path: path.symlink_to(path), f"it is a link to .*{FILE}: Too many levels"),
        (lambda path: path.symlink_to(path.parent), "it is a folder"),
        (lambda path: path.symlink_to("file/in a file"), "it is a link to file/.*: Not a dir"),
    ],
    ids=["folder", "pipe", "dangling", "looping", "to a folder", "through a file"],
)
def test_what_is_no_file_in_place_of_a_file(server, folder, put, said):
    """It is named, and neither waited for nor replaced, even with a good mirror."""
    folder.mkdir()
    (folder / "file").touch()
    put(folder / FILE)
    before = as_it_lies(folder / FILE)
    with pytest.raises(datasets.DatasetError, match=f"{FILE} cannot be read as a file: {said}"):
        datasets.load("printed_tables")
    assert as_it_lies(folder / FILE) == before
    assert len(list(folder.iterdir())) == 2


def as_it_lies(path):
    """What a look at a file, which may change the time of its last reading, leaves as it is."""
    found = path.lstat()
    return found.st_mode, found.st_ino, found.st_size, found.st_mtime_ns


def test_folder_is_beside_the_registry_or_the_cache_of_the_user(tmp_path, monkeypatch):
    """A checkout names its own even where it is missing, a package without files has none."""
    monkeypatch.setattr(datasets, "REGISTRY", tmp_path / "data_registry.txt")
    assert datasets._folder() == tmp_path / "data"
    monkeypatch.setattr(datasets, "STORED", tmp_path)
    assert datasets._folder() == Path(pooch.os_cache("tptools"))
    (tmp_path / "data").mkdir()
    assert datasets._folder() == tmp_path / "data"


def test_link_to_a_file_is_a_file(folder):
    """Files may lie elsewhere, with links to them in the folder."""
    folder.mkdir()
    (folder / FILE).symlink_to(BUNDLED / FILE)
    assert datasets.load("printed_tables").sizes["row"] == 13


@pytest.mark.parametrize("put", [Path.touch, lambda path: path.symlink_to("gone")])
def test_what_is_no_folder_in_place_of_the_folder(server, folder, put):
    """A file or a dangling link where the folder would be is named with what to do."""
    put(folder)
    with pytest.raises(datasets.DatasetError, match=r"local is no folder; set TPTOOLS_DATA_DIR"):
        datasets.load("printed_tables")


@pytest.mark.parametrize("content", [b"one two three four", b"\xff\xfe", bytes(9)])
def test_damaged_registry(tmp_path, monkeypatch, content):
    """A registry that is none is named, with where to get it."""
    monkeypatch.setattr(datasets, "REGISTRY", tmp_path / "data_registry.txt")
    datasets.REGISTRY.write_bytes(content)
    with pytest.raises(datasets.DatasetError, match=r"registry .* cannot be read: .*checkout"):
        datasets.names()


def test_file_that_is_made_takes_its_place_in_the_registry(tmp_path, monkeypatch):
    """In the order of names below the head, in place of what was there of it."""
    registry = tmp_path / "data_registry.txt"
    registry.write_text("# head\nb.nc 1\n", encoding="utf-8")
    monkeypatch.setattr(datasets, "REGISTRY", registry)
    for line in ("c.nc 2", "a.nc 3", "b.nc 4"):
        datasets.register(line)
    assert registry.read_text(encoding="utf-8") == "# head\na.nc 3\nb.nc 4\nc.nc 2\n"


def test_mark_of_the_byte_order_changes_nothing(tmp_path, folder, monkeypatch):
    """A registry and a table that an editor saved with such a mark say the same."""
    plain = datasets._read_csv(BUNDLED / FILE)
    folder.mkdir()
    marked = (BUNDLED / FILE).read_text(encoding="utf-8")
    (folder / FILE).write_text(marked, encoding="utf-8-sig")
    registry = tmp_path / "data_registry.txt"
    registry.write_text(f"{FILE} {pooch.file_hash(folder / FILE)}\n", encoding="utf-8-sig")
    monkeypatch.setattr(datasets, "REGISTRY", registry)
    assert datasets.names() == ["printed_tables"]
    xr.testing.assert_identical(datasets.load("printed_tables"), plain)


def test_table_says_what_stands_after_the_first_colon(tmp_path):
    """Attributes of a table may hold colons, and each line of its head is one."""
    table = tmp_path / "table.csv"
    table.write_text(
        "# title: Note 6: powers\n#source: a:b\n# coords: x\nx,y\n1,2\n", encoding="utf-8"
    )
    found = datasets._read_csv(table)
    assert found.attrs == {"title": "Note 6: powers", "source": "a:b"}
    assert (set(found.coords), set(found.data_vars)) == ({"x", "row"}, {"y"})


def test_missing_file_without_a_mirror(folder):
    """Without a mirror nothing is downloaded, and the message says where the file can come from."""
    with pytest.raises(datasets.DatasetError, match=r"is missing; put data/printed_tables\.csv"):
        datasets.load("printed_tables")
    assert not folder.exists()


def test_missing_registry(tmp_path, monkeypatch):
    """A package without its checkout says how to install it."""
    monkeypatch.setattr(datasets, "REGISTRY", tmp_path / "data_registry.txt")
    with pytest.raises(datasets.DatasetError, match="--editable"):
        datasets.names()


def test_netcdf_keeps_everything(tmp_path, folder, monkeypatch):
    """A netCDF file comes back identical, with its attributes."""
    folder.mkdir()
    counts = xr.Dataset({"counts": ("time_ns", [1, 2])}, {"time_ns": [0.0, 0.5]}, {"title": "two"})
    counts.to_netcdf(folder / "two.nc", engine="h5netcdf")
    registry = tmp_path / "data_registry.txt"
    registry.write_text(f"two.nc {pooch.file_hash(folder / 'two.nc')}\n", encoding="utf-8")
    monkeypatch.setattr(datasets, "REGISTRY", registry)
    assert datasets.names() == ["two"]
    xr.testing.assert_identical(datasets.load("two"), counts)


def test_opening_prints_nothing(server, capfd, monkeypatch):
    """A download leaves no trace in a notebook's output, nor in how much pooch says to others."""
    said, logger = [], pooch.get_logger()
    monkeypatch.setattr(logger, "callHandlers", lambda record: said.append(record.msg))
    logger.info("before")
    datasets.load("printed_tables")
    logger.info("after")
    assert (said, capfd.readouterr()) == (["before", "after"], ("", ""))
    with datasets._without_news():
        logger.warning("meanwhile")
    assert said[2:] == ["meanwhile"]


def test_import_changes_nothing_of_others():
    """In a fresh process, no level of a log, filter of warnings or random state is set."""
    code = """
import logging, pickle, random, warnings
import numpy, pooch, xarray
def state():
    logs = {name: logging.getLogger(name).level for name in ("", "matplotlib")}
    logs["pooch"] = pooch.get_logger().level  # in no registry
    return logs, list(warnings.filters), random.getstate(), pickle.dumps(numpy.random.get_state())
before = state()
from tptools.companion import datasets
assert state() == before
"""
    subprocess.run([sys.executable, "-c", code], check=True)


def test_catalogue_lists_every_file():
    """Each dataset is there with its title, and sizes add up to those of the files."""
    table = datasets.catalogue()
    assert list(table.index) == datasets.names()
    printed = datasets.load("printed_tables")
    size_kB = (BUNDLED / FILE).stat().st_size / 1000
    # the number of a row, three coordinates, four columns
    wanted = {"title": printed.title, "origin": printed.origin, "values": 8 * 13, "kB": size_kB}
    assert table.loc["printed_tables"].to_dict() == wanted
    total = sum((BUNDLED / file).stat().st_size for file in pooch_registry())
    assert table.kB.sum() == pytest.approx(total / 1000)
