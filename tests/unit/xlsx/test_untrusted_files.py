"""Files that are not what they seem: each is refused by its own name, and none reaches beyond its limits."""

import asyncio
import struct
import time
import zipfile
import zlib
from io import BytesIO

import pytest

from kernel.sheet.xlsx_raw import FileLimits, RawSheet
from kernel.sheet.xlsx_refusals import REFUSALS, FileRefused
from kernel.sheet.xlsx_untrusted import read_cells, read_untrusted
from kernel.sheet.xlsx_zip import inspect_zip
from tests.unit.xlsx.forms import PACKAGE, RELATIONS, SPREADSHEET, package, parse_here, with_parts, workbook, zipped

OLE2 = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600)
ONE_CELL = '<sheetData><row r="1"><c r="A1"><v>1</v></c></row></sheetData>'


def refused(data: bytes, limits: FileLimits | None = None) -> str:
    with pytest.raises(FileRefused) as caught:
        read_cells(data, limits)
    return caught.value.rule()


def relations(kind: str, target: str, mode: str = "External") -> str:
    one = f'<Relationship Id="r9" Type="{RELATIONS}/{kind}" Target="{target}" TargetMode="{mode}"/>'
    return f'<Relationships xmlns="{PACKAGE}/relationships">{one}</Relationships>'


