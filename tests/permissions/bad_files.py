"""Excel files that must not be taken: each a good, filled form that was spoilt in one way."""

import io
import struct
import zipfile
import zlib
from collections.abc import Callable
from typing import Any

import openpyxl

MAIN = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"


def rewritten(file: bytes, parts: Callable[[str, bytes], bytes], **more: bytes) -> bytes:
    """The same package, each part passed through `parts`; `more` are parts added to it, `__` for the slash and `_dot_` for the dot."""
    written = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(file)) as old, zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            new.writestr(name, parts(name, old.read(name)))
        for name, content in more.items():
            new.writestr(name.replace("__", "/").replace("_dot_", "."), content)
    return written.getvalue()


def with_macro(file: bytes) -> bytes:
    def parts(name: str, content: bytes) -> bytes:
        if name != "[Content_Types].xml":
            return content
        return content.replace(MAIN.encode(), b"application/vnd.ms-excel.sheet.macroEnabled.main+xml")

    return rewritten(file, parts, xl__vbaProject_dot_bin=b"\xd0\xcf\x11\xe0 Attribute VB_Name")


def with_external_link(file: bytes) -> bytes:
    def parts(name: str, content: bytes) -> bytes:
        if name != "xl/_rels/workbook.xml.rels":
            return content
        link = f'<Relationship Id="rId99" Type="{OFFICE}/externalLink" Target="externalLinks/externalLink1.xml"/></Relationships>'
        return content.replace(b"</Relationships>", link.encode())

    return rewritten(file, parts, xl__externalLinks__externalLink1_dot_xml=b"<externalLink/>")


def edited(change: Callable[[Any], None]) -> Callable[[bytes], bytes]:
    """What somebody does to the first worksheet in a spreadsheet program."""

    def spoilt(file: bytes) -> bytes:
        book = openpyxl.load_workbook(io.BytesIO(file))
        change(book.worksheets[0])
        written = io.BytesIO()
        book.save(written)
        return written.getvalue()

    return spoilt


def bomb(size: int) -> bytes:
    """A zip whose one entry unpacks to `size` bytes of blanks; made without unpacking it here."""
    block = 1 << 24
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    packed = packer.compress(bytes([32]) * block) + packer.flush(zlib.Z_FULL_FLUSH)  # after a full flush nothing refers back
    stream = packed * (size // block) + zlib.compressobj(9, zlib.DEFLATED, -15).flush()
    says, path = min(size, 0xFFFFFFFE), b"xl/worksheets/sheet1.xml"
    local = struct.pack("<4sHHHHHIIIHH", b"PK\x03\x04", 20, 0, 8, 0, 33, 0, len(stream), says, len(path), 0) + path
    central = struct.pack("<4sHHHHHHIIIHHHHHII", b"PK\x01\x02", 20, 20, 0, 8, 0, 33, 0, len(stream), says, len(path), 0, 0, 0, 0, 0, 0)
    end = struct.pack("<4sHHHHIIH", b"PK\x05\x06", 0, 0, 1, 1, len(central) + len(path), len(local) + len(stream), 0)
    return local + stream + central + path + end
