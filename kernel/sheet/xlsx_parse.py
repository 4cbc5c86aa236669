"""Reads the parts of an .xlsx within a child process that may be killed; follows no link, macro, entity or style beyond what cells need.

Imports the standard library only: a child that starts without site packages is up in 25 ms.
"""

import posixpath
import re
import zipfile
from collections.abc import Callable, Iterator, Mapping
from typing import Any
from xml.parsers import expat

_CHUNK = 65_536
_ESCAPED = re.compile(r"_x([0-9A-Fa-f]{4})_")
_LETTERS = re.compile(r"[A-Z]{1,3}")
_DIGITS = "0123456789"
_LAST_COLUMN = 16_384
_LONGEST_TEXT = 32_767  # what Excel itself allows in a cell

Attributes = dict[str, str]


class Refuse(Exception):  # noqa: N818 - said to the parent as a refusal, by its slug
    """The file is not to be read; `slug` is the name of a FileRefused."""

    def __init__(self, slug: str, **parameters: Any) -> None:
        super().__init__(slug)
        self.slug = slug
        self.parameters = parameters


class Part:
    """What is done at the start and end of each element of one XML part; `text` gathers the text of the element that asked for it."""

    def __init__(self) -> None:
        self._pieces: list[str] | None = None

    def start(self, name: str, attributes: Attributes) -> None: ...

    def end(self, name: str) -> None: ...

    def gather(self) -> None:
        self._pieces = []

    def add(self, text: str) -> None:
        if self._pieces is not None:
            self._pieces.append(text)

    def gathered(self) -> str:
        text = "".join(self._pieces or ())
        self._pieces = None
        return text


class Package:
    """An open archive whose unpacked bytes are counted as they come, whatever its table of contents says."""

    def __init__(self, archive: zipfile.ZipFile, limits: Mapping[str, Any]) -> None:
        self._archive = archive
        self._names = {name.lower(): name for name in archive.namelist()}
        self._left = int(limits["unpacked_bytes"])
        self._part_bytes = int(limits["part_bytes"])

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __contains__(self, path: str) -> bool:
        return path.lower() in self._names

    def chunks(self, path: str) -> Iterator[bytes]:
        left = self._part_bytes
        with self._archive.open(self._names[path.lower()]) as stream:
            while chunk := stream.read(_CHUNK):
                left -= len(chunk)
                self._left -= len(chunk)
                if left < 0 or self._left < 0:
                    raise Refuse("unpacks-too-large")
                yield chunk

    def scan(self, path: str, part: Part) -> None:
        """Feed a part to `part`, its names without their namespaces."""
        parser = expat.ParserCreate(namespace_separator=" ")
        parser.buffer_text = True
        parser.StartDoctypeDeclHandler = _no_doctype
        parser.StartElementHandler = _start_of(part)
        parser.EndElementHandler = lambda name: part.end(name.rpartition(" ")[2])
        parser.CharacterDataHandler = part.add
        for chunk in self.chunks(path):
            parser.Parse(chunk, False)
        parser.Parse(b"", True)


def _no_doctype(*_: object) -> None:
    raise Refuse("holds-xml-entity")


def _start_of(part: Part) -> Callable[[str, Attributes], None]:
    def start(name: str, attributes: Attributes) -> None:
        part.start(name.rpartition(" ")[2], attributes)

    return start


def attribute(attributes: Attributes, name: str) -> str:
    """The attribute of that local name, whichever of the two namespaces of the format (transitional, strict) it is in."""
    return next((value for key, value in attributes.items() if key.rpartition(" ")[2] == name), "")


class Relations(Part):
    """rId → (kind, target). A target outside of the file is refused, except a mere hyperlink, which nobody follows."""

    def __init__(self, folder: str) -> None:
        super().__init__()
        self._folder = folder
        self.found: dict[str, tuple[str, str]] = {}

    def start(self, name: str, attributes: Attributes) -> None:
        if name != "Relationship":
            return
        kind = attributes.get("Type", "").rpartition("/")[2]
        if kind in ("vbaProject", "xlMacrosheet", "xlIntlMacrosheet"):
            raise Refuse("holds-macro")
        if attributes.get("TargetMode") == "External":
            if kind != "hyperlink":
                raise Refuse("holds-external-link")
            return
        target = posixpath.normpath(posixpath.join("/" + self._folder, attributes.get("Target", ""))).lstrip("/")
        self.found[attributes.get("Id", "")] = (kind, target)


