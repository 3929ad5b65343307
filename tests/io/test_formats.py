"""Every format gives back what was written, or says in our words why it cannot."""

from __future__ import annotations

import hashlib
import json
import logging
import re
import subprocess
import sys
import tracemalloc

import h5py
import numpy as np
import pytest
import writers
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

import tptools
from tptools import io
from tptools.io import files, fixed_records, reading, streams

BIN_NS, PERIOD_NS = 0.064, 25.0
N_BINS = 391  # the last one is not whole


def counts_of(n_channels=1, n_bins=N_BINS, seed=1):
    """A pulse at 2 ns that decays, on a background."""
    time = (np.arange(n_bins) + 0.5) * BIN_NS
    mean = 200 * np.exp(-np.maximum(time - 2, 0) / 3) * (time > 2) + 2
    return np.random.default_rng(seed).poisson(mean, (n_channels, n_bins))


def curves(path, counts):
    write = {
        ".ptu": lambda: writers.write_ptu(path, counts, BIN_NS, PERIOD_NS),
        ".phu": lambda: writers.write_phu(path, counts, BIN_NS, PERIOD_NS),
        ".pt3": lambda: writers.write_pt3(path, counts, BIN_NS, PERIOD_NS),
        ".t3r": lambda: writers.write_t3r(path, counts, BIN_NS, PERIOD_NS),
        ".h5": lambda: writers.write_photon_hdf5(path, counts, BIN_NS, PERIOD_NS),
        ".sdt": lambda: writers.write_sdt(path, counts, BIN_NS),
        ".spc": lambda: writers.write_spc(path, counts, 4096 * BIN_NS),
    }
    write[path.suffix]()
    return path


BINARY = (".ptu", ".phu", ".pt3", ".t3r", ".h5", ".sdt", ".spc")
STREAMS = (".ptu", ".pt3", ".t3r", ".h5", ".spc")
FIRST_CHANNEL = {".pt3": 1}  # the maker counts from 1


@pytest.mark.parametrize("suffix", BINARY)
def test_counts_bins_and_period_come_back(tmp_path, suffix):
    """Two channels, each alone and both together, on an axis of the width and period written."""
    counts = counts_of(2)
    path = curves(tmp_path / f"a{suffix}", counts)
    first = FIRST_CHANNEL.get(suffix, 0)
    for channel, wanted in ((first, counts[0]), (first + 1, counts[1]), ("sum", counts.sum(0))):
        decay = io.read_decay(path, channel=channel, time_zero_ns=0)
        found = decay.counts.to_numpy()
        np.testing.assert_array_equal(found[:N_BINS], wanted)
        assert not found[N_BINS:].any()
        times = (np.arange(found.size) + 0.5) * BIN_NS
        np.testing.assert_allclose(decay.time_ns, times, rtol=1e-6)
        assert decay.attrs["tcspc_bin_ps"] == pytest.approx(1e3 * BIN_NS, rel=1e-6)
    known = decay.attrs.get("period_ns")
    assert known is None if suffix in (".sdt", ".spc") else known == pytest.approx(PERIOD_NS)
    assert io.read_decay(path, channel="sum", period_ns=30).attrs["period_ns"] == 30


@pytest.mark.parametrize("suffix", BINARY)
def test_two_channels_need_a_choice(tmp_path, suffix):
    """The error names both with their counts, and the argument; so does a wrong choice."""
    counts = counts_of(2)
    path = curves(tmp_path / f"a{suffix}", counts)
    with pytest.raises(ValueError, match=rf"{counts[0].sum()}.*{counts[1].sum()}.*give channel"):
        io.read_decay(path)
    with pytest.raises(ValueError, match=r"channel = 9 has no photons .* 'sum'"):
        io.read_decay(path, channel=9)


@pytest.mark.parametrize("suffix", STREAMS)
def test_parts_of_a_stream_change_nothing(tmp_path, suffix, capsys):
    """Parts of 1000 records, with and without a bar, give the same record as one."""
    path = curves(tmp_path / f"a{suffix}", counts_of(1, 300))
    whole = io.read_decay(path)
    assert not capsys.readouterr().err
    xr.testing.assert_identical(io.read_decay(path, chunk_records=1000, progress=True), whole)
    assert path.name in capsys.readouterr().err


