"""Scans in every layout come back as the record that was written, and the fits take them."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

import h5py
import numpy as np
import pandas as pd
import pytest
import writers
import xarray as xr
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tptools import fitting, io
from tptools.fitting import spreading_spot
from tptools.instruments import Timer
from tptools.io.positions import positions_of
from tptools.io.record import as_dataset, from_time_zero, landmarks

BIN_NS, PERIOD_NS, ZERO_NS = 0.064, 50.0, 1.6
POSITION_NM = np.linspace(-900.0, 900.0, 25)
METHODS = ("slices", "global", "convolution", "moment")


def record(seed=1, n_times=120):
    """A spot that spreads, 25 bins after the clock starts, over (time, position)."""
    time = (np.arange(n_times) + 0.5) * BIN_NS - ZERO_NS
    late = np.maximum(time, 0)
    spot = {"diffusivity_cm2_s": 0.05, "variance_nm2": 250.0**2}
    light = spreading_spot(late, POSITION_NM, 4e3 * np.exp(-late / 2.2), **spot)
    mean = light.to_numpy() * (time > 0)[:, None] + 1.0
    counts = np.random.default_rng(seed).poisson(mean)
    return xr.DataArray(counts, {"time_ns": time, "position_nm": POSITION_NM})


RECORD = record()


def folder_of_ptu(folder, counts, name="x_{:+.0f}nm.ptu"):
    folder.mkdir(exist_ok=True)
    for i, at in enumerate(counts.position_nm.to_numpy()):
        curve = counts.isel(position_nm=i).to_numpy()
        path = folder / name.format(at, i=i)
        writers.write_image_ptu(path, curve[None, None, None], BIN_NS, PERIOD_NS)
    return folder


def assert_same(scan, counts=RECORD, rtol=1e-6):
    """All that was written is there, and nothing after it."""
    found = scan.counts.transpose("time_ns", "position_nm")
    n = counts.sizes["time_ns"]
    np.testing.assert_array_equal(found[:n], counts.transpose("time_ns", "position_nm"))
    assert not found[n:].any()
    np.testing.assert_allclose(found.time_ns[:n], counts.time_ns, rtol=0, atol=1e-6)
    np.testing.assert_allclose(found.position_nm, counts.position_nm, rtol=rtol, atol=1e-9)
    assert {name: scan[name].attrs["units"] for name in ("time_ns", "position_nm")} == {
        "time_ns": "ns",
        "position_nm": "nm",
    }


def test_form_is_that_of_the_microscope(tmp_path):
    """Names, order of the axes, units and attributes are those of a measured record of ours."""
    scan = io.read_scan(folder_of_ptu(tmp_path / "scan", RECORD), time_zero_ns=ZERO_NS)
    assert scan.counts.dims == ("time_ns", "position_nm")
    assert scan.counts.dtype.kind == "i"
    assert scan.counts.attrs == {"long_name": "photon counts", "units": "1"}
    assert scan.time_ns.attrs == {"units": "ns"}
    assert scan.position_nm.attrs == {"units": "nm"}
    assert scan.attrs["tcspc_bin_ps"] == pytest.approx(1e3 * BIN_NS)
    assert scan.attrs["period_ns"] == pytest.approx(PERIOD_NS)
    assert (scan.attrs["time_zero_ns"], scan.attrs["time_zero_from"]) == (ZERO_NS, "given")
    assert scan.attrs["rep_rate_MHz"] == pytest.approx(20)
    assert len(json.loads(scan.attrs["files"])) == POSITION_NM.size
    assert scan.attrs["ImgHdr_Ident"] == 3
    assert "TTResult_NumberOfRecords" not in scan.attrs  # differs from file to file
    assert not scan.bad_position.any()
    scan.to_netcdf(tmp_path / "scan.nc", engine="h5netcdf")


def test_a_folder_of_ptu_gives_equal_counts_and_equal_diffusivity(tmp_path):
    """Histograms that end after their last photons give one record, and each method its D."""
    scan = io.read_scan(folder_of_ptu(tmp_path / "scan", RECORD), time_zero_ns=ZERO_NS)
    assert_same(scan)
    for method in METHODS:
        wanted = fitting.diffusivity(RECORD, method)
        found = fitting.diffusivity(scan.counts, method)
        assert found.value == pytest.approx(wanted.value, rel=1e-6)
        assert found.std_err == pytest.approx(wanted.std_err, rel=1e-6)


def test_time_zero_is_found_to_a_part_of_a_bin(tmp_path):
    """Without a word, times count from half of the rise."""
    scan = io.read_scan(folder_of_ptu(tmp_path / "scan", RECORD))
    assert scan.attrs["time_zero_ns"] == pytest.approx(ZERO_NS, abs=BIN_NS)
    assert scan.attrs["time_zero_from"] == "half of the rise of the light"
    start, end = scan.attrs["fit_window_ns"]
    assert (start, end) == (0, pytest.approx(2.2 * np.log(4), abs=0.3))
    assert scan.attrs["background_counts"] == pytest.approx(1, abs=0.15)


def test_a_clock_that_starts_at_zero_says_nothing_of_the_pulse():
    """Times below zero do."""
    from_zero = RECORD.assign_coords(time_ns=RECORD.time_ns - RECORD.time_ns[0])
    _, found = from_time_zero(from_zero, None, None)
    assert found["time_zero_from"] == "half of the rise of the light"
    assert found["time_zero_ns"] == pytest.approx(ZERO_NS - BIN_NS / 2, abs=BIN_NS)
    assert from_time_zero(RECORD, None, None)[1]["time_zero_ns"] == 0


def test_a_record_has_its_form_before_anything_is_said_of_it():
    """Positions are floats in nm, and three times are enough for one step."""
    counts = xr.DataArray(
        [[4, 5], [3, 4], [1, 2]], {"time_ns": [0.0, 0.1, 0.2], "position_nm": [1, 2]}
    )
    position = as_dataset(counts, {}).position_nm
    assert (position.dtype, position.attrs) == (float, {"units": "nm"})
    assert landmarks(counts) == {"fit_window_ns": [0.0, 0.2]}
    assert landmarks(counts[:2]) == {}


def test_only_what_a_record_shows_is_said_of_it(tmp_path):
    """No window of uneven times or of what ends before the pulse, no level of what starts at it."""
    gap = write_map(tmp_path / "gap.npz", RECORD.isel(time_ns=np.delete(np.arange(120), 60)))
    whole = write_map(tmp_path / "whole.npz", RECORD)
    for path, window_ns, names in (
        (gap, None, set()),
        (whole, None, {"fit_window_ns", "background_counts"}),
        (whole, (-2, -0.1), {"background_counts"}),
        (whole, (-0.2, 3), {"fit_window_ns"}),
    ):
        scan = io.read_scan(path, window_ns=window_ns)
        assert {"fit_window_ns", "background_counts"} & scan.attrs.keys() == names
    late = RECORD.assign_coords(time_ns=RECORD.time_ns + ZERO_NS)
    gap = write_map(tmp_path / "late.npz", late.isel(time_ns=np.delete(np.arange(120), 60)))
    scan = io.read_scan(gap)
    assert scan.attrs["time_zero_from"] == "clock of the file: no rise of light was found"
    np.testing.assert_allclose(scan.time_ns[0], BIN_NS / 2)


@pytest.mark.parametrize(
    ("name", "given"),
    [
        ("405nm_pos{:.0f}nm.ptu", {}),
        ("scan_{i}.ptu", {"step_nm": 75, "shift": -900}),
        ("p{i}_1.ptu", {"pattern": r"p(\d+)_", "step_nm": 75, "shift": -900}),
        ("p{i},0_1.ptu", {"pattern": r"p(\d+,\d)_", "step_nm": 75, "shift": -900}),
        ("{i}.ptu", {"position_nm": POSITION_NM}),
        ("{i}.ptu", {"position_nm": {f"{i}.ptu": x for i, x in enumerate(POSITION_NM)}}),
        # names without their ending
        ("{i}.ptu", {"position_nm": {f"{i}": x for i, x in enumerate(POSITION_NM)}}),
        ("{i}.ptu", {"position_nm": "table.csv"}),
    ],
)
def test_positions_come_from_names_a_table_or_by_hand(tmp_path, name, given):
    """Each way of saying where the detector stood gives the same record."""
    folder = folder_of_ptu(tmp_path / "scan", RECORD, name)
    given = dict(given)
    shift = given.pop("shift", 0)
    if given.get("position_nm") is not None and isinstance(given["position_nm"], str):
        rows = {"file": [f"{i}.ptu" for i in range(25)], "position_um": POSITION_NM / 1e3}
        pd.DataFrame(rows).to_csv(tmp_path / "table.csv", index=False)
        given["position_nm"] = tmp_path / "table.csv"
    scan = io.read_scan(folder, time_zero_ns=ZERO_NS, **given)
    assert_same(scan.assign_coords(position_nm=scan.position_nm + shift))


@pytest.mark.parametrize(
    ("name", "given", "reason"),
    [
        ("{i}.ptu", {}, "position_nm is not given"),
        ("a{i}b{i}.ptu", {"step_nm": 50}, "hold 2; give position_nm"),
        ("{i}.ptu", {"pattern": r"(\d+)"}, "give step_nm"),
        ("{i}.ptu", {"pattern": "(", "step_nm": 1}, "regular expression"),
        ("{i}.ptu", {"pattern": "pos(.)", "step_nm": 1}, "finds nothing in 0.ptu"),
        ("{i}.ptu", {"position_nm": [1]}, "has 1 positions and must have one for each of 3 files"),
        ("{i}.ptu", {"position_nm": [1, 2, 2]}, "position_nm = 2 twice"),
        ("{i}.ptu", {"position_nm": {"0.ptu": 1}}, r"no position of 1.ptu"),
        ("{i}.ptu", {"position_nm": pd.DataFrame({"a": ["0.ptu"]})}, "called position_nm"),
        ("{i}.ptu", {"position_nm": pd.DataFrame({"position_nm": [1]})}, "one of file names and"),
        ("{i}.ptu", {"position_nm": os.devnull}, "is no table: .*; save a CSV"),
        ("{i}.ptu", {"step_nm": 50, "window_ns": (300, 400)}, "window_ns .* holds no time"),
        ("{i}.ptu", {"step_nm": -50}, "step_nm = -50"),
    ],
)
def test_positions_that_nothing_says_are_asked_for(tmp_path, name, given, reason):
    """No position is guessed: the error names the argument that says it."""
    folder = folder_of_ptu(tmp_path / "scan", RECORD[:, :3], name)
    with pytest.raises(ValueError, match=reason):
        io.read_scan(folder, **given)


@pytest.mark.parametrize(
    ("unit", "nm"),
    [("pm", 1e-3), ("nm", 1), ("um", 1e3), ("\u00b5m", 1e3), ("\u03bcm", 1e3), ("mm", 1e6)],
)
def test_a_name_has_any_unit_of_length(unit, nm):
    """With either letter of micro, a decimal comma, and beside numbers that do not differ."""
    names = [f"405nm_x_{at}{unit}_10nW.ptu" for at in ("-1,5", "0", "+2.5")]
    found = positions_of([*map(Path, names)], None, None, None)
    np.testing.assert_allclose(found, np.array([-1.5, 0, 2.5]) * nm)


def test_a_file_unlike_its_neighbours_is_named(tmp_path):
    """Another bin width, another period, an image and an empty file are refused by name."""
    folder = folder_of_ptu(tmp_path / "scan", RECORD[:, :3])
    curve = RECORD[:, 0].to_numpy()[None, None, None]
    odd = folder / "x_+0nm.ptu"
    for bin_ns, period_ns, image, reason in (
        (2 * BIN_NS, PERIOD_NS, curve, "its bins are 0.128 ns wide"),
        (BIN_NS, 2 * PERIOD_NS, curve, "its period is 100"),
        (BIN_NS, PERIOD_NS, np.repeat(curve, 3, 1), "places of its own"),
    ):
        writers.write_image_ptu(odd, image, bin_ns, period_ns)
        with pytest.raises(ValueError, match=rf"x_\+0nm.ptu cannot be read: .*{reason}"):
            io.read_scan(folder)
    odd.write_bytes(b"")
    with pytest.raises(ValueError, match=r"x_\+0nm.ptu cannot be read: it is empty"):
        io.read_scan(folder)


def test_kinds_are_not_mixed(tmp_path):
    """Notes beside the files do not matter; two kinds of records, or none, do."""
    folder = folder_of_ptu(tmp_path / "scan", RECORD[:, :3])
    for suffix in (".csv", ".tsv", ".txt", ".asc", ".dat"):
        (folder / f"notes{suffix.upper()}").write_text("power 10 nW", encoding="utf-8")
    assert io.read_scan(folder).sizes["position_nm"] == 3
    (folder / "x.phu").write_bytes(b"1")
    with pytest.raises(ValueError, match=r"2 kinds .*\.phu, \.ptu.*must hold one"):
        io.read_scan(folder)
    (tmp_path / "none").mkdir()
    with pytest.raises(ValueError, match="none"):
        io.read_scan(tmp_path / "none")


def line_ptu(path, counts):
    image = counts.to_numpy().T[None, :, None]  # y, x, channel, time
    writers.write_image_ptu(path, image, BIN_NS, PERIOD_NS, pixel_um=0.075)


def text(path, counts, first, second, separator, decimal=".", head=()):
    """A matrix with one axis in the first column, the other over the columns."""
    rows = [separator.join([first[0], *(f"{one:.9g} {second[1]}" for one in second[2])])]
    for at, row in zip(first[2], counts, strict=True):
        rows.append(separator.join([f"{at:.9g}", *map(str, row)]))
    Path(path).write_text("\n".join([*head, *rows]).replace(".", decimal), encoding="utf-8")


def write_map(path, counts, time_unit="ns", position_unit="nm", transposed=False):
    """One file with all of a scan, by its ending."""
    time, at = counts.time_ns.to_numpy(), counts.position_nm.to_numpy()
    time = time * {"ns": 1, "ps": 1e3, "us": 1e-3}[time_unit]
    at = at * {"nm": 1, "um": 1e-3}[position_unit]
    values = counts.to_numpy()
    names = {f"time_{time_unit}": time, f"position_{position_unit}": at}
    data = xr.DataArray(values, dict(zip(("t", "x"), (time, at), strict=True)))
    if path.suffix == ".npz":
        np.savez(path, counts=values.T if transposed else values, **names)
    elif path.suffix == ".mat":
        scipy_io = pytest.importorskip("scipy.io")
        scipy_io.savemat(path, {"counts": values.T if transposed else values, **names})
    elif path.suffix == ".nc":
        data = data.rename(t=f"time_{time_unit}", x=f"position_{position_unit}")
        data = data.T if transposed else data
        data.to_dataset(name="counts").to_netcdf(path, engine="h5netcdf")
    else:
        separator, decimal = {".csv": (",", "."), ".tsv": ("\t", "."), ".txt": (";", ",")}[
            path.suffix
        ]
        axes = (
            (f"time ({time_unit})", time_unit, time),
            (f"x [{position_unit}]", position_unit, at),
        )
        if transposed:
            text(path, values.T, axes[1], axes[0], separator, decimal)
        else:
            text(path, values, axes[0], axes[1], separator, decimal, ["Instrument: test"])
    return path


@settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    suffix=st.sampled_from([".npz", ".mat", ".nc", ".csv", ".tsv", ".txt"]),
    time_unit=st.sampled_from(["ns", "ps", "us"]),
    position_unit=st.sampled_from(["nm", "um"]),
    transposed=st.booleans(),
)
def test_maps_of_any_layout_and_unit_are_the_same(
    tmp_path_factory, suffix, time_unit, position_unit, transposed
):
    """Arrays and text, either axis first, in units and with decimal commas: one record."""
    path = tmp_path_factory.mktemp("map") / f"a{suffix}"
    write_map(path, RECORD[:40:2, ::3], time_unit, position_unit, transposed)
    scan = io.read_scan(path)
    assert scan.attrs["time_zero_from"] == "times of the file, which start before it"
    assert_same(scan, RECORD[:40:2, ::3])


@pytest.mark.parametrize("suffix", [".ptu", ".phu", ".sdt", ".csv"])
def test_one_file_with_a_line(tmp_path, suffix):
    """A line of an image file with its pixels, and curves at positions given by hand."""
    path = tmp_path / f"a{suffix}"
    given = {"position_nm": POSITION_NM, "time_zero_ns": ZERO_NS}
    counts = RECORD.to_numpy().T
    if suffix == ".ptu":
        line_ptu(path, RECORD)
        scan = io.read_scan(path, time_zero_ns=ZERO_NS)
        assert {*scan.coords} == {"time_ns", "position_nm"}
        assert_same(scan.assign_coords(position_nm=scan.position_nm - 900))
    elif suffix == ".phu":
        writers.write_phu(path, counts, BIN_NS, PERIOD_NS)
    elif suffix == ".sdt":
        writers.write_sdt(path, counts, BIN_NS)
    else:
        rows = [",".join(map(str, one)) for one in RECORD.to_numpy()]
        path.write_text("\n".join(["#ps/channel", f"{1e3 * BIN_NS}", *rows]), encoding="utf-8")
    assert_same(io.read_scan(path, **given))


def test_curves_of_one_pixel_each_are_places(tmp_path):
    """As curves without pixels are, where it is said how far they are apart."""
    curves = RECORD.to_numpy().T
    writers.write_sdt(tmp_path / "a.sdt", curves, BIN_NS)
    writers.write_sdt(tmp_path / "b.sdt", curves[:, None, None], BIN_NS)
    one, other = (io.read_scan(tmp_path / name, step_nm=50) for name in ("a.sdt", "b.sdt"))
    xr.testing.assert_equal(one.counts, other.counts)
    assert other.counts.sizes["position_nm"] == len(curves)


def test_one_file_needs_a_line_and_its_places(tmp_path):
    """A single curve, curves without positions, and an image are told where to go."""
    path = tmp_path / "a.phu"
    writers.write_phu(path, RECORD.to_numpy().T[:1], BIN_NS, PERIOD_NS)
    with pytest.raises(ValueError, match=r"single curve, and no positions; .* read_decay"):
        io.read_scan(path, step_nm=50)
    writers.write_phu(path, RECORD.to_numpy().T, BIN_NS, PERIOD_NS)
    with pytest.raises(ValueError, match="several channels"):
        io.read_scan(path)
    writers.write_image_ptu(tmp_path / "b.ptu", np.ones((3, 4, 1, 5)), BIN_NS, PERIOD_NS)
    with pytest.raises(ValueError, match="holds an image; read it with read_image"):
        io.read_scan(tmp_path / "b.ptu")


def test_a_window_by_hand_cuts_the_record(tmp_path):
    """What lies outside is not there."""
    path = write_map(tmp_path / "a.nc", RECORD)
    scan = io.read_scan(path, window_ns=(-0.5, 3))
    assert scan.time_ns[0] >= -0.5
    assert scan.time_ns[-1] <= 3
    assert scan.sizes["time_ns"] == ((RECORD.time_ns >= -0.5) & (RECORD.time_ns <= 3)).sum()


def test_a_decay_of_a_scan_is_its_sum(tmp_path):
    """Places are summed."""
    path = write_map(tmp_path / "a.nc", RECORD)
    decay = io.read_decay(path)
    assert decay.counts.dims == ("time_ns",)
    np.testing.assert_array_equal(decay.counts, RECORD.sum("position_nm"))


def test_bins_are_those_of_the_timer(tmp_path):
    """The default axis of the model, written by its bins, is read back."""
    timer = Timer(window_end_ns=2)
    edges = timer.edges_ns
    curve = np.arange(1, edges.size)
    path = tmp_path / "a.ptu"
    writers.write_image_ptu(path, curve[None, None, None], timer.bin_ns, 400.0)
    decay = io.read_decay(path, time_zero_ns=-timer.window_start_ns)
    middle = (edges[:-1] + edges[1:]) / 2
    np.testing.assert_allclose(decay.time_ns[: middle.size], middle, atol=1e-9)


@pytest.mark.parametrize("given", [None, 3, [], [None], {"a": 1}, np.ones(3)])
def test_what_is_no_path_is_a_type_error(given):
    """Anything else is refused by the name of the argument."""
    for read in (io.read_scan, io.read_decay, io.read_image):
        with pytest.raises(TypeError, match="source is a"):
            read(given)


def test_a_dark_position_counts_as_zero(tmp_path):
    """A file without a photon, or without one of the chosen channel, is a position like others."""
    folder = tmp_path / "scan"
    folder.mkdir()
    both = np.zeros((5, 2, 120), int)
    both[:4, 0], both[:3, 1] = RECORD[:, :4].T, RECORD[:, 5:8].T
    for k, counts in enumerate(both):
        writers.write_ptu(folder / f"x_{50 * k}nm.ptu", counts, BIN_NS, PERIOD_NS)
    for channel, wanted in ((0, both[:, 0]), (1, both[:, 1]), ("sum", both.sum(1))):
        scan = io.read_scan(folder, channel=channel, time_zero_ns=ZERO_NS)
        np.testing.assert_array_equal(scan.counts[:120].T, wanted)
    with pytest.raises(ValueError, match="several channels with counts"):
        io.read_scan(folder)


def test_a_dark_position_needs_no_bins_of_its_own(tmp_path):
    """A file without photons that says neither period nor bins is as long as the others."""
    counts = np.zeros((3, 1, 120), int)
    counts[1:, 0] = RECORD[:, 4:6].T
    for k, one in enumerate(counts):
        path = tmp_path / f"x_{50 * k}nm.h5"
        writers.write_photon_hdf5(path, one, BIN_NS, PERIOD_NS)
        with h5py.File(path, "a") as file:
            del file["photon_data/nanotimes_specs/tcspc_num_bins"]
            del file["photon_data/measurement_specs"]
    scan = io.read_scan(tmp_path, time_zero_ns=ZERO_NS)
    np.testing.assert_array_equal(scan.counts.T, counts[:, 0, : scan.sizes["time_ns"]])
    assert not counts[..., scan.sizes["time_ns"] :].any()


@pytest.mark.parametrize("suffix", [".phu", ".sdt"])
def test_dark_curves_and_bins_of_one_file_are_kept(tmp_path, suffix):
    """A curve without a photon is a position, and bins without one belong to the record."""
    counts = RECORD[:, 8:13].to_numpy().T.copy()
    counts[3] = 0
    counts[:, 100:] = 0
    path = tmp_path / f"a{suffix}"
    if suffix == ".phu":
        writers.write_phu(path, counts, BIN_NS, PERIOD_NS)
    else:
        writers.write_sdt(path, counts, BIN_NS)
    scan = io.read_scan(path, step_nm=50, time_zero_ns=ZERO_NS)
    np.testing.assert_array_equal(scan.counts.T, counts)


def test_channels_that_change_between_files_are_not_mixed(tmp_path):
    """Where each file has another channel, none of them is taken without a word."""
    folder = tmp_path / "scan"
    folder.mkdir()
    for k in range(2):
        counts = np.zeros((2, 120), int)
        counts[k] = RECORD[:, 10 + k]
        writers.write_ptu(folder / f"x_{50 * k}nm.ptu", counts, BIN_NS, PERIOD_NS)
    with pytest.raises(ValueError, match="several channels with counts"):
        io.read_scan(folder)


def test_a_bar_is_of_files_or_of_the_parts_of_one(tmp_path, capsys):
    """It is shown where it is asked for, and leaves nothing behind."""
    for k in range(2):
        counts = RECORD[:, 10 + k].to_numpy()[None]
        writers.write_ptu(tmp_path / f"x_{k}nm.ptu", counts, BIN_NS, PERIOD_NS)
    for read, source, name in (
        (io.read_scan, tmp_path, "files"),
        (io.read_decay, tmp_path / "x_0nm.ptu", "x_0nm.ptu"),
    ):
        read(source)
        assert not capsys.readouterr().err
        read(source, progress=True)
        said = capsys.readouterr().err
        assert {*re.findall(r"\r([^:\s]+): ", said)} == {name}
        assert not said.endswith("\n")
    assert re.search(r"\bpart\b", said)


def curves_in(folder, *columns):
    """A text for each curve over some times."""
    for k, (time, counts) in enumerate(columns):
        rows = [f"{t:.6g},{n}" for t, n in zip(time, counts, strict=True)]
        (folder / f"x_{50 * k}nm.csv").write_text(
            "\n".join(["time_ns,counts", *rows]), encoding="utf-8"
        )
    return folder


def test_files_start_at_the_same_time(tmp_path):
    """To a thousandth of a bin; they may end at any."""
    time = np.arange(10, 18) / 10
    scan = io.read_scan(curves_in(tmp_path, (time[:4], [1, 2, 3, 4]), (time, range(8))))
    assert scan.counts.values.T.tolist() == [[1, 2, 3, 4, 0, 0, 0, 0], [*range(8)]]
    for late, refused in ((5e-5, False), (2e-4, True)):
        folder = curves_in(tmp_path, (time + late, range(8)), (time, range(8)), (time, range(8)))
        if refused:
            reason = r"x_50nm.csv .* times start at 1 ns, and those of others at 1.0002 ns"
            with pytest.raises(ValueError, match=reason):
                io.read_scan(folder)
        else:
            assert io.read_scan(folder).sizes["position_nm"] == 3


def test_all_files_have_a_period_or_none(tmp_path):
    """The same to a thousandth, unless it is told."""
    folder = curves_in(tmp_path, *[(np.arange(1.0, 9.0), range(8))] * 3)
    assert "period_ns" not in io.read_scan(folder).attrs
    rates = ("repetition rate: 40 MHz\n", "repetition rate: 40.02 MHz\n", "")
    for k, rate in enumerate(rates):
        path = folder / f"x_{50 * k}nm.csv"
        path.write_text(rate + path.read_text(encoding="utf-8"), encoding="utf-8")
    with pytest.raises(ValueError, match=r"x_100nm.csv .* its period is None ns, .* 24.9938 ns"):
        io.read_scan(folder)
    assert io.read_scan(folder, period_ns=25).attrs["period_ns"] == 25
    path.unlink()
    assert io.read_scan(folder).attrs["period_ns"] == pytest.approx(25, rel=1e-3)


def test_curves_without_a_photon_are_no_choice(tmp_path):
    """Nor do they make one needed, and one photon is enough."""
    text = "time_ns,a,b,c\n1,0,2,0\n2,0,5,0\n3,0,3,0\n"
    (tmp_path / "a.csv").write_text(text, encoding="utf-8")
    assert io.read_decay(tmp_path / "a.csv").counts.values.tolist() == [2, 5, 3]
    with pytest.raises(ValueError, match=r"channel = 0 has no photons in a.csv, .* one of \[1\]"):
        io.read_decay(tmp_path / "a.csv", channel=0)
    one = text.replace("2,0\n2,0,5,0\n3,0,3", "0,0\n2,0,1,0\n3,0,0")
    (tmp_path / "a.csv").write_text(one, encoding="utf-8")
    assert io.read_decay(tmp_path / "a.csv").counts.values.tolist() == [0, 1, 0]


def test_two_curves_are_detectors_and_three_places(tmp_path):
    """Where steps or positions are told; of detectors one must be chosen."""
    text = "time_ns,a,b\n1,1,2\n2,3,5\n3,1,3\n"
    (tmp_path / "a.csv").write_text(text, encoding="utf-8")
    for places in ({"step_nm": 50}, {"position_nm": [0, 50]}):
        with pytest.raises(ValueError, match=r"several channels with counts \(0: 5, 1: 10\); give"):
            io.read_scan(tmp_path / "a.csv", **places)
    text = "time_ns,a,b,c\n1,0,2,0\n2,0,5,0\n3,0,3,0\n"
    (tmp_path / "a.csv").write_text(text, encoding="utf-8")
    assert io.read_scan(tmp_path / "a.csv", step_nm=50).position_nm.values.tolist() == [0, 50, 100]


def test_two_places_are_a_line(tmp_path):
    """And one place is a single curve."""
    (tmp_path / "a.csv").write_text("time_ns,-50 nm,50 nm\n1,1,2\n2,3,5\n3,1,3\n", encoding="utf-8")
    assert io.read_scan(tmp_path / "a.csv").position_nm.values.tolist() == [-50, 50]
    assert io.read_decay(tmp_path / "a.csv").counts.values.tolist() == [3, 8, 4]
    np.savez(tmp_path / "b.npz", counts=[[1, 3, 1]], position_nm=[50.0], time_ns=[1.0, 2.0, 3.0])
    with pytest.raises(ValueError, match="single curve"):
        io.read_scan(tmp_path / "b.npz")