class ContentTypes(Part):
    def start(self, name: str, attributes: Attributes) -> None:
        if "macroEnabled" in attributes.get("ContentType", "") or "vbaProject" in attributes.get("ContentType", ""):
            raise Refuse("holds-macro")


class Workbook(Part):
    """The worksheets in their order, and the names of single places on them."""

    def __init__(self) -> None:
        super().__init__()
        self.sheets: list[tuple[str, str, bool]] = []  # name, rId, is hidden
        self.anchors: list[tuple[str, str]] = []  # name, what it points to
        self._name = ""

    def start(self, name: str, attributes: Attributes) -> None:
        if name == "sheet":
            self.sheets.append((attributes.get("name", ""), attribute(attributes, "id"), attributes.get("state", "visible") != "visible"))
        elif name == "definedName":
            self._name = attributes.get("name", "")
            self.gather()
        elif name in ("externalReference", "oleLink", "ddeLink"):
            raise Refuse("holds-external-link")

    def end(self, name: str) -> None:
        if name == "definedName":
            self.anchors.append((self._name, self.gathered().strip()))


class Styles(Part):
    """For each cell format: what kind of number it shows ("number", "percent", "date"), its decimals, and its indent."""

    def __init__(self) -> None:
        super().__init__()
        self._formats: dict[int, str] = {}
        self._is_cell_format = False
        self.kinds: list[tuple[str, int | None, int]] = []

    def start(self, name: str, attributes: Attributes) -> None:
        if name == "numFmt":
            self._formats[int(attributes.get("numFmtId", "0"))] = attributes.get("formatCode", "")
        elif name == "cellXfs":
            self._is_cell_format = True
        elif name == "xf" and self._is_cell_format:
            number = int(attributes.get("numFmtId", "0") or 0)
            kind, decimals = number_format(number, self._formats.get(number))
            self.kinds.append((kind, decimals, 0))
        elif name == "alignment" and self._is_cell_format and self.kinds:
            kind, decimals, _ = self.kinds[-1]
            self.kinds[-1] = (kind, decimals, int(attributes.get("indent", "0") or 0))

    def end(self, name: str) -> None:
        if name == "cellXfs":
            self._is_cell_format = False


_BUILT_IN_DATES = {*range(14, 23), *range(27, 37), 45, 46, 47, *range(50, 59)}
_BUILT_IN_DECIMALS = {1: 0, 2: 2, 3: 0, 4: 2, 9: 0, 10: 2, 37: 0, 38: 0, 39: 2, 40: 2}
_LITERAL = re.compile(r'"[^"]*"|\\.|_.|\*.|\[(?![hms]+\])[^\]]*\]', re.IGNORECASE)


def number_format(number: int, code: str | None) -> tuple[str, int | None]:
    """("number" | "percent" | "date", decimals shown or None for as many as there are)."""
    if code is None:
        kind = "date" if number in _BUILT_IN_DATES else "percent" if number in (9, 10) else "number"
        return kind, _BUILT_IN_DECIMALS.get(number)
    shown = _LITERAL.sub("", code).split(";")[0]
    if shown.lower() in ("general", "@", ""):
        return "number", None
    if re.search(r"[dmyhs]", shown, re.IGNORECASE):
        return "date", None
    decimals = re.search(r"\.([0#?]+)", shown)
    return ("percent" if "%" in shown else "number"), len(decimals[1]) if decimals else 0


class SharedStrings(Part):
    def __init__(self) -> None:
        super().__init__()
        self.texts: list[str] = []
        self._pieces_of_one: list[str] = []
        self._phonetic = 0

    def start(self, name: str, attributes: Attributes) -> None:
        if name == "si":
            self._pieces_of_one = []
        elif name == "rPh":
            self._phonetic += 1
        elif name == "t" and not self._phonetic:
            self.gather()

    def end(self, name: str) -> None:
        if name == "t" and not self._phonetic:
            self._pieces_of_one.append(self.gathered())
        elif name == "rPh":
            self._phonetic -= 1
        elif name == "si":
            self.texts.append(plain_text("".join(self._pieces_of_one)))


