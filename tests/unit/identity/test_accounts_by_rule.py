"""Account names by rule, lists made in Excel, the printable list."""

import io
from uuid import UUID

import openpyxl
import pytest

from contracts.vocabulary import ROLE_WORDS, SECTOR_WORDS
from kernel.sheet.xlsx_raw import RawCell, RawSheet
from services.identity.calculation import captcha, printing, users_sheet
from services.identity.calculation.usernames import ROLE_SUFFIXES, USERNAME, NamedUnit, proposals
from services.identity.events import Grant

QUY_NHON = NamedUnit(UUID(int=1), "21553", "Phường Quy Nhơn")
IA_DOK, IA_DOK_TOO = NamedUnit(UUID(int=2), "23887", "Xã Ia Dơk"), NamedUnit(UUID(int=3), "23888", "Xã Ia Đok")
HEALTH = NamedUnit(UUID(int=4), "52-SYT", "Sở Y tế", name_bearers=34)


def names(*units: NamedUnit, roles: tuple[str, ...] = ("data_entry", "leader", "verifier")) -> list[str]:
    return [one.username for one in proposals(units, roles, ROLE_WORDS)]


def test_accounts_are_named_after_the_unit_and_the_role() -> None:
    assert names(QUY_NHON) == ["phuongquynhon.nhaplieu", "phuongquynhon.lanhdao", "phuongquynhon.thamdinh"]


def test_names_that_fold_alike_are_told_apart_by_the_code() -> None:
    assert names(IA_DOK, IA_DOK_TOO, roles=("leader",)) == ["xaiadok-23887.lanhdao", "xaiadok-23888.lanhdao"]


def test_a_name_that_another_unit_elsewhere_bears_has_its_code_too() -> None:
    assert names(HEALTH, roles=("verifier",)) == ["soyte-52syt.thamdinh"]


def test_the_rule_gives_the_same_names_in_any_order() -> None:
    assert set(names(IA_DOK, QUY_NHON, IA_DOK_TOO)) == set(names(QUY_NHON, IA_DOK_TOO, IA_DOK))


def test_every_role_of_a_person_has_its_own_suffix() -> None:
    assert set(ROLE_SUFFIXES) == set(ROLE_WORDS) - {"subscriber"}
    assert len(set(ROLE_SUFFIXES.values())) == len(ROLE_SUFFIXES)


def test_every_official_name_makes_a_usable_account_name(unit_names: list[str]) -> None:
    units = [NamedUnit(UUID(int=n + 1), str(10000 + n), name) for n, name in enumerate(unit_names)]
    made = names(*units)
    assert len(set(made)) == len(made)
    assert [name for name in made if USERNAME.fullmatch(name) is None] == []


HEADINGS = ("TT", "Tên đăng nhập", "Họ tên", "Mã đơn vị", "Vai trò", "Lĩnh vực")
KNOWN = users_sheet.Known(
    units={"21553": UUID(int=1), "06970": UUID(int=2)},
    roles=users_sheet.role_words(ROLE_WORDS),
    sectors=users_sheet.words_to_codes(SECTOR_WORDS),
    usernames=frozenset({"dacoroi"}),
)


def sheet(*rows: tuple[str, ...], headings: tuple[str, ...] = HEADINGS) -> list[RawSheet]:
    cells = [
        RawCell(row, column, "text", value)
        for row, values in enumerate((("Danh sách cán bộ",), (), headings, *rows), start=1)
        for column, value in enumerate(values, start=1)
        if value
    ]
    return [RawSheet("Hướng dẫn", ()), RawSheet("Cán bộ", tuple(cells))]


