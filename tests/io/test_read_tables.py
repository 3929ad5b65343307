"""Text of any vendor: where units and axes stand, and what is asked for where they do not."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

from tptools import io
from tptools.io.tables import axis_of, bin_width_ns, period_told
from tptools.io.text import split_text

DECAY = np.array([2, 3, 1, 2, 90, 60, 41, 27, 20, 14, 9, 5])
TIMES_PS = np.arange(12) * 50


def lines(values):
    return "\n".join(map(str, values))


def rows(separator, *columns):
    return "\n".join(separator.join(map(str, one)) for one in zip(*columns, strict=True))


VENDORS = {
    "PicoHarp": "#PicoHarp 300  Histogram Data\n#channels per curve\n65536\n#display curve no.\n0\n"
    "#memory block no.\n0\n#ns/channel\n0.0500\n#counts\n" + lines(DECAY),
    "Edinburgh": "Labels,sample\nType,TCSPC Decay\nXAxis,Time(ns)\n\nTime(ns),Counts\n"
    + rows(",", TIMES_PS / 1e3, DECAY),
    "Horiba": "Time calibration = 5.0E-11 s\nChan\tData\n" + rows("\t", range(1, 13), DECAY),
    "SPCM": "Title : x\r\n  Time[ns]   Counts\r\n" + rows("   ", TIMES_PS / 1e3, DECAY),
    "German": "Zeit;Kanal\nTime (ns);Counts\n" + rows(";", TIMES_PS / 1e3, DECAY).replace(".", ","),
    "picoseconds": "time_ps,counts\n" + rows(",", TIMES_PS, DECAY),
    "bin width": "Bin width: 50 ps\nRepetition rate: 2.5 MHz\nCounts\n" + lines(DECAY),
}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
@pytest.mark.parametrize("vendor", VENDORS)
def test_units_come_from_the_header(tmp_path, vendor, encoding):
    """Each vendor's text, in each encoding, gives the counts and 50 ps bins."""
    path = tmp_path / "a.txt"
    path.write_bytes(VENDORS[vendor].encode(encoding))
    decay = io.read_decay(path)
    np.testing.assert_array_equal(decay.counts, DECAY)
    assert decay.attrs["tcspc_bin_ps"] == pytest.approx(50)
    assert decay.attrs.get("period_ns") == (400 if vendor == "bin width" else None)


@pytest.mark.parametrize(
    ("unit", "ns"),
    [
        *(("fs", 1e-6), ("ps", 1e-3), ("ns", 1), ("us", 1e3)),
        *(("\u00b5s", 1e3), ("\u03bcs", 1e3), ("ms", 1e6), ("s", 1e9)),
    ],
)
def test_a_bin_width_has_any_unit_of_time(unit, ns):
    """With either letter of micro, and per channel in capitals too."""
    assert bin_width_ns([f"Bin width: 2 {unit}"]) == pytest.approx(2 * ns)
    if unit in ("ps", "ns"):
        for said in (f"#{unit}/channel", f"#{unit.upper()}/CHANNEL"):
            assert bin_width_ns([said, "2"]) == pytest.approx(2 * ns)


@pytest.mark.parametrize(
    ("text", "given", "reason"),
    [
        (lines(DECAY), {}, "give bin_ns"),
        ("time,counts\n" + rows(",", TIMES_PS, DECAY), {}, "give bin_ns .* or first_column"),
        ("a b c", {}, "no table of numbers"),
        ("time_ps,counts\n" + rows(",", TIMES_PS, -DECAY), {}, "negative"),
        (lines(-DECAY), {"bin_ns": 1}, "negative"),
        (lines(0 * DECAY), {"bin_ns": 1}, "no counts"),
        ("time_ps,a,b\n1,2,3\n2,,4\n3,4,5", {}, "gaps"),
        ("time_ps,counts\n1,2\n2,\n3,4\n4,5\n", {}, "has 1 numbers, and those of it 2"),
        (VENDORS["Horiba"] + "\nB\n" + VENDORS["Horiba"], {}, "several tables"),
        ("time_ps,counts\n" + rows(",", TIMES_PS[::-1] % 200, DECAY), {}, "must increase"),
        (lines(DECAY), {"first_column": "position"}, "first_column = 'position' must name"),
        (lines(DECAY), {"bin_ns": 0}, "bin_ns = 0"),
    ],
)
def test_what_the_text_does_not_say_is_asked_for(tmp_path, text, given, reason):
    """No unit is guessed, and what is no decay is named."""
    path = tmp_path / "a.csv"
    path.write_text(text)
    with pytest.raises(ValueError, match=reason):
        io.read_decay(path, **given)


