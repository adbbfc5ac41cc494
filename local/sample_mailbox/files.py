"""Files other than papers: a Word document, a logo, and a scan of any size made in chunks."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from collections.abc import Iterator
from xml.sax.saxutils import escape

_EPOCH = (2026, 11, 1, 8, 0, 0)
_OOXML = "http://schemas.openxmlformats.org"


def docx(paragraphs: tuple[str, ...]) -> bytes:
    """A Word document that Word opens: three parts, nothing else."""
    text = "".join(f"<w:p><w:r><w:t>{escape(paragraph)}</w:t></w:r></w:p>" for paragraph in paragraphs)
    head = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
    main = "application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"
    parts = {
        "[Content_Types].xml": f'{head}<Types xmlns="{_OOXML}/package/2006/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Override PartName="/word/document.xml" ContentType="{main}"/></Types>',
        "_rels/.rels": f'{head}<Relationships xmlns="{_OOXML}/package/2006/relationships"><Relationship Id="rId1"'
        f' Type="{_OOXML}/officeDocument/2006/relationships/officeDocument" Target="word/document.xml"/>'
        "</Relationships>",
        "word/document.xml": f'{head}<w:document xmlns:w="{_OOXML}/wordprocessingml/2006/main"><w:body>{text}</w:body>'
        "</w:document>",
    }
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for name, content in parts.items():
            archive.writestr(zipfile.ZipInfo(name, _EPOCH), content.encode())
    return buffer.getvalue()


def png(width: int, height: int, colour: tuple[int, int, int]) -> bytes:
    """A logo: a rectangle of one colour."""
    row = b"\0" + bytes(colour) * width

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    # level 0 stores: the bytes do not depend on the version of zlib
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(row * height, 0))
        + chunk(b"IEND", b"")
    )


def scan_pdf(lines: tuple[str, ...], mebibytes: int) -> Iterator[bytes]:
    """A valid PDF of that size in chunks of at most 1 MiB: some text, and a grey picture that is not compressed."""
    rows, columns = mebibytes * 1024, 1024
    text = "".join(f"({line}) Tj 0 -16 Td " for line in lines)
    page = f"q 400 0 0 500 90 60 cm /Im0 Do Q BT /F1 11 Tf 72 780 Td {text}ET".encode("cp1252")
    picture = (
        f"<</Type/XObject/Subtype/Image/Width {columns}/Height {rows}/ColorSpace/DeviceGray/BitsPerComponent 8"
        f"/Length {rows * columns}>>\nstream\n"
    )
    objects = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 4 0 R"
        b"/Resources<</Font<</F1 5 0 R>>/XObject<</Im0 6 0 R>>>>>>",
        b"<</Length %d>>\nstream\n%s\nendstream" % (len(page), page),
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica/Encoding/WinAnsiEncoding>>",
    ]
    out = b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n"
    offsets = []
    for number, body in enumerate(objects, 1):
        offsets.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    offsets.append(len(out))
    out += b"6 0 obj\n" + picture.encode()
    yield out
    stripe = b"".join(bytes([230 + number % 16]) * columns for number in range(1024))
    for _ in range(mebibytes):
        yield stripe
    tail = b"\nendstream\nendobj\n"
    start = len(out) + rows * columns + len(tail)
    table = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    yield (
        tail
        + b"xref\n0 7\n0000000000 65535 f \n"
        + table
        + b"trailer\n<</Size 7/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n" % start
    )