def plain_text(text: str) -> str:
    """Text with Excel's `_x000D_` for characters that XML can't hold resolved."""
    return _ESCAPED.sub(lambda match: chr(int(match[1], 16)), text)[:_LONGEST_TEXT] if "_x" in text else text[:_LONGEST_TEXT]


_KINDS = {"s": "text", "str": "text", "inlineStr": "text", "b": "boolean", "e": "error", "d": "date"}


class Cells(Part):
    """The filled cells and merged areas of one worksheet, within the limits; what lies beyond is counted, not kept."""

    def __init__(self, texts: list[str], kinds: list[tuple[str, int | None, int]], limits: Mapping[str, Any]) -> None:
        super().__init__()
        self._texts, self._kinds = texts, kinds
        self._rows, self._columns, self._most = int(limits["rows"]), int(limits["columns"]), int(limits["cells"])
        self.characters_left = int(limits["characters"])
        self._row = self._column = 0
        self._type = self._style = self._value = ""
        self._formula: str | None = None
        self._written_at: tuple[int, int] | None = None
        self._shared: dict[str, tuple[str, tuple[int, int]]] = {}
        self._share = ""
        self._numbers: dict[str, int] = {}
        self.cells: list[list[Any]] = []
        self.merges: list[list[int]] = []
        self.widths: dict[int, float] = {}
        self.outside = 0

    def start(self, name: str, attributes: Attributes) -> None:
        if name == "c":
            self._start_cell(attributes)
        elif name in ("v", "t"):
            self.gather()
        elif name == "f":
            self._start_formula(attributes)
        elif name == "row":
            self._row = int(attributes["r"]) if "r" in attributes else self._row + 1
            self._column = 0
        elif name == "mergeCell":
            self._merge(attributes.get("ref", ""))
        elif name == "col":
            self._width(attributes)
        elif name in ("oleObject", "control", "legacyDdeLink"):
            raise Refuse("holds-embedded-object")

    def _start_cell(self, attributes: Attributes) -> None:
        place = attributes.get("r", "")
        if place:
            letters = place.rstrip(_DIGITS)
            self._row, self._column = int(place[len(letters) :]), self._number(letters)
        else:
            self._column += 1
        self._type, self._style = attributes.get("t", "n"), attributes.get("s", "0")
        self._value, self._formula, self._written_at = "", None, None

    def _number(self, letters: str) -> int:
        known = self._numbers.get(letters)
        if known is None:
            known = self._numbers[letters] = column_number(letters)
        return known

    def _start_formula(self, attributes: Attributes) -> None:
        self._share = attributes.get("si", "") if attributes.get("t") == "shared" else ""
        self.gather()

    def _merge(self, area: str) -> None:
        first, _, last = area.partition(":")
        (top, left), (bottom, right) = place_of(first), place_of(last or first)
        if top <= self._rows and left <= self._columns and len(self.merges) < self._most:
            self.merges.append([top, left, bottom, right])

    def _width(self, attributes: Attributes) -> None:
        first, last = int(attributes.get("min", "1")), min(int(attributes.get("max", "1")), self._columns)
        for column in range(first, last + 1):
            self.widths[column] = float(attributes.get("width", "0") or 0)

    def end(self, name: str) -> None:
        if name == "v":
            self._value = self.gathered()
        elif name == "t":
            self._value += self.gathered()
        elif name == "f":
            self._end_formula(self.gathered().strip())
        elif name == "c" and (self._value or self._formula is not None):
            self._end_cell()

    def _end_formula(self, text: str) -> None:
        here = (self._row, self._column)
        if self._share and text:
            self._shared[self._share] = (text, here)
        elif self._share:
            text, self._written_at = self._shared.get(self._share, ("", here))
        self._formula = text

    def _end_cell(self) -> None:
        if self._row > self._rows or self._column > self._columns or min(self._row, self._column) < 1:
            self.outside += 1
            return
        if len(self.cells) >= self._most:
            raise Refuse("too-many-cells", limit=self._most)
        kind, decimals, indent = self._kinds[int(self._style)] if int(self._style) < len(self._kinds) else ("number", None, 0)
        kind, value = self._content(kind)
        self.characters_left -= len(value) + len(self._formula or "")
        if self.characters_left < 0:
            raise Refuse("too-many-cells", limit=self._most)
        cell: list[Any] = [self._row, self._column, kind, value]
        if self._formula is not None or decimals is not None or indent:
            cell += [self._formula, self._written_at, decimals, indent]
        self.cells.append(cell)

    def _content(self, format_kind: str) -> tuple[str, str]:
        kind = _KINDS.get(self._type, format_kind)
        if self._type == "s":
            return kind, self._texts[int(self._value)]
        if kind == "text":
            return kind, plain_text(self._value)
        value = self._value.strip()
        return (kind, value) if value else ("empty", "")


