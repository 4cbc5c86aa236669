"""Forms, filled sheets and raw packages that the tests of .xlsx share."""

import io
import json
import zipfile
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

import msgspec
from openpyxl import load_workbook

from kernel.sheet.model import NIL, Cell, Column, Limits, Row, Sheet, Value
from kernel.sheet.xlsx_identity import SheetIdentity
from kernel.sheet.xlsx_package import Package
from kernel.sheet.xlsx_parse import sheets_of
from kernel.sheet.xlsx_raw import FileLimits, RawSheet
from kernel.sheet.xlsx_read import Expected, Reading, read_back
from kernel.sheet.xlsx_write import FilledSheet, write_workbook

SECRET = b"a secret of the tests"

CROPS = Sheet(
    title="BIỂU SẢN XUẤT",
    rows=(
        Row(key="crops", at=7, label="Trồng trọt", number="I"),
        Row(key="rice", at=8, label="Lúa", number="1", indent=1, unit_of_measure="ha", subject="A1"),
        Row(key="maize", at=9, label="Ngô", number="2", indent=1, unit_of_measure="ha", subject="A2"),
        Row(key="area", at=10, label="Tổng diện tích", number="3", indent=1, unit_of_measure="ha", subject="A3", formula="=D8+D9"),
        Row(key="remark", at=11, label="Nhận xét", subject="A4", kind="text"),
    ),
    columns=(
        Column(key="plan", at=4, header=("Kế hoạch năm",), measure="plan"),
        Column(key="month", at=5, header=("Thực hiện", "Trong tháng"), measure="actual"),
        Column(key="before", at=6, header=("Thực hiện", "Cùng kỳ"), role="carried"),
        Column(key="rate", at=7, header=("So sánh (%)",), role="formula", formula="=E8/D8*100", decimals=1),
    ),
    cells={"maize.plan": Cell(blocked=True)},
    limits={
        "A1": Limits(minimum=Decimal(0), maximum=Decimal(5000), decimals=2),
        "A2": Limits(minimum=Decimal(0), decimals=1),
        "A3": Limits(decimals=2),
    },
)
VALUES: dict[str, Value] = {
    "rice.plan": Value(number=Decimal("1234.5")),
    "rice.month": Value(number=Decimal("100.25")),
    "maize.month": NIL,
    "area.month": Value(number=Decimal("100.25")),
    "rice.rate": Value(number=Decimal("8.1")),
    "remark.month": Value(text="Mưa nhiều"),
}
LABELS = {"unit": "23674", "period": "2026-03", "version": "1"}


def filled(values: Mapping[str, Value] = VALUES, key: str = "k1", name: str = "Sản xuất", sheet: Sheet = CROPS) -> FilledSheet:
    return FilledSheet(sheet=sheet, values=values, name=name, identity=SheetIdentity(key, LABELS))


def workbook(*sheets: FilledSheet) -> bytes:
    return write_workbook(sheets or (filled(),), secret=SECRET)


def parse_here(data: bytes) -> list[RawSheet]:
    """What the child would read, without a child: for files that are known to be harmless."""
    limits = msgspec.to_builtins(FileLimits())
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        found = sheets_of(Package(archive, limits), limits)
    return msgspec.json.decode(json.dumps(found), type=list[RawSheet])


def read(data: bytes | list[RawSheet], **expected: Expected) -> Reading:
    raw = parse_here(data) if isinstance(data, bytes) else data
    return read_back(raw, expected or {"k1": Expected(CROPS, LABELS)}, SECRET)


def edited(data: bytes, change: Callable[[Any], object]) -> bytes:
    """The workbook after somebody changed its first worksheet and saved it with another program."""
    book = load_workbook(io.BytesIO(data))
    change(book.worksheets[0])
    output = io.BytesIO()
    book.save(output)
    return output.getvalue()


def slugs(reading: Reading) -> dict[str, str]:
    """A1 → slug of each error."""
    return {error.a1: error.slug for error in reading.errors}


SPREADSHEET = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006"


def package(sheet_xml: str = "<sheetData/>", **more: str | bytes) -> bytes:
    """A minimal .xlsx by hand; `more` are parts by their path with `__` for `/`, replacing what would be there."""
    parts: dict[str, str | bytes] = {
        "[Content_Types].xml": f'<Types xmlns="{PACKAGE}/content-types"/>',
        "_rels/.rels": f'<Relationships xmlns="{PACKAGE}/relationships"><Relationship Id="r" Type="{RELATIONS}/officeDocument" '
        'Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook xmlns="{SPREADSHEET}" xmlns:r="{RELATIONS}"><sheets><sheet name="S" sheetId="1" r:id="r1"/></sheets>'
        "</workbook>",
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{PACKAGE}/relationships"><Relationship Id="r1" Type="{RELATIONS}/worksheet" '
        'Target="worksheets/sheet1.xml"/></Relationships>',
        "xl/worksheets/sheet1.xml": f'<worksheet xmlns="{SPREADSHEET}">{sheet_xml}</worksheet>',
    }
    parts |= {path.replace("__", "/"): content for path, content in more.items()}
    return zipped(parts)


def zipped(parts: Mapping[str, str | bytes]) -> bytes:
    output = io.BytesIO()
    with zipfile.ZipFile(output, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, content in parts.items():
            archive.writestr(path, content)
    return output.getvalue()


def with_parts(data: bytes, **more: str | bytes) -> bytes:
    """The package with parts added or replaced, by their path with `__` for `/`."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        parts: dict[str, str | bytes] = {name: archive.read(name) for name in archive.namelist()}
    return zipped(parts | {path.replace("__", "/"): content for path, content in more.items()})
