"""Tests of tptools.cache: nothing is made twice, nothing is half, nothing is taken for another."""

from __future__ import annotations

import pickle
import resource
import shutil
from multiprocessing import get_context

import numpy as np
import pytest

from tptools.cache import kept

MADE = []


def noise(seed, size=3, progress=False):
    """Make something that is only the same if it is made from the same."""
    MADE.append(seed)
    return np.random.default_rng(seed).normal(size=size)


def other(seed, size=3):
    """Make something else of the same arguments."""
    return -noise(seed, size)


@pytest.fixture(autouse=True)
def _forget():
    MADE.clear()


def results(folder):
    """Files in a cache, whatever their kind."""
    return [path for path in folder.rglob("*") if path.is_file()]


def test_the_same_is_made_once_however_it_is_asked_for(tmp_path):
    """By place or by name, from another copy or with another ignored argument: one result."""
    ask = kept(noise, tmp_path, ignore=["progress"])
    first = ask(1, 4)
    for again in (
        ask(seed=1, size=4),
        ask(1, 4, True),
        kept(noise, str(tmp_path), ignore=["progress"])(1, 4),
        pickle.loads(pickle.dumps(ask))(1, 4),
    ):
        np.testing.assert_array_equal(again, first)
    assert MADE == [1]


def test_what_differs_is_made_anew(tmp_path):
    """Another argument or function has its own result; without a folder nothing is kept."""
    asked = [kept(noise, tmp_path)(1), kept(noise, tmp_path)(2), kept(other, tmp_path)(1)]
    np.testing.assert_array_equal(asked[2], -asked[0])
    assert MADE == [1, 2, 1]
    assert kept(noise, None) is noise


def test_damaged_result_is_made_anew(tmp_path):
    """A file that a failing disk has cut is told of, and replaced."""
    ask = kept(noise, tmp_path)
    first = ask(1)
    (file,) = results(tmp_path)
    file.write_bytes(file.read_bytes()[:50])
    with pytest.warns(RuntimeWarning, match=r"output\.pkl is made anew"):
        np.testing.assert_array_equal(ask(1), first)
    np.testing.assert_array_equal(ask(1), first)
    assert MADE == [1, 1]


def test_folders_on_the_way_are_made(tmp_path):
    """A cache can be named that lies in folders which are not there yet, or no more."""
    ask = kept(noise, tmp_path / "not" / "there" / "yet")
    for _ in range(2):
        shutil.rmtree(tmp_path / "not")
        ask(1)
        assert len(results(tmp_path)) == 1


def test_place_that_is_no_folder_is_refused_at_once(tmp_path):
    """Nothing is made where nothing can be kept."""
    (tmp_path / "file").touch()
    for place in (tmp_path / "file", tmp_path / "file" / "cache"):
        with pytest.raises(ValueError, match=f"cache_dir = '{place}' must be a folder"):
            kept(noise, place)


def on_a_full_disk(folder):
    """Ask for something that does not fit, with what is warned of."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
    with pytest.warns(RuntimeWarning, match="cannot be kept .*: File too large"):
        return kept(noise, folder)(1, 10000)


def test_full_disk_costs_no_result(tmp_path):
    """What cannot be kept is returned all the same, and leaves nothing half."""
    with get_context("fork").Pool(1) as pool:
        given = pool.apply(on_a_full_disk, [tmp_path])
    np.testing.assert_array_equal(given, noise(1, 10000))
    assert results(tmp_path) == []


def many(folder):
    """Ask for the same hundred things."""
    return [kept(noise, folder)(seed, 2000) for seed in range(100)]


def test_processes_share_a_folder(tmp_path):
    """Four at once on an empty cache get the same, and leave each result once, and whole."""
    with get_context("fork").Pool(4) as pool:
        given = pool.map(many, [tmp_path] * 4, chunksize=1)
    for one in given:
        np.testing.assert_array_equal(one, given[0])
    assert len(results(tmp_path)) == 100
    np.testing.assert_array_equal(many(tmp_path), given[0])
    assert MADE == []