def test_no_part_is_left_without_a_photon(tmp_path):
    """Where the clock runs over in a last record that would stand alone; parts may be short."""
    counts = np.full((1, 8), 25)
    path = curves(tmp_path / "a.spc", counts)
    for chunk_records in (200, 100, 1000):
        decay = io.read_decay(path, chunk_records=chunk_records, time_zero_ns=0)
        assert decay.counts.sum() == counts.sum()
    path = curves(tmp_path / "a.ptu", counts)
    assert io.read_decay(path, chunk_records=1, time_zero_ns=0).counts.sum() == counts.sum()


@pytest.mark.parametrize("suffix", [".ptu", ".h5"])
def test_memory_is_that_of_a_part(tmp_path, suffix):
    """A stream of a million photons takes that of its parts, not its own 2 or 4 MB."""
    counts = np.full((1, 400), 2500)
    path = curves(tmp_path / f"a{suffix}", counts)
    io.read_decay(curves(tmp_path / f"b{suffix}", counts_of()))  # libraries are loaded
    tracemalloc.start()
    io.read_decay(path, chunk_records=5000)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 1.5e6 < path.stat().st_size


CUT = r"a\.\w+ cannot be read: .*(save it again|copy it again|closed)"


@pytest.mark.parametrize("suffix", BINARY)
@pytest.mark.parametrize("kept", [0.0, 0.001, 0.3, 0.999])
def test_what_is_cut_off_is_refused(tmp_path, suffix, kept):
    """Empty, without its header, or without its end: a ValueError of ours, whatever the reader."""
    for n_channels in (1, 2):
        path = curves(tmp_path / f"a{suffix}", counts_of(n_channels))
        data = path.read_bytes()
        path.write_bytes(data[: int(kept * len(data)) // 4 * 4 + (2 if kept else 0)])
        with pytest.raises(ValueError, match=CUT):
            io.read_decay(path, channel="sum")


@pytest.mark.parametrize("suffix", files.READERS)
def test_what_is_of_another_kind_is_refused(tmp_path, suffix):
    """Noise under any ending is a ValueError of ours, without a word of the reader beside it."""
    path = tmp_path / f"a{suffix}"
    path.write_bytes(np.random.default_rng(3).bytes(5000))
    with pytest.raises(ValueError, match=r"^a\.\w+ cannot be read: .*; "):
        io.read_decay(path)


@pytest.mark.parametrize("suffix", BINARY)
def test_a_file_without_photons_is_refused(tmp_path, suffix):
    """Dark curves and streams that hold no photon are named."""
    path = curves(tmp_path / f"a{suffix}", np.zeros((1, N_BINS), int))
    with pytest.raises(ValueError, match=r"a\.\w+ cannot be read"):
        io.read_decay(path)


def test_unknown_kinds_and_missing_files_are_named(tmp_path):
    """An unknown ending says what is known; a missing file or .set says which."""
    (tmp_path / "a.xyz").write_bytes(b"1")
    with pytest.raises(ValueError, match=r"a.xyz .* kind '.xyz' are not known; give one of .ptu"):
        io.read_decay(tmp_path / "a.xyz")
    with pytest.raises(FileNotFoundError, match="nowhere"):
        io.read_scan(tmp_path / "nowhere.ptu")
    path = curves(tmp_path / "a.spc", counts_of())
    path.with_suffix(".set").unlink()
    with pytest.raises(ValueError, match=r"a.set is missing; put it beside"):
        io.read_decay(path)


@pytest.mark.parametrize("suffix", [".ptu", ".pt3"])
def test_t2_is_refused_with_the_remedy(tmp_path, suffix):
    """Photons without delays are told to be recorded in T3 mode."""
    path = tmp_path / f"a{suffix}"
    if suffix == ".ptu":
        writers.write_ptu(path, counts_of(), BIN_NS, PERIOD_NS, kind=writers.T2)
    else:
        writers.write_pt3(path, counts_of(), BIN_NS, PERIOD_NS, mode=2)
    with pytest.raises(ValueError, match="T2, without delays; record in T3 mode"):
        io.read_decay(path)


def test_a_measurement_that_was_not_closed_is_refused(tmp_path):
    """A header of no records before records is the mark of a crash."""
    writers.write_ptu(tmp_path / "a.ptu", counts_of(), BIN_NS, PERIOD_NS, n_stated=0)
    with pytest.raises(ValueError, match="was not closed; open and save"):
        io.read_decay(tmp_path / "a.ptu")


def test_warnings_of_a_reader_stay_inside(tmp_path, caplog, recwarn):
    """Tags out of order, of which the reader warns, neither warn nor log."""
    odd = writers.tag("UsrNumber", 3, 1) + writers.tag("UsrNumber", 4, 3)
    writers.write_ptu(tmp_path / "a.ptu", counts_of(), BIN_NS, PERIOD_NS, extra=odd)
    disabled = logging.root.manager.disable
    io.read_decay(tmp_path / "a.ptu")
    assert not caplog.records
    assert not recwarn.list
    assert logging.root.manager.disable == disabled


def test_settings_and_provenance_are_attributes(tmp_path):
    """The instrument's own tags, the reader, and the hash of the file, all writable as netCDF."""
    path = curves(tmp_path / "a.ptu", counts_of())
    decay = io.read_decay(path)
    assert decay.attrs["TTResult_SyncRate"] == round(1e9 / PERIOD_NS)
    assert re.fullmatch(r"ptufile \d{4}\.\d+\.\d+", decay.attrs["reader"])
    sums = {"a.ptu": hashlib.sha256(path.read_bytes()).hexdigest()}
    assert json.loads(decay.attrs["files"]) == sums
    assert decay.attrs["origin"] == "measured"
    assert decay.attrs["title"] == "measured photon counts over time"
    assert decay.attrs["version"] == tptools.__version__
    decay.to_netcdf(tmp_path / "b.nc", engine="h5netcdf")
    again = xr.load_dataset(tmp_path / "b.nc")
    xr.testing.assert_equal(again, decay)
    xr.testing.assert_equal(io.read_decay(tmp_path / "b.nc").counts, decay.counts)


def test_a_missing_reader_names_the_extra(tmp_path):
    """Without ptufile the error says what to install, and the import of tptools.io needs none."""
    path = curves(tmp_path / "a.ptu", counts_of())
    code = f"""
import sys
sys.modules.update(dict.fromkeys(["ptufile", "sdtfile", "phconvert"]))
from tptools import io
try:
    io.read_decay({str(path)!r})
except ImportError as error:
    print(error)
"""
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "pip install 'tptools[io]'" in found.stdout


@settings(max_examples=25, deadline=None)
@given(
    channel=st.lists(st.integers(-1, 5), min_size=1, max_size=60),
    size=st.integers(1, 61),
    data=st.data(),
)
def test_binning_does_not_depend_on_the_parts(channel, size, data):
    """Any stream in parts of any size is the histogram of the whole, by channel."""
    late = np.array(data.draw(st.lists(st.integers(0, 40), min_size=60, max_size=60)))
    channel = np.array(channel)
    late = late[: channel.size]
    parts = [(channel[i : i + size], late[i : i + size]) for i in range(0, channel.size, size)]
    found = streams.binned(files.Path("a.ptu"), iter(parts), 0.5, 10.0)
    assert found.sizes["time_ns"] == max(20, late[channel >= 0].max(initial=0) + 1)
    for one in found.channel.to_numpy():
        wanted = np.bincount(late[channel == one], minlength=found.sizes["time_ns"])
        np.testing.assert_array_equal(found.sel(channel=one), wanted)
    assert found.sum() == (channel >= 0).sum()


@pytest.mark.parametrize("suffix", [one for one in BINARY if one != ".spc"])
def test_a_file_without_a_photon_is_refused_by_itself(tmp_path, suffix):
    """A decay of nothing is an error that says so; phconvert has its own words for .spc."""
    path = curves(tmp_path / f"a{suffix}", 0 * counts_of())
    with pytest.raises(ValueError, match="no photons"):
        io.read_decay(path)


@pytest.mark.parametrize("late", [None, 400, 500])
def test_bins_after_the_period_are_kept_up_to_the_last_photon(tmp_path, late):
    """Empty ones are none, in whichever curve a photon is the last."""
    counts = np.pad(counts_of(2), [(0, 0), (0, 200)])
    if late:
        counts[1, late] = 1
    path = curves(tmp_path / "a.phu", counts)
    found = io.read_decay(path, channel="sum", time_zero_ns=0)
    assert found.sizes["time_ns"] == (late + 1 if late else N_BINS)


@pytest.mark.parametrize("rate_Hz", [0, 1])
def test_a_laser_that_does_not_run_has_no_period(tmp_path, rate_Hz):
    """One pulse a second is some."""
    writers.write_phu(tmp_path / "a.phu", counts_of(), BIN_NS, 1e9 / rate_Hz if rate_Hz else np.inf)
    decay = io.read_decay(tmp_path / "a.phu", time_zero_ns=0)
    assert decay.attrs.get("period_ns") == (1e9 if rate_Hz else None)


def test_curves_of_several_lengths_are_padded(tmp_path):
    """A shorter one is read in full, and has no photons after its end."""
    long, short = counts_of()[0], counts_of(seed=2)[0, :50]
    path = curves(tmp_path / "a.phu", [short, long])
    for channel, wanted in ((0, np.pad(short, (0, N_BINS - 50))), (1, long)):
        found = io.read_decay(path, channel=channel, time_zero_ns=0)
        np.testing.assert_array_equal(found.counts, wanted)


def test_curves_of_other_bins_are_refused(tmp_path):
    """Two widths of a bin in one file are no histogram, nor is a width of nothing."""
    path = curves(tmp_path / "a.phu", counts_of(2))
    whole = path.read_bytes()
    width = np.float64(BIN_NS * 1e-9).tobytes()
    for other, times in ((2e-9, 1), (0.0, 2)):
        path.write_bytes(whole.replace(width, np.float64(other).tobytes(), times))
        with pytest.raises(ValueError, match=r"bins of .* s; save them one by one"):
            io.read_decay(path, channel="sum")


READER = {
    ".ptu": "ptufile", ".phu": "ptufile", ".pt3": "phconvert", ".t3r": "phconvert",
    ".h5": "h5py", ".sdt": "sdtfile", ".spc": "phconvert", ".csv": "tptools.io",
}  # fmt: skip


@pytest.mark.parametrize("suffix", READER)
def test_a_record_says_what_read_it_and_what_it_holds(tmp_path, suffix):
    """The library, or our own reader of text, and counts over times in ns."""
    path = tmp_path / f"a{suffix}"
    if suffix == ".csv":
        path.write_text("time_ns,counts\n0.1,3\n0.2,5\n0.3,1\n")
    else:
        curves(path, counts_of())
    decay = io.read_decay(path)
    assert decay.attrs["reader"].split()[0] == READER[suffix]
    assert decay.time_ns.units == "ns"
    assert decay.counts.dims == ("time_ns",)


def test_detectors_that_are_markers_hold_no_photons(tmp_path):
    """A Photon-HDF5 file says which of its detectors they are."""
    counts = counts_of(2)
    path = curves(tmp_path / "a.h5", counts)
    with h5py.File(path, "a") as file:
        file["photon_data/measurement_specs/detectors_specs/markers1"] = 1
    decay = io.read_decay(path, time_zero_ns=0)
    np.testing.assert_array_equal(decay.counts[:N_BINS], counts[0])


@pytest.mark.parametrize(
    ("rates_Hz", "period_ns"), [([2e7, 2e7], 50), ([2e7, 4e7], None), ([0], None)]
)
def test_lasers_of_several_rates_have_no_period(tmp_path, rates_Hz, period_ns):
    """A Photon-HDF5 file may list the rate of every laser."""
    path = curves(tmp_path / "a.h5", counts_of())
    with h5py.File(path, "a") as file:
        del file["photon_data/measurement_specs/laser_repetition_rate"]
        file["setup/laser_repetition_rates"] = rates_Hz
    assert io.read_decay(path, time_zero_ns=0).attrs.get("period_ns") == period_ns


def test_a_photon_hdf5_file_may_lack_what_it_does_not_need(tmp_path):
    """Detectors where there is one, and a period or a number of bins; not delays of one spot."""
    counts = counts_of()
    counts[0, 300:] = 0
    path = curves(tmp_path / "a.h5", counts)
    with h5py.File(path, "a") as file:
        del file["photon_data/detectors"], file["photon_data/measurement_specs"]
    decay = io.read_decay(path, channel=0, time_zero_ns=0)
    np.testing.assert_array_equal(decay.counts, counts[0])
    with h5py.File(path, "a") as file:
        del file["photon_data/nanotimes_specs/tcspc_num_bins"]
    decay = io.read_decay(path, time_zero_ns=0)
    np.testing.assert_array_equal(decay.counts, counts[0, :300])
    for name, reason in (("nanotimes", "have no nanotimes"), ("", "has 2 groups photon_data")):
        with h5py.File(path, "a") as file:
            if name:
                del file[f"photon_data/{name}"]
            else:
                file.create_group("photon_data1")
        with pytest.raises(ValueError, match=reason):
            io.read_decay(path)


def test_settings_of_an_spc_stand_beside_it(tmp_path):
    """In small or capital letters; without a gain of the converter, it is one."""
    path = curves(tmp_path / "a.spc", counts_of())
    setup = path.with_suffix(".set")
    whole, gain = setup.read_bytes(), b"  #SP [SP_TAC_G,I,1]\n"
    assert gain in whole
    setup.unlink()
    for other, factor in ((b"", 1), (gain.replace(b"1]", b"2]"), 2)):
        path.with_suffix(".SET").write_bytes(whole.replace(gain, other))
        found = io.read_decay(path, time_zero_ns=0).attrs["tcspc_bin_ps"]
        assert found == pytest.approx(1e3 * BIN_NS / factor)
    path.with_suffix(".SET").write_bytes(whole.replace(b"SP_TAC_R", b"SP_TAC_X"))
    with pytest.raises(ValueError, match="its time bins are 0 ns wide"):
        io.read_decay(path)


@pytest.mark.parametrize("card", [0x21, 0x28])
def test_the_card_of_an_spc_is_in_the_revision_of_its_settings(tmp_path, monkeypatch, card):
    """Above four bits and below four others."""
    path = curves(tmp_path / "a.spc", counts_of())
    setup = path.with_suffix(".set")
    setup.write_bytes((0x1005 | card << 4).to_bytes(2, "little") + setup.read_bytes()[2:])
    asked = []
    monkeypatch.setattr(fixed_records, "_split", lambda *given: asked.append(given) or [])
    with pytest.raises(ValueError, match="it has no photons"):
        io.read_decay(path, chunk_records=77)
    assert asked == [(path, card, 77)]


@pytest.mark.parametrize(
    ("card", "third_word", "size"),
    [(0x28, 0, 4), (0x20, 0, 4), (0x21, 0, 6), (0x22, 0, 6), (0x23, 0, 4), (0x21, 256, 4)],
)
def test_parts_of_an_spc_hold_whole_records(tmp_path, card, third_word, size):
    """Each with the first one before it: of 6 bytes on two old cards, of 4 on all others."""
    path = tmp_path / "a.spc"
    record = np.arange(1, 1 + 11 * size, dtype="u1")
    record[4:6] = third_word % 256, third_word // 256
    path.write_bytes(record.tobytes())
    parts = [*fixed_records._split(path, card, 4)]
    assert parts == [
        (size, size, 3 * size), (size, 4 * size, 3 * size), (size, 7 * size, 4 * size)
    ]  # fmt: skip
    (tmp_path / "parts").mkdir()
    for first, start, length in parts:
        piece = fixed_records._piece(path, tmp_path / "parts", first, start, length)
        wanted = record[:first].tobytes() + record[start : start + length].tobytes()
        assert piece.read_bytes() == wanted
    for kept, reason in ((size, "it has no photons"), (2 * size + 1, "ends within a record")):
        path.write_bytes(record[:kept].tobytes())
        with pytest.raises(ValueError, match=reason):
            list(fixed_records._split(path, card, 4))


def test_a_converter_has_4096_bins(tmp_path):
    """All of them are there, and the last is that of the longest delay."""
    counts = np.zeros((1, 4096), int)
    counts[0, [0, 4095]] = 1, 2
    decay = io.read_decay(curves(tmp_path / "a.spc", counts), time_zero_ns=0)
    assert np.flatnonzero(decay.counts).tolist() == [0, 4095]
    decay = io.read_decay(curves(tmp_path / "b.spc", counts[:, :9]), time_zero_ns=0)
    assert decay.sizes["time_ns"] == 4096


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        ([0.0, 3.0, 1e3], "i"), ([], "i"), ([2.0**53 - 1], "i"), ([2.0**53], "f"),
        ([0.5, 3.0], "f"), ([-(2.0**60), 1.0], "f"), ([True, False], "i"),
    ],
)  # fmt: skip
def test_whole_counts_are_integers(values, kind):
    """As long as floats count one by one; broken ones stay as they are."""
    found = reading.whole_numbers(np.array(values))
    assert found.dtype.kind == kind
    np.testing.assert_array_equal(found, values)


