"""Reads an untrusted .xlsx into plain data. Runs in the child process, which may be killed at any time: standard library only."""

import posixpath
from collections.abc import Mapping
from typing import Any

from .xlsx_cells import Cells, SharedStrings
from .xlsx_package import Attributes, ContentTypes, Package, Part, Refuse, Relations, attribute
from .xlsx_styles import Styles


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