MAP = np.array([[1, 5, 1], [2, 9, 2], [1, 6, 3], [0, 4, 1]])
AT_NM = np.array([-50.0, 0.0, 50.0])
MAP_NS = np.array([0.1, 0.2, 0.3, 0.4])


def numbers(first, *rest):
    return ",".join([first, *(f"{one:g}" for one in rest)])


BY_HAND = {
    "row of positions": (
        "\n".join([numbers("time_ns", *AT_NM), rows(",", MAP_NS, *MAP.T)]),
        {"first_row": "position_nm"},
    ),
    "no headers": (
        "\n".join([numbers("0", *AT_NM / 1e3), rows(",", MAP_NS * 1e3, *MAP.T)]),
        {"first_column": "time_ps", "first_row": "position_um"},
    ),
    "positions down": (
        rows(" ", AT_NM / 1e3, *MAP),
        {"first_column": "position_um", "bin_ns": 0.1, "shift": -0.05},
    ),
    "step": ("time_ns,a,b,c\n" + rows(",", MAP_NS, *MAP.T), {"step_nm": 50, "at": -50}),
    "long": (
        "time (ns),position (um),counts\n"
        + rows(",", np.repeat(MAP_NS, 3), np.tile(AT_NM / 1e3, 4), MAP.ravel()),
        {},
    ),
}


@pytest.mark.parametrize("kind", BY_HAND)
def test_maps_without_headers_are_told_their_axes(tmp_path, kind):
    """What first_column, first_row, a step or a long table say gives one record."""
    text, given = BY_HAND[kind]
    given = dict(given)
    shift, at = given.pop("shift", 0), given.pop("at", 0)
    (tmp_path / "a.csv").write_text(text)
    scan = io.read_scan(tmp_path / "a.csv", time_zero_ns=0, channel=0, **given)
    np.testing.assert_array_equal(scan.counts, MAP)
    np.testing.assert_allclose(scan.time_ns, MAP_NS + shift, atol=1e-12)
    np.testing.assert_allclose(scan.position_nm + at, AT_NM, atol=1e-12)


def test_a_long_table_with_holes_is_refused(tmp_path):
    """Every time and position stands once."""
    text = BY_HAND["long"][0].rsplit("\n", 1)[0]
    (tmp_path / "a.csv").write_text(text)
    with pytest.raises(ValueError, match=r"11 rows are not 4 by 3 points"):
        io.read_scan(tmp_path / "a.csv")


@pytest.mark.parametrize(
    ("arrays", "reason"),
    [
        ({"counts": MAP, "t": MAP_NS}, r"does not say its times \(t\); .* give bin_ns"),
        ({"counts": MAP[:3], "time_ns": MAP_NS[:3], "position_nm": AT_NM}, "of one length"),
        ({"a": MAP, "b": MAP}, "name the counts"),
        ({"counts": MAP * 1j}, "name the counts"),
        ({"counts": np.ones((2, 3, 4, 5, 6))}, "have no names|does not say its times"),
    ],
)
def test_arrays_that_do_not_say_their_axes_are_refused(tmp_path, arrays, reason):
    """Lengths tell axes apart, or the error says how to name them."""
    np.savez(tmp_path / "a.npz", **arrays)
    with pytest.raises(ValueError, match=reason):
        io.read_scan(tmp_path / "a.npz")


def test_an_array_of_curves_takes_positions_by_hand(tmp_path):
    """Counts alone, over place and time, with the width and the step told."""
    np.savez(tmp_path / "a.npz", MAP.T)
    scan = io.read_scan(tmp_path / "a.npz", bin_ns=0.1, step_nm=50, time_zero_ns=0)
    np.testing.assert_array_equal(scan.counts, MAP)


