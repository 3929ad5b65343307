"""A record that is written as an instrument would comes back as it was."""

from __future__ import annotations

import gc
import struct

import numpy as np
import ptufile
import pytest
import xarray as xr

from tptools import io
from tptools.companion.scan_files import T2, T3, tag, write_ptu, write_scan

TIME_NS = np.arange(-10, 30) * 0.1 + 0.05
POSITION_NM = np.array([-150.0, -50.0, 0.0, 75.0])


def counts(seed=1):
    """Any counts; the last bins of some positions are empty, and one position is dark."""
    drawn = np.random.default_rng(seed).poisson(5.0, (TIME_NS.size, POSITION_NM.size))
    drawn[-3:, 0], drawn[:, 1] = 0, 0
    return xr.DataArray(drawn, {"time_ns": TIME_NS, "position_nm": POSITION_NM})


def test_three_ways_give_one_record():
    """Streams, table and arrays have the counts, times and positions that were written."""
    wanted = counts()
    files = write_scan(wanted, 50.0)
    assert len(list(files.ptu.iterdir())) == POSITION_NM.size
    window = {"window_ns": (-1.01, 2.99)}
    for found in (
        io.read_scan(files.ptu, time_zero_ns=files.time_zero_ns, **window),
        io.read_scan(files.csv, time_zero_ns=0),
        io.read_scan(files.npz, time_zero_ns=0),
    ):
        np.testing.assert_array_equal(found.counts, wanted)
        np.testing.assert_allclose(found.time_ns, TIME_NS, atol=1e-9)
        np.testing.assert_allclose(found.position_nm, POSITION_NM, atol=1e-9)


def test_another_reader_finds_what_an_instrument_says(tmp_path):
    """The stream is of photons at a point, with its resolutions, rate, records and version."""
    drawn = np.random.default_rng(2).poisson(3.0, (2, 9))
    write_ptu(tmp_path / "point.ptu", drawn, 0.1, 1.0)
    with ptufile.PtuFile(tmp_path / "point.ptu") as file:
        records = file.decode_records()
        said = (file.version, file.measurement_mode, file.measurement_submode, file.syncrate)
        tags = file.tags
    assert said == ("1.0.00", 3, 1, 10**9)
    assert tags["TTResult_NumberOfRecords"] == len(records) == drawn.sum() + 2
    assert tags["TTResultFormat_BitsPerRecord"] == 32
    resolutions = [tags[f"MeasDesc_{of}Resolution"] for of in ("", "Global")]
    assert resolutions == pytest.approx([1e-10, 1e-9])
    light = records[records["channel"] >= 0]
    found = [np.bincount(light["dtime"][light["channel"] == k], minlength=9) for k in (0, 1)]
    np.testing.assert_array_equal(found, drawn)


def test_header_says_what_kind_of_record_follows(tmp_path):
    """Another kind is another mode, and entries of a header keep their type and curve."""
    told = {"Flag": True, "Whole": 3, "Share": 0.5, "Empty": None}
    extra = b"".join(tag(name, value) for name, value in told.items())
    for kind, name, mode in ((T3, "HydraHarpT3", 3), (T2, "HydraHarpT2", 2)):
        path = tmp_path / f"{name}.ptu"
        write_ptu(path, np.array([[1, 2]]), 0.1, 50.0, kind=kind, extra=extra, n_stated=9)
        with ptufile.PtuFile(path) as file:
            assert (file.record_type.name, file.measurement_mode) == (name, mode)
            assert {key: file.tags[key] for key in told} == told
            assert file.tags["TTResult_NumberOfRecords"] == 9
            assert isinstance(file.tags["Flag"], bool)
    assert struct.unpack("<i", tag("Curve", 1)[32:36]) == (-1,)
    assert struct.unpack("<i", tag("Curve", 1, 2)[32:36]) == (2,)


def test_files_live_as_long_as_their_record():
    """The folder goes when nobody holds the files."""
    files = write_scan(counts(), 50.0)
    home = files.csv.parent
    assert home.is_dir()
    del files
    gc.collect()
    assert not home.exists()


def test_what_no_instrument_counts_is_refused():
    """Uneven times and negative counts are named."""
    with pytest.raises(ValueError, match="time_ns has steps"):
        write_scan(counts().isel(time_ns=[0, 1, 3]), 50.0)
    with pytest.raises(ValueError, match="negative"):
        write_scan(counts() - 9, 50.0)
    with pytest.raises(ValueError, match="record"):
        write_scan(counts().expand_dims(record=2), 50.0)
    with pytest.raises(ValueError, match="period_ns = 0 must be"):
        write_scan(counts(), 0)
