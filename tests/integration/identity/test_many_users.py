"""Many users at once, over HTTP: by rule, from Excel, and the list to print."""

import asyncio
import io
from datetime import timedelta
from typing import Any
from uuid import UUID

import openpyxl
import pytest

from tests.integration.identity.harness import Identity, identity_under_test, rule_of, unit, with_units

pytestmark = pytest.mark.filterwarnings("ignore:EdDSA is deprecated")


async def test_accounts_are_made_for_all_units_of_a_level_once(identity: Identity) -> None:
    await with_units(identity)
    body = {"level": "commune", "roles": ["data_entry", "leader"]}
    made = (await identity.post("/users/generate", body)).json()
    assert [(one["username"], one["role"], one["unit_name"]) for one in made["created"]] == [
        ("phuongpleiku.nhaplieu", "data_entry", "Phường Pleiku"),
        ("phuongpleiku.lanhdao", "leader", "Phường Pleiku"),
        ("phuongquynhon.nhaplieu", "data_entry", "Phường Quy Nhơn"),
        ("phuongquynhon.lanhdao", "leader", "Phường Quy Nhơn"),
    ]
    assert made["skipped"] == []
    one = made["created"][2]
    signed_in = await identity.sign_in(one["username"], one["first_password"])
    assert signed_in.json()["must_change_password"] is True
    assert signed_in.json()["user"]["grants"][0]["unit"]["code"] == "21553"
    again = (await identity.post("/users/generate", body | {"roles": ["data_entry", "leader", "verifier"]})).json()
    assert [one["role"] for one in again["created"]] == ["verifier"] * 2
    assert {one["username"] for one in again["skipped"]} == {one["username"] for one in made["created"]}


async def test_two_administrators_at_once_make_each_account_once_and_its_password_works(identity: Identity) -> None:
    await with_units(identity)
    body = {"level": "commune", "roles": ["data_entry", "leader"]}
    answers = await asyncio.gather(*(identity.post("/users/generate", body) for _ in range(2)))
    created = [one for answer in answers for one in answer.json()["created"]]
    assert len(created) == len({one["username"] for one in created}) == 4
    for one in created:
        assert (await identity.sign_in(one["username"], one["first_password"])).status_code == 200


async def test_units_that_fold_alike_are_told_apart_by_their_code(identity: Identity) -> None:
    await identity.has_units(unit("1", "Ân Nghĩa"), unit("2", "An Nghĩa"), unit("3", "An Nhơn"))
    made = (await identity.post("/users/generate", {"level": "commune", "roles": ["data_entry"]})).json()["created"]
    assert {one["username"] for one in made} == {"xaannghia-1.nhaplieu", "xaannghia-2.nhaplieu", "xaannhon.nhaplieu"}


async def test_some_units_get_accounts_by_the_same_rule(identity: Identity) -> None:
    await identity.has_units(unit("1", "Ân Nghĩa"), unit("2", "An Nghĩa"))
    body = {"level": "commune", "roles": ["data_entry"], "units": [str(unit("2", "An Nghĩa").unit_id)]}
    made = (await identity.post("/users/generate", body)).json()["created"]
    assert [one["username"] for one in made] == ["xaannghia-2.nhaplieu"]


async def test_a_common_password_spares_the_change_in_development_and_is_refused_in_production(postgres_url: str) -> None:
    body = {"level": "commune", "roles": ["data_entry"], "password": "thu"}
    async with identity_under_test(postgres_url) as identity:
        await with_units(identity)
        assert "batch" not in (await identity.post("/users/generate", body)).json()
        assert (await identity.sign_in("phuongquynhon.nhaplieu", "thu")).json()["must_change_password"] is False
    async with identity_under_test(postgres_url, mode="production", secret="a secret of this test", cookie_secure=True) as identity:
        response = await identity.post("/users/generate", body)
        assert (response.status_code, rule_of(response)) == (403, "common-password-in-production")