def test_a_record_of_the_model_says_so_and_keeps_its_period(tmp_path):
    """What was simulated is not called measured once it was written and read again.

    Nor does it matter what else is kept beside the counts.
    """
    axes = {"time_ns": MAP_NS, "position_nm": AT_NM}
    counts = xr.DataArray(MAP, axes)
    record = xr.Dataset({"mean": counts + 0.5, "counts": counts})
    record["label"], record["gain"] = ("position_nm", ["a", "b", "c"]), 2.0
    record = record.assign_attrs(origin="simulated", period_us=0.4, power_nW=10.0)
    record.to_netcdf(tmp_path / "a.nc", engine="h5netcdf")
    scan = io.read_scan(tmp_path / "a.nc", time_zero_ns=0)
    assert scan.attrs["origin"] == "simulated"
    assert scan.attrs["period_ns"] == pytest.approx(400)
    assert scan.attrs["power_nW"] == 10
    record.rename(counts="light").drop_vars("mean").to_netcdf(tmp_path / "b.nc", engine="h5netcdf")
    xr.testing.assert_equal(io.read_scan(tmp_path / "b.nc", time_zero_ns=0).counts, scan.counts)


@pytest.mark.parametrize(
    "told", [{"period_ns": 400}, {"period_us": 0.4}, {"period_ps": 4e5}, {"rep_rate_MHz": 2.5}]
)
def test_a_period_has_any_of_our_names(tmp_path, told):
    """Beside counts in an array file it stands as a number."""
    np.savez(tmp_path / "a.npz", counts=MAP, time_ns=MAP_NS, position_nm=AT_NM, **told)
    assert io.read_scan(tmp_path / "a.npz").attrs["period_ns"] == pytest.approx(400)


def test_matlab_files_of_version_7_3_are_told_to_be_saved_again(tmp_path):
    """They are HDF5, and the remedy is one option of MATLAB's save."""
    head = b"MATLAB 7.3 MAT-file".ljust(124) + b"\x00\x02IM"
    (tmp_path / "a.mat").write_bytes(head + bytes(400))
    with pytest.raises(ValueError, match=r"^a.mat cannot be read: it is of version 7.3; save it"):
        io.read_scan(tmp_path / "a.mat")


@pytest.mark.parametrize("name", ["first_row", "first_column"])
@pytest.mark.parametrize("suffix", [".csv", ".npz"])
def test_axes_told_by_hand_need_a_unit(tmp_path, name, suffix):
    """Whatever the file is, and before it is read."""
    (tmp_path / f"a{suffix}").write_text("")
    with pytest.raises(ValueError, match=f"{name} = 'position' must name"):
        io.read_scan(tmp_path / f"a{suffix}", **{name: "position"})


@pytest.mark.parametrize("unit", ["pm", "nm", "um", "\u00b5m", "\u03bcm", "mm"])
def test_a_label_names_an_axis_of_length(unit):
    """By any of its words and in any unit, but not in one of time."""
    for word in ("position", "Pos", "x", "X", "Distance", "# position"):
        for label in (
            f"{word} ({unit})",
            f"{word} [{unit}]",
            f"{word} / {unit}",
            f" {word} {unit} ",
        ):
            assert axis_of(label).name == f"position_{unit}"
    assert axis_of(f"position_{unit}") == axis_of(f"x_{unit}") == ("position", unit)
    for label in (f"time ({unit})", f"t ({unit})", f"delay_{unit}", f"counts ({unit})", unit):
        assert axis_of(label) is None


@pytest.mark.parametrize("unit", ["fs", "ps", "ns", "us", "\u00b5s", "\u03bcs", "ms", "s"])
def test_a_label_names_an_axis_of_time(unit):
    """By any of its words and in any unit, but not in one of length."""
    for word in ("time", "Delay", "t", "# Time"):
        for label in (f"{word} ({unit})", f"{word}[{unit}]", f"{word}/{unit}"):
            assert axis_of(label) == ("time", unit)
    assert axis_of(f"time_{unit}").name == axis_of(f"delay_{unit}").name == f"time_{unit}"
    for label in (f"position ({unit})", f"x_{unit}", f"timer ({unit})", "time", "time (axis)"):
        assert axis_of(label) is None


@pytest.mark.parametrize(
    ("said", "period_ns"),
    [
        *(("Repetition rate: 4e7 Hz", 25), ("rep rate = 500 kHz", 2000), ("SYNC RATE 2.5MHz", 400)),
        *(
            ("laser frequency (pulses): 80 MHz", 12.5),
            ("sync rate: 0 Hz", None),
            ("rate: 5 Hz", None),
        ),
    ],
)
def test_a_rate_has_any_unit_of_frequency(said, period_ns):
    """A laser that does not run has no period."""
    assert period_told(["a", said, "b"]) == (period_ns and pytest.approx(period_ns))


