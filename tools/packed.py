"""Write a PDF with its small objects in compressed groups, as PDF 1.5 has them.

Chromium writes each mark of a tagged print as an object of its own, a hundred thousand of them in a
book, none compressed. Each object stays as it is, in another place; only places on a page lose the
digits beyond a hundredth of a point.
"""

from __future__ import annotations

import re
import zlib
from io import BytesIO

from pypdf import PdfReader
from pypdf.generic import DictionaryObject

TOGETHER = 1000
# a stream without any name of its own is what a page draws
DRAWN = re.compile(
    rb"<</Filter /FlateDecode\s/Length \d+>>\s*stream\r?\n(.*)\nendstream", re.DOTALL
)
DIGITS = re.compile(rb"(?<=[\s\[])(-?\d{2,}\.\d{2})\d+(?=[\s\]])")
BINARY = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n"


def packed(pdf: bytes) -> bytes:
    """Return a smaller PDF with the same objects.

    Parameters
    ----------
    pdf : bytes
        As Chromium writes it: one table of places, no object newer than another.

    Raises
    ------
    ValueError
        If it has objects of a later edition, or groups already.
    """
    reader = PdfReader(BytesIO(pdf))
    if set(reader.xref) - {0, 65535} or reader.xref_objStm:
        raise ValueError("this PDF has been edited or packed before; print it anew")
    places = sorted(reader.xref.get(0, {}).items(), key=lambda item: item[1])
    small, large = [], {}
    for number, place in places:
        end = re.compile(rb"\s*endobj").search(pdf, _end_of_stream(pdf, place))
        if not end:
            raise ValueError(f"object {number} of this PDF has no end; print it anew")
        body = re.sub(rb"^\d+ \d+ obj\s*", b"", pdf[place : end.start()])
        if body.endswith(b"endstream"):
            large[number] = _rounded(body)
        else:
            small.append((number, body))
    return _written(sorted(small), large, reader.trailer)


def _rounded(body: bytes) -> bytes:
    """What a page draws, with two digits behind the point of numbers above ten; else unchanged."""
    found = DRAWN.fullmatch(body)
    drawn = zlib.decompress(found[1]) if found else b""
    if not found or drawn.startswith(b"/CIDInit"):
        return body
    content = zlib.compress(DIGITS.sub(rb"\1", drawn), 9)
    head = b"<</Filter /FlateDecode\n/Length %d>> stream\n" % len(content)
    return head + content + b"\nendstream"


def _end_of_stream(pdf: bytes, place: int) -> int:
    """Where to look for the end of an object: behind its stream, if it has one."""
    end = pdf.index(b"endobj", place)
    start = pdf.find(b"stream", place, end)
    length = re.search(rb"/Length (\d+)", pdf[place:start]) if start >= 0 else None
    return start + len(b"stream\n") + int(length[1]) if length else place


def _written(
    small: list[tuple[int, bytes]], large: dict[int, bytes], trailer: DictionaryObject
) -> bytes:
    """The file: objects with streams, groups of the others, and the table of places."""
    out, rows = bytearray(BINARY), {0: (0, 0, 65535)}
    first_new = 1 + max([number for number, _ in small] + list(large))
    for number, body in large.items():
        rows[number] = (1, len(out), 0)
        out += b"%d 0 obj\n%b\nendobj\n" % (number, body)
    for group, start in enumerate(range(0, len(small), TOGETHER)):
        some, places, joined = small[start : start + TOGETHER], [], b""
        for index, (number, body) in enumerate(some):
            places.append(b"%d %d" % (number, len(joined)))
            joined += body + b"\n"
            rows[number] = (2, first_new + group, index)
        head = b" ".join(places) + b"\n"
        entries = b"/Type /ObjStm /N %d /First %d" % (len(some), len(head))
        rows[first_new + group] = (1, len(out), 0)
        out += _stream(first_new + group, entries, head + joined)
    table, start = 1 + max(rows), len(out)
    rows[table] = (1, start, 0)
    free = (0, 0, 65535)
    lines = [_row(rows.get(number, free)) for number in range(table + 1)]
    names = [(key, trailer.raw_get(key)) for key in ("/Root", "/Info") if key in trailer]
    roots = b" ".join(b"%b %d 0 R" % (key.encode(), one.idnum) for key, one in names)
    entries = b"/Type /XRef /Size %d /W [1 4 2] %b" % (table + 1, roots)
    entries += b" /DecodeParms << /Predictor 12 /Columns 7 >>"
    steps = _steps(lines)
    return bytes(out + _stream(table, entries, steps) + b"startxref\n%d\n%%%%EOF\n" % start)


def _steps(lines: list[bytes]) -> bytes:
    """Rows as steps from the one before, marked as such: most are alike, and pack well."""
    before = [bytes(len(lines[0])), *lines]
    pairs = zip(lines, before, strict=False)
    return b"".join(
        b"\x02" + bytes((new - old) % 256 for new, old in zip(line, last, strict=True))
        for line, last in pairs
    )


def _row(row: tuple[int, int, int]) -> bytes:
    kind, place, index = row
    return kind.to_bytes(1, "big") + place.to_bytes(4, "big") + index.to_bytes(2, "big")


def _stream(number: int, entries: bytes, content: bytes) -> bytes:
    body = zlib.compress(content, 9)
    head = b"%d 0 obj\n<< %b /Filter /FlateDecode /Length %d >>" % (number, entries, len(body))
    return head + b"\nstream\n" + body + b"\nendstream\nendobj\n"
