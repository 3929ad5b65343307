"""Small writers of the formats of instruments, for files with known contents."""

from __future__ import annotations

import struct
from pathlib import Path

import h5py
import numpy as np
import ptufile

from tptools.companion.scan_files import T2, T3, photons, tag, write_ptu

__all__ = ["T2", "T3", "write_ptu"]


def write_image_ptu(path, counts, bin_ns, period_ns, pixel_um=0.05):
    """T3 records of counts over (y, x, channel, time), with the markers of a scanner."""
    ptufile.imwrite(
        path,
        np.ascontiguousarray(counts, np.uint32),
        period_ns * 1e-9,
        bin_ns * 1e-9,
        pixel_resolution=pixel_um,
        mode="w",
    )


def write_phu(path, counts, bin_ns, period_ns):
    """Histograms over (curve, time), or curves one by one, of any lengths."""
    sizes = [one.size for one in counts]
    n, starts = len(sizes), np.cumsum([0, *sizes]).tolist()
    tags = b"".join(
        tag(name, value, i)
        for i in range(n)
        for name, value in {
            "HistResDscr_HistogramBins": sizes[i],
            "HistResDscr_MDescResolution": bin_ns * 1e-9,
            "HistResDscr_SyncRate": round(1e9 / period_ns),
        }.items()
    )
    head = b"PQHISTO\0" + b"1.0.00\0\0" + tag("HistoResult_NumberOfCurves", n) + tags
    length = len(head) + (n + 1) * len(tag("Header_End", None))
    offsets = (tag("HistResDscr_DataOffset", length + 4 * starts[i], i) for i in range(n))
    data = np.concatenate([*counts]).astype("<u4").tobytes()
    Path(path).write_bytes(head + b"".join(offsets) + tag("Header_End", None) + data)


def packed(fields: list[tuple[str, object]]) -> bytes:
    """Little-endian fields in a row."""
    return b"".join(struct.pack("<" + code, value) for code, value in fields)


def write_pt3(path, counts, bin_ns, period_ns, *, mode=3):
    """Records of a PicoHarp 300 over (channel, time); channels from 1."""
    channel, late = photons(counts)
    records = ((channel + 1) << 28 | late << 16).astype("<u4")
    records = np.append(records, np.uint32(0xF << 28))  # an overflow
    head = packed([("16s", b"PicoHarp 300"), ("6s", b"2.0"), ("306s", b"")])
    head += struct.pack("<18i", 1, 32, 4, 1, 0, mode, *[0] * 12) + bytes(8 * 8 + 3 * 12 + 16 + 20)
    head += struct.pack("<16s8s6ifii", b"PicoHarp 300", b"", 0, 1, 0, 0, 0, 0, bin_ns, 0, 0)
    head += bytes(4 * 24)
    head += struct.pack("<9i", 0, 0, 0, round(1e9 / period_ns), 0, 0, 0, records.size, 0)
    Path(path).write_bytes(head + records.tobytes())


def write_t3r(path, counts, bin_ns, period_ns):
    """Records of a TimeHarp 200 over (channel of the router, time)."""
    channel, late = photons(counts)
    records = (1 << 30 | channel << 28 | late << 16).astype("<u4")
    records = np.append(records, np.uint32(0x800 << 16))  # an overflow
    head = packed([("16s", b"TimeHarp 200"), ("6s", b"5.0"), ("6s", b"2.5"), ("276s", b"")])
    head += struct.pack("<19i", 4096, 1, 32, *[0] * 16) + bytes(8 * 8 + 3 * 12 + 16 + 20)
    head += struct.pack("<5if", 0, 0, 0, 0, 0, bin_ns)
    head += struct.pack("<13i", 100, *[0] * 6, round(1e9 / period_ns), 0, 0, 0, records.size, 0)
    Path(path).write_bytes(head + records.tobytes())


def write_spc(path, counts, tac_ns):
    """Records of an SPC-150 over (channel, 4096 bins of its converter), and the .set beside it."""
    channel, late = photons(counts)
    records = ((4095 - late) << 16 | channel << 12).astype("<u4")
    first = np.array([0x80000000 | 500], "<u4")
    overflow = np.array([0xC0000001], "<u4")
    Path(path).write_bytes(np.concatenate([first, records, overflow]).tobytes())
    head = struct.pack("<h", 0x28 << 4) + bytes(40)
    text = "*IDENTIFICATION\n  ID : SPC Setup Script File\n  Title : test\n*END\n*SETUP\n"
    text += f"  SYS_PARA_BEGIN:\n  #SP [SP_TAC_R,F,{tac_ns * 1e-9}]\n  #SP [SP_TAC_G,I,1]\n"
    text += "  SYS_PARA_END:\n*END\n"
    Path(path).with_suffix(".set").write_bytes(head + text.encode())


def write_sdt(path, counts, bin_ns):
    """One block for each channel of counts over (channel, time) or (channel, y, x, time)."""
    from sdtfile import sdtfile

    size = counts.shape[-1]
    record = np.zeros(1, sdtfile.record_dtype(sdtfile.MEASURE_INFO, 512))
    record["adc_re"], record["tac_g"], record["tac_r"] = size, 1, bin_ns * 1e-9 * size
    if counts.ndim == 4:
        record["scan_x"], record["scan_y"] = counts.shape[2], counts.shape[1]
    info = b"*IDENTIFICATION\r\n  ID        : SPC Setup & Data File\r\n*END\r\n"
    head = np.zeros(1, sdtfile.FILE_HEADER)
    at = head.nbytes
    head["revision"], head["header_valid"], head["chksum"] = 0x280F, 0x5555, 0x55AA
    head["info_offs"], head["info_length"] = at, len(info)
    at += len(info)
    head["meas_desc_block_offs"], head["meas_desc_block_length"] = at, record.nbytes
    head["no_of_meas_desc_blocks"] = 1
    at += record.nbytes
    head["data_block_offs"], head["no_of_data_blocks"] = at, len(counts)
    body = b""
    for one in counts.astype("<u4"):
        block = np.zeros(1, sdtfile.BLOCK_HEADER)
        block["data_offs"] = at + len(body) + block.nbytes
        block["next_block_offs"] = int(block["data_offs"][0]) + one.nbytes
        block["block_type"], block["block_length"] = 0x101, one.nbytes  # decays of 32 bits
        body += block.tobytes() + one.tobytes()
    Path(path).write_bytes(head.tobytes() + info + record.tobytes() + body)


def write_photon_hdf5(path, counts, bin_ns, period_ns):
    """Photons over (channel, time)."""
    channel, late = photons(counts)
    with h5py.File(path, "w") as file:
        data = file.create_group("photon_data")
        data["timestamps"] = np.arange(channel.size)
        data["detectors"], data["nanotimes"] = channel.astype("u1"), late.astype("u2")
        data["nanotimes_specs/tcspc_unit"] = bin_ns * 1e-9
        data["nanotimes_specs/tcspc_num_bins"] = counts.shape[1]
        data["measurement_specs/laser_repetition_rate"] = 1e9 / period_ns
