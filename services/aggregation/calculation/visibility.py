"""Which rows of a form a department may see: of a form of several sectors those of its own, with their headings."""

from collections.abc import Collection

import msgspec

from contracts.templates import TemplateV1
from kernel.sheet.model import Sheet


def rows_of_sectors(template: TemplateV1, sectors: Collection[str]) -> frozenset[str]:
    """Keys of the rows whose indicator is of these sectors, and of the headings above them."""
    wanted, headings = set[str](), list[tuple[int, str]]()
    for row in sorted(template.sheet.rows, key=lambda row: row.at):
        if row.subject is None:
            headings = [(indent, key) for indent, key in headings if indent < row.indent] + [(row.indent, row.key)]
            continue
        indicator = template.indicators.get(row.subject)
        if indicator is not None and indicator.sector in sectors:
            wanted.add(row.key)
            wanted.update(key for _, key in headings)
    return frozenset(wanted)


def is_visible(cell: str, rows: frozenset[str] | None) -> bool:
    """`rows` None: all of them."""
    return rows is None or cell.split(".", 1)[0] in rows


def narrowed(sheet: Sheet, rows: frozenset[str] | None) -> Sheet:
    """The sheet with these rows only, at their places; for print, not for computing."""
    if rows is None:
        return sheet
    return msgspec.structs.replace(sheet, rows=tuple(row for row in sheet.rows if row.key in rows), rules=())