def test_a_width_of_nothing_says_nothing():
    """The next line may say it, per channel."""
    assert bin_width_ns(["Bin width: 0 ps"]) is None
    assert bin_width_ns(["Resolution 0 ps", "#ps/channel 8"]) == pytest.approx(0.008)
    for said in ("Bin size", "channel width", "time per bin", "Time per Channel", "RESOLUTION"):
        assert bin_width_ns([f"{said} (nominal) = 2.5e1 ps"]) == pytest.approx(0.025)


@pytest.mark.parametrize(
    ("first", "counted"),
    [(range(12), True), (range(1, 13), True), (range(2, 14), False), (range(0, 24, 2), False)],
)
def test_numbers_of_bins_are_no_curve(tmp_path, first, counted):
    """From 0 or 1 in steps of one, beside a curve at least; all else are counts."""
    path = tmp_path / "a.txt"
    path.write_text(rows(" ", first, DECAY))
    decay = io.read_decay(path, bin_ns=0.05, channel="sum", time_zero_ns=0)
    np.testing.assert_array_equal(decay.counts, DECAY + (0 if counted else np.array(first)))
    path.write_text(lines(range(1, 13)))
    alone = io.read_decay(path, bin_ns=0.05, time_zero_ns=0)
    np.testing.assert_array_equal(alone.counts, range(1, 13))
    np.testing.assert_allclose(alone.time_ns, 0.05 * np.arange(0.5, 12))


def test_columns_of_a_table_are_channels(tmp_path):
    """Without positions in their labels, each is a curve over the times of the first."""
    path = tmp_path / "a.csv"
    path.write_text("time_ps,first,second\n" + rows(",", TIMES_PS, DECAY, 2 * DECAY))
    for channel, factor in ((0, 1), (1, 2), ("sum", 3)):
        decay = io.read_decay(path, channel=channel, time_zero_ns=0)
        np.testing.assert_array_equal(decay.counts, factor * DECAY)
        np.testing.assert_allclose(decay.time_ns, TIMES_PS / 1e3)


LABELS = {
    "one label without a place": "time_ns,-50 nm,0 nm,middle",
    "two units": "time_ns,-50 nm,0 nm,0.05 um",
    "times over times": "time_ns,1 ps,2 ps,3 ps",
}


@pytest.mark.parametrize("labels", LABELS.values(), ids=[*LABELS])
def test_labels_that_are_no_places_are_names_of_curves(tmp_path, labels):
    """All have to be lengths in one unit, where the first column holds times."""
    path = tmp_path / "a.csv"
    path.write_text(labels + "\n" + rows(",", MAP_NS, *MAP.T))
    assert io.read_decay(path, channel=1).counts.values.tolist() == MAP[:, 1].tolist()


@pytest.mark.parametrize(
    ("text", "given", "reason"),
    [
        ("time_ns,a,b\n1,2,3\n2,3,4", {"first_row": "x_nm"}, "first row holds no position_nm"),
        ("time_ns,1,2\n1,2,3\n2,3,4", {"first_row": "time_ps"}, "first row holds no time_ps"),
        ("position_nm,1,2\n1,2,3\n2,3,4", {}, "times of its columns; give bin_ns or first_row"),
        ("time_ns,x_nm,counts\n1,0,3\n1,0,4\n2,1,1\n2,1,1", {}, "4 rows are not 2 by 2 points"),
        ("time_ns,x_nm,counts\n1,0,0\n1,1,0\n2,0,0\n2,1,0", {}, "it has no counts"),
        ("a,b\n1,2\n2,3", {}, r"its columns are \(its columns are a, b\); give bin_ns"),
        ("1 2 \n2 3", {}, "its columns are; give bin_ns"),
    ],
)  # fmt: skip
def test_tables_that_do_not_say_their_axes_are_refused(tmp_path, text, given, reason):
    """With what is missing, or wrong, and what says it."""
    (tmp_path / "a.csv").write_text(text)
    with pytest.raises(ValueError, match=rf"^a.csv cannot be read: .*{reason}"):
        io.read_scan(tmp_path / "a.csv", **given)


