"""Files of real instruments, where ``TPTOOLS_RECORDS_DIR`` names a folder with them."""

from __future__ import annotations

import math
import os
from pathlib import Path

import numpy as np
import pytest

from tptools import fitting, io
from tptools.commands import main

FOLDER = Path(os.environ.get("TPTOOLS_RECORDS_DIR", "."))
pytestmark = pytest.mark.skipif(
    "TPTOOLS_RECORDS_DIR" not in os.environ,
    reason="TPTOOLS_RECORDS_DIR names no folder with files of real instruments",
)


@pytest.mark.parametrize(
    ("name", "channels", "bin_ps", "period_ns", "peak"),
    [
        ("hydraharp_v20_t3.ptu", (45_012, 32_871), 64, 200.0016, 60),
        ("hydraharp_v10_t3.ptu", (48_001, 46_559), 128, 400, 31),
        ("irf_bh.sdt", (19_785, 3_453_132), 2.9274, None, 817),
    ],
)
def test_photons_of_two_channels(name, channels, bin_ps, period_ns, peak, caplog):
    """Counts, bins, period and peak are those that two independent readers found."""
    for channel, wanted in enumerate(channels):
        decay = io.read_decay(FOLDER / name, channel=channel)
        assert decay.counts.sum() == wanted
    both = io.read_decay(FOLDER / name, channel="sum", chunk_records=10_000)
    assert both.counts.sum() == sum(channels)
    assert both.attrs["tcspc_bin_ps"] == pytest.approx(bin_ps, rel=2e-5)
    known = both.attrs.get("period_ns")
    assert known == (None if period_ns is None else pytest.approx(period_ns, rel=1e-7))
    assert int(np.argmax(both.counts.to_numpy())) == peak
    assert not caplog.records


def test_peaks_of_the_response():
    """Each curve of the response peaks where it did."""
    for channel, peak in enumerate((935, 817)):
        decay = io.read_decay(FOLDER / "irf_bh.sdt", channel=channel)
        assert int(np.argmax(decay.counts.to_numpy())) == peak


def test_photons_are_those_of_the_list():
    """The .spc gives the histogram of the maker's own list of its photons."""
    listed = np.loadtxt(FOLDER / "noise_bh.asc", dtype=int)[:, 1]
    found = io.read_decay(FOLDER / "noise_bh.spc", chunk_records=1000)
    assert found.counts.sum() == 6114
    np.testing.assert_array_equal(found.counts, np.bincount(listed, minlength=4096))


def test_a_dip_that_fills_has_no_diffusivity():
    """A bleached dip between walls is no spot that spreads: a note, or NaN, by every method."""
    path = FOLDER / "frap_dip_xt.txt"
    with pytest.raises(ValueError, match="first_column"):
        io.read_scan(path)
    scan = io.read_scan(path, first_column="position_um", bin_ns=10e9)
    assert dict(scan.counts.sizes) == {"time_ns": 29, "position_nm": 128}
    assert scan.attrs["time_zero_from"].startswith("clock of the file")
    for method in ("slices", "global", "convolution", "moment"):
        found = fitting.diffusivity(scan.counts, method, window_ns=(0, 300e9))
        assert math.isnan(found.value) or "the model does not fit" in found.note


def test_a_table_of_one_decay():
    """256 bins over 12.5 ns, with the pulse after many zeros."""
    decay = io.read_decay(FOLDER / "flim_decay.csv", bin_ns=12.5 / 256)
    assert decay.sizes["time_ns"] == 256
    assert 2 < decay.attrs["time_zero_ns"] < 4


def test_the_command_says_that_a_dip_is_no_spot(tmp_path, capsys):
    """It writes its report all the same, and ends with the code of a record that gives no D."""
    options = ["--first-column", "position_um", "--bin-ns", "10e9", "--output", str(tmp_path)]
    assert main(["analyse", str(FOLDER / "frap_dip_xt.txt"), *options]) == 1
    assert "This record gives no diffusivity: there is no spot" in capsys.readouterr().out
    assert (tmp_path / "report.html").stat().st_size > 1e5


@pytest.mark.parametrize("name", ["hydraharp_v20_t3.ptu", "irf_bh.sdt", "flim_decay.csv"])
def test_the_command_asks_for_what_a_file_does_not_say(name, tmp_path, capsys):
    """A single point of two detectors, or a table without units, is one line with the remedy."""
    assert main(["analyse", str(FOLDER / name), "--output", str(tmp_path)]) == 1
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert f"{name} cannot be read" in said
    assert "give --" in said