def test_one_person_may_take_several_rows() -> None:
    users, errors = users_sheet.read_users(
        sheet(
            ("1", "NguyenThiA", "Nguyễn  Thị A", "21553", "Cán bộ nhập liệu", ""),
            ("", "", "", "", "", ""),
            ("2", "nguyenthia", "Nguyễn Thị A", "21553", "lãnh đạo đơn vị", "Y tế; Tài chính, ngân sách"),
        ),
        KNOWN,
    )
    assert errors == []
    grants = (Grant("data_entry", UUID(int=1)), Grant("leader", UUID(int=1), ("health", "budget")))
    assert users == [users_sheet.ListedUser("nguyenthia", "Nguyễn Thị A", grants, 4)]


def test_a_code_that_excel_took_for_a_number_is_still_found() -> None:
    users, errors = users_sheet.read_users(sheet(("", "bache", "Trần B", "6970", "nhaplieu", "")), KNOWN)
    assert errors == []
    assert users[0].grants == (Grant("data_entry", UUID(int=2)),)


def test_all_errors_are_told_at_once_each_with_its_cell() -> None:
    _, errors = users_sheet.read_users(
        sheet(
            ("", "có dấu", "", "99999", "Thủ kho", "Bói toán"),
            ("", "dacoroi", "Lê C", "21553", "Lãnh đạo đơn vị", ""),
            ("", "hai.ten", "Lê D", "21553", "Lãnh đạo đơn vị", ""),
            ("", "hai.ten", "Lê Đ", "21553", "Cán bộ thẩm định", ""),
        ),
        KNOWN,
    )
    assert [(error.a1, error.rule) for error in errors] == [
        ("B4", "bad-username"),
        ("C4", "name-missing"),
        ("D4", "unknown-unit"),
        ("E4", "unknown-role"),
        ("F4", "unknown-sector"),
        ("B5", "username-taken"),
        ("C7", "names-differ"),
    ]
    assert {error.sheet for error in errors} == {"Cán bộ"}


OTHER_HEADINGS = ("TT", "Tài khoản", "Tên", "Mã", "Quyền")


@pytest.mark.parametrize("sheets", [[], sheet(headings=OTHER_HEADINGS), sheet()], ids=["nothing", "other headings", "no rows"])
def test_what_is_no_list_of_users_is_refused(sheets: list[RawSheet]) -> None:
    with pytest.raises(users_sheet.UsersSheetIsUnreadable):
        users_sheet.read_users(sheets, KNOWN)


SLIPS = [
    printing.Slip("phuongquynhon.nhaplieu", "hK4m-Xr7t-9Wba-m2Qd", "Cán bộ nhập liệu", "Phường Quy Nhơn"),
    printing.Slip("ai.do", "x", "Quản trị", "=cmd|' /C calc'!A0<script>"),
]


def test_the_printed_page_shows_text_as_text() -> None:
    page = printing.page(SLIPS).decode()
    assert "phuongquynhon.nhaplieu" in page
    assert "<script>" not in page


def test_the_workbook_holds_text_and_no_formula() -> None:
    rows = list(openpyxl.load_workbook(io.BytesIO(printing.workbook(SLIPS))).active.iter_rows(min_row=2))
    assert [cell.value for cell in rows[0]] == list(SLIPS[0].cells)
    assert {cell.data_type for row in rows for cell in row} == {"s"}


def test_a_captcha_reads_the_same_in_small_letters_and_with_blanks() -> None:
    kept = captcha.answer_digest(b"k" * 32, "one", "K7X3W")
    assert captcha.answer_digest(b"k" * 32, "one", " k7x 3w") == kept
    assert captcha.answer_digest(b"k" * 32, "two", "K7X3W") != kept


def test_a_captcha_holds_nothing_that_is_easily_confused() -> None:
    assert not set(captcha.ALPHABET) & set("0O1IL5S8BCDEGPTVZ")
    assert all(len(captcha.new_answer()) == captcha.LENGTH for _ in range(20))


def test_a_captcha_is_a_picture_and_a_sound() -> None:
    assert captcha.picture("K7X3W").startswith(b"\x89PNG")
    wave = captcha.sound("K7X3W")
    assert wave[:4] == b"RIFF"
    assert 8000 < len(wave) < 400_000