def test_a_long_table_of_two_axes_of_one_kind_is_none(tmp_path):
    """Two times are the times of a curve and a curve."""
    path = tmp_path / "a.csv"
    path.write_text("time_ns,delay_ps,counts\n" + rows(",", MAP_NS, MAP[:, 0], MAP[:, 1]))
    assert io.read_decay(path, channel=1).counts.values.tolist() == MAP[:, 1].tolist()


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"\x00\x01" * 50, "it is no text; give it the ending of its format"),
        (b"1 2\n", "it holds no table of numbers"),
        (b"1 2 3 4\n1 2 3 4\n1 2\n", "a row beside its table has 2 numbers, and those of it 4"),
        (b"1 2\n1 2 3 4\n1 2 3 4\n", "a row beside its table has 2 numbers, and those of it 4"),
        (b"1 2\n" * 9 + b"a\n" + b"1 2\n" * 5, "it holds several tables"),
        (b"1 2\n" * 3 + b"a\n" + b"1 2\n" * 3, "it holds several tables"),
        (b"1 2\n1 inf\n", "its table has gaps; leave no field empty"),
    ],
)
def test_texts_without_one_table_are_refused(tmp_path, data, reason):
    """Rows of another length beside it, and another table that is as long as half of it."""
    (tmp_path / "a.txt").write_bytes(data)
    with pytest.raises(ValueError, match=f"^a.txt cannot be read: {reason}"):
        io.read_decay(tmp_path / "a.txt", bin_ns=1)


@pytest.mark.parametrize(
    ("data", "sums"),
    [
        (b"1\n1 2 3\n1 4 5\n", [6, 10]),
        (b"1 2 3\n1 4 5\n1\n", [6, 10]),
        (b"1 2 3\n" * 8 + b"a\n" + b"4 5\n" * 4, [6] * 8),
        (b"4 5\n4 5\nb\n1 2 3\n1 2 3\n1 2 3\n", [6] * 3),
        (b"title of caf\xe9 \x81\n1 2 3\n2 3 4\n", [5, 7]),  # beside an axis
    ],
)
def test_other_numbers_do_not_hide_a_table(tmp_path, data, sums):
    """Rows of less than half as many, and tables of half as many rows or two, are left out."""
    path = tmp_path / "a.txt"
    path.write_bytes(data)
    found = io.read_decay(path, bin_ns=1, channel="sum", time_zero_ns=0)
    assert found.counts.values.tolist() == sums


def test_labels_stand_in_the_last_line_that_has_as_many(tmp_path):
    """Signs of a comment do not belong to them."""
    path = tmp_path / "a.txt"
    path.write_text("# X\tY\n# made by hand\n1\t2\n3\t4\n", encoding="utf-8")
    assert split_text(path)[1] == ["X", "Y"]


def test_points_beside_decimal_commas_are_no_numbers(tmp_path):
    """Such a row is none of the table."""
    path = tmp_path / "a.txt"
    path.write_text("1.5;2,5\n1;2\n3;4\n", encoding="utf-8")
    assert split_text(path)[2].tolist() == [[1, 2], [3, 4]]


@pytest.mark.parametrize(
    ("line", "fields"),
    [
        ("1;2;3", 3), ("1\t2\t3", 3), ("1,2,3", 3), ("1 2 3", 3), ("1,5 2,5", 2), ("1,5;2,5", 2),
        ("'1','2'", 2), ("1,2,", 2), ("1.5,2.5", 2), ("1, 2, 3", 3), ("1,000\t2", 2),
    ],
)  # fmt: skip
def test_fields_are_told_apart(tmp_path, line, fields):
    """Tabs and semicolons before commas, which may be decimal ones, and these before spaces."""
    path = tmp_path / "a.txt"
    path.write_text(f"{line}\n{line}\n")
    found = io.read_decay(path, bin_ns=1, channel="sum", time_zero_ns=0)
    assert len(split_text(path)[2][0]) == fields
    assert (found.sizes["time_ns"], found.attrs["tcspc_bin_ps"]) == (2, 1000)


