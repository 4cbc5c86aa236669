"""First passwords as something to print, cut and hand out: a page and a workbook. Keeps nothing."""

import io
from collections.abc import Sequence
from html import escape
from typing import Any

import msgspec
from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Font

HEADINGS = ("Đơn vị", "Vai trò", "Tên đăng nhập", "Mật khẩu lần đầu")
TITLE = "Tài khoản và mật khẩu lần đầu"
ADVICE = "Hệ thống yêu cầu đổi mật khẩu ở lần đăng nhập đầu tiên. Giao tận tay, không gửi qua thư điện tử hoặc tin nhắn nhóm."

_STYLE = (
    "body{font:14px/1.4 'Be Vietnam Pro',Arial,sans-serif;margin:16mm}table{border-collapse:collapse;width:100%}"
    "th,td{border:1px solid #000;padding:6px 8px;text-align:left}td:nth-child(n+3){font-family:monospace;font-size:15px}"
    "thead{display:table-header-group}tr{break-inside:avoid}@page{size:A4;margin:12mm}"
)


class Slip(msgspec.Struct, frozen=True):
    """One line of the printed list."""

    username: str
    first_password: str
    role: str
    unit_name: str
    unit_code: str = ""

    @property
    def cells(self) -> tuple[str, str, str, str]:
        return self.unit_name, self.role, self.username, self.first_password


def page(slips: Sequence[Slip]) -> bytes:
    """An HTML page of its own, without a script or anything from elsewhere."""
    head = "".join(f"<th>{escape(heading)}</th>" for heading in HEADINGS)
    rows = "\n".join("<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in slip.cells) + "</tr>" for slip in slips)
    return (
        f'<!doctype html><html lang="vi"><head><meta charset="utf-8"><title>{TITLE}</title><style>{_STYLE}</style></head>'
        f"<body><h1>{TITLE}</h1><p>{ADVICE}</p><table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></body></html>"
    ).encode()


def workbook(slips: Sequence[Slip]) -> bytes:
    """The same as .xlsx; every cell is text, whatever it begins with."""
    book = Workbook(write_only=True)
    sheet = book.create_sheet("Tài khoản")
    sheet.freeze_panes = "A2"
    for letter, width in zip("ABCD", (44, 34, 44, 26), strict=True):
        sheet.column_dimensions[letter].width = width
    sheet.append([_text(sheet, heading, is_bold=True) for heading in HEADINGS])
    for slip in slips:
        sheet.append([_text(sheet, cell) for cell in slip.cells])
    held = io.BytesIO()
    book.save(held)
    return held.getvalue()


def _text(sheet: Any, value: str, *, is_bold: bool = False) -> Any:
    cell = WriteOnlyCell(sheet, value=value)
    cell.data_type = "s"
    cell.font = Font(bold=is_bold)
    return cell