def column_number(letters: str) -> int:
    if not _LETTERS.fullmatch(letters):
        raise ValueError(letters)
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - 64
    if number > _LAST_COLUMN:
        raise ValueError(letters)
    return number


def place_of(address: str) -> tuple[int, int]:
    letters = address.rstrip(_DIGITS)
    return int(address[len(letters) :]), column_number(letters)


def sheets_of(package: Package, limits: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Every worksheet as a RawSheet in JSON; all other XML parts are looked at too, as far as their document type."""
    package.scan("[Content_Types].xml", ContentTypes())
    workbook_path = _workbook_path(package)
    relations = _relations(package, workbook_path)
    workbook = Workbook()
    package.scan(workbook_path, workbook)
    if len(workbook.sheets) > int(limits["sheets"]):
        raise Refuse("too-many-sheets", limit=int(limits["sheets"]))
    styles, strings = Styles(), SharedStrings()
    read = {"[content_types].xml", workbook_path.lower()}
    for kind, target in relations.values():
        if kind in ("styles", "sharedStrings") and target in package:
            package.scan(target, styles if kind == "styles" else strings)
            read.add(target.lower())
    found = []
    left = dict(limits)
    for name, relation, is_hidden in workbook.sheets:
        kind, target = relations.get(relation, ("", ""))
        if kind != "worksheet" or target not in package:
            continue
        cells = Cells(strings.texts, styles.kinds, left)
        package.scan(target, cells)
        left |= {"cells": left["cells"] - len(cells.cells), "characters": cells.characters_left}
        read.add(target.lower())
        found.append(_as_json(name, is_hidden, cells, workbook.anchors))
    _look_at_the_rest(package, read)
    return found


def _workbook_path(package: Package) -> str:
    if "_rels/.rels" in package:
        found = Relations("")
        package.scan("_rels/.rels", found)
        for kind, target in found.found.values():
            if kind == "officeDocument" and target in package:
                return target
    if "xl/workbook.xml" in package:
        return "xl/workbook.xml"
    raise Refuse("not-an-excel-file")


def _relations(package: Package, path: str) -> dict[str, tuple[str, str]]:
    folder, name = posixpath.split(path)
    relations = Relations(folder)
    where = f"{folder}/_rels/{name}.rels"
    if where in package:
        package.scan(where, relations)
    return relations.found


def _look_at_the_rest(package: Package, read: set[str]) -> None:
    for name in package:
        if name.endswith(".rels"):
            package.scan(name, Relations(posixpath.dirname(posixpath.dirname(name))))
        elif name.endswith((".xml", ".vml")) and name not in read:
            package.scan(name, Part())


def _as_json(name: str, is_hidden: bool, cells: Cells, anchors: list[tuple[str, str]]) -> dict[str, Any]:
    return {
        "name": name,
        "cells": cells.cells,
        "merges": cells.merges,
        "anchors": [anchor for anchor, place in anchors if _sheet_in(place) == name],
        "widths": cells.widths,
        "is_hidden": is_hidden,
        "outside": cells.outside,
    }


def _sheet_in(place: str) -> str:
    sheet = place.rpartition("!")[0]
    return sheet[1:-1].replace("''", "'") if sheet.startswith("'") else sheet
