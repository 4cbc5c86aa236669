"""Cheap checks of an uploaded file's table of contents. Unpacks nothing, and believes no size that it reads there."""

import io
import struct
import zipfile

from .xlsx_raw import FileLimits
from .xlsx_refusals import (
    BinaryExcelFormat,
    FileIsDamaged,
    FileIsEmpty,
    FileIsEncrypted,
    FileIsSuspicious,
    FileIsTooLarge,
    FileRefused,
    HoldsDataConnection,
    HoldsEmbeddedObject,
    HoldsExternalLink,
    HoldsMacro,
    NotAnExcelFile,
    OldExcelFormat,
    OpenDocumentFormat,
    TooManyParts,
    UnpacksTooLarge,
)

_OLE2 = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_ENCRYPTED_STREAM = "EncryptedPackage".encode("utf-16-le")
_END = b"PK\x05\x06"
_END_LENGTH = 22
_ZIP64_LOCATOR = b"PK\x06\x07"
_LONGEST_COMMENT = 65_535
_CONTENTS_BYTES_PER_PART = 400  # a part's entry takes 46 bytes and its name
_CANT_READ = (zipfile.BadZipFile, NotImplementedError, ValueError, OSError, EOFError, struct.error, RuntimeError)

_FORBIDDEN: tuple[tuple[str, type[FileRefused]], ...] = (
    ("vbaproject.bin", HoldsMacro),
    ("xl/macrosheets/", HoldsMacro),
    ("xl/dialogsheets/", HoldsMacro),
    ("xl/externallinks/", HoldsExternalLink),
    ("xl/activex/", HoldsEmbeddedObject),
    ("xl/embeddings/", HoldsEmbeddedObject),
    ("xl/webextensions/", HoldsEmbeddedObject),
    ("xl/connections.xml", HoldsDataConnection),
    ("xl/querytables/", HoldsDataConnection),
    ("xl/model/", HoldsDataConnection),
)


def inspect_zip(data: bytes, limits: FileLimits | None = None) -> None:
    """Refuse what can't be a plain .xlsx within the limits, each reason as its own FileRefused. About a millisecond."""
    limits = limits or FileLimits()
    _refuse_other_formats(data, limits)
    _refuse_long_contents(data, limits)
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            entries = archive.infolist()
    except _CANT_READ:
        raise FileIsDamaged from None
    names = [entry.filename for entry in entries]
    _refuse_bad_names(names)
    _refuse_bad_entries(entries, limits)
    _refuse_other_packages({name.lower() for name in names})


def _refuse_other_formats(data: bytes, limits: FileLimits) -> None:
    if not data:
        raise FileIsEmpty
    if len(data) > limits.file_bytes:
        raise FileIsTooLarge(megabytes=limits.file_bytes // 1_000_000)
    if data.startswith(_OLE2):
        raise FileIsEncrypted if _ENCRYPTED_STREAM in data else OldExcelFormat
    if not data.startswith(b"PK\x03\x04"):
        raise NotAnExcelFile


def _refuse_long_contents(data: bytes, limits: FileLimits) -> None:
    """Before zipfile builds an object for each entry. Zip64 is for archives beyond 4 GB: in a small file it only hides the true numbers."""
    end = data.rfind(_END, max(0, len(data) - _LONGEST_COMMENT - _END_LENGTH))
    if end < 0 or end + _END_LENGTH > len(data):
        raise FileIsDamaged
    count, length = struct.unpack_from("<HI", data, end + 10)
    if _ZIP64_LOCATOR in data[max(0, end - 20) : end]:
        raise FileIsSuspicious(reason="zip64")
    if count > limits.parts or length > limits.parts * _CONTENTS_BYTES_PER_PART:
        raise TooManyParts(limit=limits.parts)


def _refuse_bad_names(names: list[str]) -> None:
    for name in names:
        parts = name.split("/")
        if "\\" in name or ":" in name or name.startswith("/") or ".." in parts or not name.isprintable():
            raise FileIsSuspicious(reason="path")
    if len({name.lower() for name in names}) != len(names):
        raise FileIsSuspicious(reason="duplicate")


def _refuse_bad_entries(entries: list[zipfile.ZipInfo], limits: FileLimits) -> None:
    if len(entries) > limits.parts:
        raise TooManyParts(limit=limits.parts)
    if any(entry.flag_bits & 0x1 for entry in entries):
        raise FileIsEncrypted
    if any(entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED) for entry in entries):
        raise FileIsSuspicious(reason="compression")
    sizes = [entry.file_size for entry in entries]
    if sum(sizes) > limits.unpacked_bytes or max(sizes, default=0) > limits.part_bytes:
        raise UnpacksTooLarge(megabytes=limits.unpacked_bytes // 1_000_000, megabytes_per_sheet=limits.part_bytes // 1_000_000)


def _refuse_other_packages(names: set[str]) -> None:
    if "xl/workbook.bin" in names:
        raise BinaryExcelFormat
    if "content.xml" in names and "mimetype" in names:
        raise OpenDocumentFormat
    if "[content_types].xml" not in names or not any(name.startswith("xl/") for name in names):
        raise NotAnExcelFile
    for part, refusal in _FORBIDDEN:
        if any(part in name for name in names):
            raise refusal
