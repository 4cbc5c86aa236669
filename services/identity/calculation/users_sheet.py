"""Reads the list of users that somebody made in Excel: every error at once, each with its cell. Creates nobody."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from kernel.errors import Malformed
from kernel.sheet.xlsx_raw import RawSheet, a1
from kernel.vietnamese import fold

from ..events import Grant
from .usernames import ROLE_SUFFIXES, USERNAME, tidy_username

COLUMNS = {"username": "Tên đăng nhập", "name": "Họ tên", "unit": "Mã đơn vị", "role": "Vai trò", "sectors": "Lĩnh vực"}
REQUIRED = ("username", "name", "unit", "role")
COMMUNE_DIGITS = 5  # where Excel took a code for a number, its zeros in front are gone
_HEADING_ROWS = 20


class UsersSheetIsUnreadable(Malformed):
    title = "Không tìm thấy dòng tiêu đề “Tên đăng nhập, Họ tên, Mã đơn vị, Vai trò, Lĩnh vực” trong tệp"


@dataclass(frozen=True)
class CellError:
    sheet: str
    a1: str
    rule: str
    message: str


@dataclass(frozen=True)
class ListedUser:
    """One account of the list, which may take several rows: one for each role."""

    username: str
    name: str
    grants: tuple[Grant, ...]
    row: int


@dataclass(frozen=True)
class Known:
    """What the rows are checked against: units in force by code, the words for roles and sectors, and who exists already."""

    units: Mapping[str, UUID]
    roles: Mapping[str, str]
    sectors: Mapping[str, str]
    usernames: frozenset[str]


def words_to_codes(words: Mapping[str, str], others: Mapping[str, str] | None = None) -> dict[str, str]:
    """Folded Vietnamese word, code or suffix → code."""
    found = {fold(word): code for code, word in words.items()} | {fold(code): code for code in words}
    return found | {fold(word): code for code, word in (others or {}).items() if code in words}


def role_words(words: Mapping[str, str]) -> dict[str, str]:
    return words_to_codes({role: word for role, word in words.items() if role in ROLE_SUFFIXES}, ROLE_SUFFIXES)


def codes_and_names(sheets: Sequence[RawSheet]) -> tuple[frozenset[str], frozenset[str]]:
    """(unit codes, user names) that the list mentions, for looking them up."""
    sheet, row, places = _found(sheets)
    rows = range(row + 1, _last_row(sheet) + 1)
    codes = {_cell(sheet, at, places, "unit") for at in rows}
    usernames = frozenset(tidy_username(_cell(sheet, at, places, "username")) for at in rows)
    return frozenset(codes | {code.zfill(COMMUNE_DIGITS) for code in codes}), usernames


def read_users(sheets: Sequence[RawSheet], known: Known) -> tuple[list[ListedUser], list[CellError]]:
    """(users, errors); with any error nobody should be made. Raises UsersSheetIsUnreadable."""
    sheet, heading, places = _found(sheets)
    users: dict[str, ListedUser] = {}
    errors: list[CellError] = []
    for row in range(heading + 1, _last_row(sheet) + 1):
        if not any(_cell(sheet, row, places, column) for column in places):
            continue
        reader = _Row(sheet, row, places, errors)
        user = reader.user(known)
        before = users.get(user.username)
        if before is not None and before.name != user.name:
            reader.wrong("name", "names-differ", f"Tên đăng nhập này đã có ở dòng {before.row} với họ tên khác")
        grants = (*before.grants, *user.grants) if before else user.grants
        users[user.username] = ListedUser(user.username, user.name, grants, before.row if before else row)
    if not users:
        raise UsersSheetIsUnreadable("Tệp không có dòng dữ liệu nào")
    return list(users.values()), errors


class _Row:
    """Reads one row and notes what is wrong with it."""

    def __init__(self, sheet: RawSheet, row: int, places: Mapping[str, int], errors: list[CellError]) -> None:
        self._sheet, self._row, self._places, self._errors = sheet, row, places, errors

    def wrong(self, column: str, rule: str, message: str) -> None:
        self._errors.append(CellError(self._sheet.name, a1(self._row, self._places[column]), rule, message))

    def user(self, known: Known) -> ListedUser:
        username, name = tidy_username(self._text("username")), self._text("name")
        if USERNAME.fullmatch(username) is None:
            self.wrong("username", "bad-username", "Tên đăng nhập gồm 3–100 ký tự a–z, 0–9, dấu chấm, gạch ngang, gạch dưới")
        elif username in known.usernames:
            self.wrong("username", "username-taken", "Tên đăng nhập đã có trong hệ thống")
        if not name:
            self.wrong("name", "name-missing", "Thiếu họ tên")
        unit, role, sectors = self._unit(known), self._role(known), self._sectors(known)
        grants = (Grant(role, unit, sectors),) if unit and role else ()
        return ListedUser(username, name, grants, self._row)

    def _unit(self, known: Known) -> UUID | None:
        code = self._text("unit")
        unit = known.units.get(code) or known.units.get(code.zfill(COMMUNE_DIGITS))
        if unit is None:
            self.wrong("unit", "unknown-unit", f"Không có đơn vị nào đang hoạt động với mã “{code}”")
        return unit

    def _role(self, known: Known) -> str | None:
        word = self._text("role")
        role = known.roles.get(fold(word))
        if role is None:
            self.wrong("role", "unknown-role", f"Không có vai trò “{word}”")
        return role

    def _sectors(self, known: Known) -> tuple[str, ...]:
        found = []
        for word in re.split(r"[;\n]", self._text("sectors")):
            code = known.sectors.get(fold(word))
            if code is not None:
                found.append(code)
            elif word.strip():
                self.wrong("sectors", "unknown-sector", f"Không có lĩnh vực “{word.strip()}” (nhiều lĩnh vực cách nhau bằng dấu chấm phẩy)")
        return tuple(found)

    def _text(self, column: str) -> str:
        return _cell(self._sheet, self._row, self._places, column)


def _found(sheets: Sequence[RawSheet]) -> tuple[RawSheet, int, dict[str, int]]:
    """The first sheet and row whose headings are those of the list, and the column of each."""
    wanted = {fold(heading): column for column, heading in COLUMNS.items()}
    for sheet in sheets:
        for row in range(1, _HEADING_ROWS + 1):
            here = [cell for cell in sheet.cells if cell.row == row]
            places = {wanted[fold(cell.value)]: cell.column for cell in here if fold(cell.value) in wanted}
            if all(column in places for column in REQUIRED):
                return sheet, row, places
    raise UsersSheetIsUnreadable()


def _cell(sheet: RawSheet, row: int, places: Mapping[str, int], column: str) -> str:
    return " ".join(sheet.text(row, places[column]).split()) if column in places else ""


def _last_row(sheet: RawSheet) -> int:
    return max((cell.row for cell in sheet.cells), default=0)