@pytest.mark.parametrize(
    ("stored", "stated", "said"),
    [
        (1, 1, None), (3, 1, None), (2, 3, "it holds 2 of the 3 records .*; copy it again"),
        (1, 0, "was not closed; open and save it"), (0, 0, "it has no photons"),
    ],
)  # fmt: skip
def test_a_header_states_the_records_that_follow(stored, stated, said):
    """One at least, and none that are not there; what stands after them does not matter."""
    if said is None:
        streams.check_length(files.Path("a.ptu"), stored, stated)
    else:
        with pytest.raises(ValueError, match=said):
            streams.check_length(files.Path("a.ptu"), stored, stated)


@pytest.mark.parametrize("bin_ns", [0.0, -0.1, np.nan])
def test_bins_have_a_width(bin_ns):
    """A header without one is no histogram."""
    with pytest.raises(ValueError, match=f"its time bins are {bin_ns:g} ns wide"):
        streams.binned(files.Path("a.ptu"), [], bin_ns, 10.0)


def test_settings_are_texts_and_numbers():
    """Of one line, from any type that a reader has; what netCDF cannot hold is left out."""
    given = {
        1: np.array([1, 2.5]), "long": 2**63 - 1, "flag": np.bool_(True),
        "text": b" 5 \xb5m\x81\0x", "huge": 2**63,
        "low": [1, -(2**63)], "mixed": [1, "a"], "none": None, "empty": [],
        "blank": "", "lines": "a\nb", "flags": [True],
    }  # fmt: skip
    kept = {"1": [1, 2.5], "long": 2**63 - 1, "flag": 1, "text": "5 \u00b5m"}
    found = reading.plain_settings(given)
    assert found == kept
    assert type(found["flag"]) is int


def test_what_a_reader_raises_becomes_one_line(tmp_path):
    """Its words, or its kind where it has none; ours and a lack of memory go on as they are."""
    path = tmp_path / "a.sdt"
    ours = reading.unreadable(path, "it is ours")
    for error in (ours, MemoryError("full")):
        with pytest.raises(type(error)) as found, reading.quietly(path):
            raise error
        assert found.value is error
    for error, said in ((KeyError("x"), "'x'"), (AssertionError(), "AssertionError")):
        match = f"read: {said}; .* kind: save it again from"
        with pytest.raises(reading.Unreadable, match=match), reading.quietly(path):
            raise error