async def test_a_printable_list_dies_on_its_first_reading(identity: Identity) -> None:
    await with_units(identity)
    made = (await identity.post("/users/generate", {"level": "commune", "roles": ["leader"]})).json()
    rows = await identity.app.state.desk.pool.fetch("SELECT sealed FROM first_passwords")
    assert made["created"][0]["first_password"].encode() not in rows[0]["sealed"]
    file = await identity.get(made["first_passwords"]["xlsx"])
    lines = list(openpyxl.load_workbook(io.BytesIO(file.content)).active.iter_rows(values_only=True))
    assert lines[1] == ("Phường Pleiku", "Lãnh đạo đơn vị", "phuongpleiku.lanhdao", made["created"][0]["first_password"])
    assert file.headers["cache-control"] == "no-store"
    for path in made["first_passwords"].values():
        assert (await identity.get(path)).status_code == 404
    assert await identity.app.state.desk.pool.fetchval("SELECT count(*) FROM first_passwords") == 0


async def test_a_printable_list_waits_a_day_and_no_longer(identity: Identity) -> None:
    await with_units(identity)
    made = (await identity.post("/users/generate", {"level": "commune", "roles": ["leader"]})).json()
    identity.clock.advance(timedelta(hours=24, seconds=1))
    identity.administrator = identity.with_grants(("administrator", UUID(int=1)))
    assert (await identity.get(made["first_passwords"]["html"])).status_code == 404


def workbook(*rows: tuple[str, ...]) -> dict[str, Any]:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    for row in (("Tên đăng nhập", "Họ tên", "Mã đơn vị", "Vai trò", "Lĩnh vực"), *rows):
        sheet.append(row)
    held = io.BytesIO()
    book.save(held)
    return {"file": ("canbo.xlsx", held.getvalue())}


GOOD = (("ngthia", "Nguyễn Thị A", "21553", "Cán bộ nhập liệu", ""), ("tranb", "Trần B", "52-SYT", "Cán bộ thẩm định", "Y tế"))
BAD = (("ngthia", "Nguyễn Thị A", "99999", "Cán bộ nhập liệu", ""), ("quantri", "", "52-SYT", "Thủ kho", "Y tế"))


async def upload(identity: Identity, files: dict[str, Any], **params: Any) -> Any:
    return await identity.http.post("/users/import", files=files, params=params, headers=identity.administrator)


async def test_a_list_made_in_excel_becomes_accounts(identity: Identity) -> None:
    await with_units(identity)
    tried = (await upload(identity, workbook(*GOOD), dry_run=True)).json()
    assert tried["errors"] == []
    assert [one["username"] for one in tried["users"]] == ["ngthia", "tranb"]
    assert (await identity.get("/users", q="ngthia")).json()["items"] == []
    made = (await upload(identity, workbook(*GOOD))).json()
    assert [(one["username"], one["unit_name"]) for one in made["created"]] == [("ngthia", "Phường Quy Nhơn"), ("tranb", "Sở Y tế")]
    signed_in = await identity.sign_in("tranb", made["created"][1]["first_password"])
    assert signed_in.json()["user"]["grants"][0]["sectors"] == ["health"]
    assert "Cán bộ thẩm định" in (await identity.get(made["first_passwords"]["html"])).text


async def test_a_list_with_errors_makes_nobody_and_tells_them_all(identity: Identity) -> None:
    await with_units(identity)
    refused = await upload(identity, workbook(GOOD[1], *BAD))
    assert (refused.status_code, rule_of(refused)) == (422, "users-sheet-has-errors")
    assert [(error["a1"], error["rule"]) for error in refused.json()["errors"]] == [
        ("C3", "unknown-unit"),
        ("A4", "username-taken"),
        ("B4", "name-missing"),
        ("D4", "unknown-role"),
    ]
    assert (await identity.get("/users", q="tranb")).json()["items"] == []


async def test_what_is_no_workbook_is_refused(identity: Identity) -> None:
    refused = await upload(identity, {"file": ("canbo.xlsx", b"Ten dang nhap;Ho ten")})
    assert (refused.status_code, rule_of(refused)) == (422, "not-an-excel-file")
    other = await upload(identity, {"file": workbook()["file"]})
    assert rule_of(other) == "users-sheet-is-unreadable"