def flat(size: int, name: str = "xl/worksheets/sheet1.xml", declared: int | None = None) -> bytes:
    """A zip whose one entry unpacks to `size` bytes of spaces, whatever its headers say; made without unpacking it here."""
    block = 1 << 24
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    # After a full flush nothing refers back, so the same bytes may follow themselves for ever.
    packed = packer.compress(bytes([32]) * block) + packer.flush(zlib.Z_FULL_FLUSH)
    stream = packed * (size // block) + zlib.compressobj(9, zlib.DEFLATED, -15).flush()
    says = min(size, 0xFFFFFFFE) if declared is None else declared
    path = name.encode()
    local = struct.pack("<4sHHHHHIIIHH", b"PK\x03\x04", 20, 0, 8, 0, 33, 0, len(stream), says, len(path), 0) + path
    central = struct.pack("<4sHHHHHHIIIHHHHHII", b"PK\x01\x02", 20, 20, 0, 8, 0, 33, 0, len(stream), says, len(path), 0, 0, 0, 0, 0, 0)
    end = struct.pack("<4sHHHHIIH", b"PK\x05\x06", 0, 0, 1, 1, len(central) + len(path), len(local) + len(stream), 0)
    return local + stream + central + path + end


def test_a_plain_workbook_is_read() -> None:
    inspect_zip(workbook())

    assert [cell.value for cell in read_cells(package(ONE_CELL))[0].cells] == ["1"]


@pytest.mark.parametrize(
    ("data", "rule"),
    [
        (b"", "file-is-empty"),
        (b"STT;Noi dung\n1;Lua", "not-an-excel-file"),
        (b"%PDF-1.7 ...", "not-an-excel-file"),
        (b"<html><table></table></html>", "not-an-excel-file"),
        (OLE2, "old-excel-format"),
        (OLE2 + "EncryptedPackage".encode("utf-16-le"), "file-is-encrypted"),
        (zipped({"hello.txt": "hello"}), "not-an-excel-file"),
        (zipped({"mimetype": "application/vnd.oasis.opendocument.spreadsheet", "content.xml": "<x/>"}), "open-document-format"),
        (zipped({"[Content_Types].xml": "<x/>", "xl/workbook.bin": b"\0"}), "binary-excel-format"),
        (workbook()[:-30], "file-is-damaged"),
        (workbook()[:2000], "file-is-damaged"),
        (package("<sheetData><row>"), "file-is-damaged"),
        (package(ONE_CELL.replace("A1", "A0x")), "file-is-damaged"),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
def test_what_is_no_xlsx_is_told_how_to_become_one(data: bytes, rule: str) -> None:
    assert refused(data) == rule
    assert len(REFUSALS[rule].title) > 10


def test_a_file_of_100_mb_is_refused_before_it_is_looked_at() -> None:
    assert refused(b"PK\x03\x04" + bytes(100_000_000)) == "file-is-too-large"


def test_a_file_that_unpacks_to_10_gb_is_refused_at_once() -> None:
    bomb = flat(10 * 2**30)
    started = time.perf_counter()

    assert refused(bomb) == "unpacks-too-large"
    assert len(bomb) < 20_000_000
    assert time.perf_counter() - started < 1


def test_a_file_that_lies_about_its_size_is_never_unpacked_beyond_it() -> None:
    part = "xl/worksheets/sheet1.xml"
    honest = package(ONE_CELL)
    with zipfile.ZipFile(BytesIO(honest)) as archive:
        entry = archive.getinfo(part)
        content = archive.read(part)
    lying = bytearray(honest)
    for place in _size_fields(honest, part):
        struct.pack_into("<I", lying, place, len(content) - 20)

    assert entry.file_size == len(content)
    assert refused(bytes(lying)) == "file-is-damaged"
    assert refused(flat(2**31, "[Content_Types].xml", declared=1_000)) == "not-an-excel-file"


def _size_fields(data: bytes, part: str) -> list[int]:
    """Where the unpacked size of the part is written: in its local header and in the table of contents."""
    name = part.encode()
    local, central = data.find(name), data.rfind(name)
    return [local - 30 + 22, central - 46 + 24]


def test_many_parts_that_are_too_large_only_together_are_refused() -> None:
    parts = {f"xl__worksheets__sheet{n}.xml": bytes([32]) * 7_900_000 for n in range(6)}

    assert refused(with_parts(package(ONE_CELL), **parts)) == "unpacks-too-large"


def test_more_entries_than_allowed_are_refused_before_they_are_listed() -> None:
    assert refused(zipped({f"xl/{n}.xml": "" for n in range(1600)})) == "too-many-parts"


def test_a_macro_is_refused_in_whatever_way_it_comes() -> None:
    types = f'<Types xmlns="{PACKAGE}/content-types"><Override PartName="/xl/workbook.xml" ContentType="{{}}"/></Types>'

    assert refused(with_parts(workbook(), **{"xl__vbaProject.bin": b"x"})) == "holds-macro"
    assert refused(with_parts(workbook(), **{"xl__macrosheets__sheet1.xml": "<x/>"})) == "holds-macro"
    assert (
        refused(package(**{"[Content_Types].xml": types.format("application/vnd.ms-excel.sheet.macroEnabled.main+xml")})) == "holds-macro"
    )
    assert refused(package(**{"xl__worksheets___rels__sheet1.xml.rels": relations("vbaProject", "x.bin", "Internal")})) == "holds-macro"


def test_links_to_other_files_are_refused_and_hyperlinks_are_not() -> None:
    assert refused(with_parts(workbook(), **{"xl__externalLinks__externalLink1.xml": "<x/>"})) == "holds-external-link"
    link = package(ONE_CELL, **{"xl__worksheets___rels__sheet1.xml.rels": relations("image", "http://example.com/x.png")})
    hyperlink = package(ONE_CELL, **{"xl__worksheets___rels__sheet1.xml.rels": relations("hyperlink", "http://example.com/")})

    assert refused(link) == "holds-external-link"
    assert len(read_cells(hyperlink)) == 1


@pytest.mark.parametrize(
    ("path", "rule"),
    [
        ("xl__connections.xml", "holds-data-connection"),
        ("xl__queryTables__queryTable1.xml", "holds-data-connection"),
        ("xl__activeX__activeX1.xml", "holds-embedded-object"),
        ("xl__embeddings__oleObject1.bin", "holds-embedded-object"),
    ],
)
def test_connections_and_embedded_objects_are_refused(path: str, rule: str) -> None:
    assert refused(with_parts(workbook(), **{path: "<x/>"})) == rule


@pytest.mark.parametrize("path", ["xl__workbook.xml", "xl__worksheets__sheet1.xml", "docProps__app.xml", "xl__theme__theme1.xml"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_no_part_may_declare_a_document_type_in_any_encoding(path: str, encoding: str) -> None:
    evil = '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaaaaaa"><!ENTITY b "&a;&a;">]><x>&b;</x>'

    assert refused(package(ONE_CELL, **{path: evil.encode(encoding)})) == "holds-xml-entity"


@pytest.mark.parametrize("name", ["../evil.xml", "/etc/passwd", "xl\\evil.xml", "C:/evil.xml"])
def test_paths_out_of_the_archive_are_refused(name: str) -> None:
    assert refused(with_parts(workbook(), **{name: "x"})) == "file-is-suspicious"


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_two_parts_of_one_name_are_refused() -> None:
    output = BytesIO(workbook())
    with zipfile.ZipFile(output, "a") as archive:
        archive.writestr("XL/Workbook.xml", "<x/>")

    assert refused(output.getvalue()) == "file-is-suspicious"


def test_a_cell_at_the_far_end_costs_nothing_and_is_counted() -> None:
    far = '<sheetData><row r="1"><c r="A1"><v>1</v></c></row><row r="1048576"><c r="XFD1048576"><v>1</v></c></row></sheetData>'

    sheet = read_cells(package(far))[0]

    assert [(cell.row, cell.column) for cell in sheet.cells] == [(1, 1)]
    assert sheet.outside == 1


def test_merged_areas_over_whole_sheets_are_refused_before_anybody_walks_over_them() -> None:
    assert refused(package(ONE_CELL + '<mergeCells><mergeCell ref="A1:XFD1048576"/></mergeCells>')) == "too-many-cells"


def test_a_formula_longer_than_any_program_takes_is_refused() -> None:
    assert refused(package(f"<sheetData><row><c><f>{'[' * 9_000}</f><v>1</v></c></row></sheetData>")) == "file-is-suspicious"


def test_a_number_of_a_million_digits_is_no_number() -> None:
    sheet = read_cells(package(f"<sheetData><row><c><v>{'9' * 1_000_000}</v></c></row></sheetData>"))[0]

    assert [(cell.kind, cell.value) for cell in sheet.cells] == [("error", "#VALUE!")]


def test_more_cells_than_allowed_are_refused() -> None:
    assert (
        refused(package("<sheetData>" + "<row>" + "<c><v>1</v></c>" * 200 + "</row>" + "</sheetData>"), FileLimits(cells=100))
        == "too-many-cells"
    )


def test_one_long_text_in_many_cells_is_refused() -> None:
    strings = f'<sst xmlns="{SPREADSHEET}"><si><t>{"x" * 30_000}</t></si></sst>'
    cells = "<sheetData>" + ("<row>" + '<c t="s"><v>0</v></c>' * 200 + "</row>") * 20 + "</sheetData>"
    rels = (
        f'<Relationships xmlns="{PACKAGE}/relationships">'
        f'<Relationship Id="r1" Type="{RELATIONS}/worksheet" Target="worksheets/sheet1.xml"/>'
        f'<Relationship Id="r2" Type="{RELATIONS}/sharedStrings" Target="sharedStrings.xml"/></Relationships>'
    )

    assert refused(package(cells, **{"xl___rels__workbook.xml.rels": rels, "xl__sharedStrings.xml": strings})) == "too-many-cells"


def test_seven_megabytes_of_space_within_a_sheet_are_read_quickly() -> None:
    started = time.perf_counter()

    sheets = read_cells(package(" " * 7_000_000 + ONE_CELL))

    assert len(sheets[0].cells) == 1
    assert time.perf_counter() - started < 3


def test_a_child_without_enough_memory_is_an_answer_and_no_crash() -> None:
    rows = "<sheetData>" + "".join(f'<row r="{n}">' + "<c><v>1</v></c>" * 100 + "</row>" for n in range(1, 2500)) + "</sheetData>"

    assert refused(package(rows), FileLimits(memory_bytes=30_000_000)) == "takes-too-much"


def test_a_child_without_enough_time_is_killed() -> None:
    assert refused(workbook(), FileLimits(wall_seconds=0.001)) == "takes-too-much"


async def test_the_event_loop_goes_on_while_a_file_is_read() -> None:
    turns = 0

    async def count() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    counting = asyncio.create_task(count())
    sheets = await read_untrusted(workbook())
    counting.cancel()

    assert turns > 100
    assert sheets == parse_here(workbook())


async def test_reading_in_the_background_refuses_and_runs_out_of_time_alike() -> None:
    with pytest.raises(FileRefused) as late:
        await read_untrusted(workbook(), limits=FileLimits(wall_seconds=0.001))
    with pytest.raises(FileRefused) as damaged:
        await read_untrusted(package("<sheetData>"), slots=asyncio.Semaphore(1))

    assert (late.value.rule(), damaged.value.rule()) == ("takes-too-much", "file-is-damaged")


@pytest.mark.parametrize(
    "sheet_xml",
    [
        '<sheetData><row><c t="inlineStr"><is><t>Lúa</t></is></c><c><v>1.5</v></c></row></sheetData>',
        '<dimension ref="A1"/><sheetData><row r="1"><c r="A1" t="str"><v>Lúa</v></c><c r="B1" t="n"><v>1.5</v></c></row></sheetData>',
        '<sheetData><row r="1"><c t="inlineStr"><is><r><t>Lú</t></r><r><t>a</t></r></is></c><c r="B1"><v> 1.5 </v></c></row></sheetData>',
    ],
    ids=["no places", "wrong dimension", "rich text"],
)
def test_what_other_programs_write_differently_is_read_alike(sheet_xml: str) -> None:
    sheet = parse_here(package(sheet_xml))[0]

    assert [(cell.row, cell.column, cell.kind, cell.value) for cell in sheet.cells] == [(1, 1, "text", "Lúa"), (1, 2, "number", "1.5")]


def test_the_strict_variant_of_the_format_is_read() -> None:
    strict = "http://purl.oclc.org/ooxml/spreadsheetml/main"
    plain = package(ONE_CELL)
    with zipfile.ZipFile(BytesIO(plain)) as archive:
        parts: dict[str, str | bytes] = {
            name: archive.read(name)
            .replace(SPREADSHEET.encode(), strict.encode())
            .replace(RELATIONS.encode(), b"http://purl.oclc.org/ooxml/officeDocument/relationships")
            for name in archive.namelist()
        }

    found: list[RawSheet] = parse_here(zipped(parts))

    assert found[0].at[1, 1].value == "1"