@pytest.mark.parametrize("name", ["counts", "data", "histogram", "anything"])
def test_counts_have_one_of_three_names_or_none_beside_them(tmp_path, name):
    """Another matrix does not matter to a name that is known, and hides one that is not."""
    axes = {"time_ns": MAP_NS, "position_nm": AT_NM}
    path = tmp_path / "a.npz"
    np.savez(path, **{name: MAP}, **axes)
    np.testing.assert_array_equal(io.read_scan(path, time_zero_ns=0).counts, MAP)
    np.savez(path, **{name: MAP, "other": 2 * MAP}, **axes)
    if name == "anything":
        with pytest.raises(ValueError, match=r"it holds .*'anything', 'other'.*; name the counts"):
            io.read_scan(path)
    else:
        np.testing.assert_array_equal(io.read_scan(path, time_zero_ns=0).counts, MAP)


@pytest.mark.parametrize(
    "axes", [("x_nm", "time_ns"), ("x_um", "delay_ps"), ("position_mm", "time_us")]
)
def test_arrays_over_any_of_our_axes_are_scans(tmp_path, axes):
    """Positions are also called x, and times delays; each in its own unit."""
    x, t = axes
    per_nm = {"nm": 1, "um": 1e-3, "mm": 1e-6}[x.split("_")[1]]
    per_ns = {"ns": 1, "ps": 1e3, "us": 1e-3}[t.split("_")[1]]
    path = tmp_path / "a.npz"
    np.savez(path, counts=MAP.T, **{x: AT_NM * per_nm, t: MAP_NS * per_ns})
    scan = io.read_scan(path, time_zero_ns=0, channel=0)  # what has no channels is the first
    np.testing.assert_array_equal(scan.counts, MAP)
    np.testing.assert_allclose(scan.position_nm, AT_NM)
    np.testing.assert_allclose(scan.time_ns, MAP_NS)


def test_a_matrix_is_no_axis(tmp_path):
    """Only what has one dimension is, whatever the name and size of the others."""
    axes = {"time_ns": MAP_NS, "position_nm": AT_NM, "position_um": AT_NM[:, None]}
    np.savez(tmp_path / "a.npz", counts=MAP, **axes)
    scan = io.read_scan(tmp_path / "a.npz", time_zero_ns=0)
    np.testing.assert_array_equal(scan.position_nm, AT_NM)


@pytest.mark.parametrize("times", [False, True])
def test_an_image_has_the_sides_that_are_named(tmp_path, times):
    """By their lengths, in any order, with times or without."""
    sides = {"x_um": 0.05 * np.arange(4), "y_um": 0.05 * np.arange(3)}
    counts = np.arange(12).reshape(4, 3) + 1
    axes = sides | ({"time_ns": np.arange(2.0)} if times else {})
    given = np.stack([counts, counts], -1) if times else counts
    np.savez(tmp_path / "a.npz", counts=given, **axes)
    image = io.read_image(tmp_path / "a.npz", **({"time_zero_ns": 0} if times else {}))
    assert dict(image.counts.sizes) == {"time_ns": 1 + times, "y_nm": 3, "x_nm": 4}
    np.testing.assert_array_equal(image.counts.isel(time_ns=0), counts.T)
    np.testing.assert_allclose(image.x_nm, 50 * np.arange(4))


@pytest.mark.parametrize("n_times", [1, 2])
def test_times_are_asked_for_where_there_are_two(tmp_path, n_times):
    """A single image has no time to tell."""
    path = tmp_path / "a.npz"
    np.savez(path, np.ones((4, 5, n_times)))
    if n_times == 1:
        assert io.read_image(path, pixel_nm=50).sizes["time_ns"] == 1
    else:
        with pytest.raises(ValueError, match="does not say its times"):
            io.read_image(path, pixel_nm=50)
    image = io.read_image(path, pixel_nm=50, bin_ns=0.5, time_zero_ns=0)
    np.testing.assert_allclose(image.time_ns, 0.25 + 0.5 * np.arange(n_times))


@pytest.mark.parametrize(
    ("told", "period_ns"),
    [
        ({"rep_rate_MHz": 0}, None), ({"period_ns": 0.5}, 0.5), ({"period_ns": 0}, None),
        ({"period_us": -1}, None), ({"period_ns": "long"}, None),
    ],
)  # fmt: skip
def test_a_period_is_a_number_above_nothing(tmp_path, told, period_ns):
    """What is none is not told."""
    np.savez(tmp_path / "a.npz", counts=MAP, time_ns=MAP_NS, position_nm=AT_NM, **told)
    attrs = io.read_scan(tmp_path / "a.npz", time_zero_ns=0).attrs
    assert (attrs.get("rep_rate_MHz") or None) == (period_ns and pytest.approx(1e3 / period_ns))
