"""Users over HTTP: one by one, by rule, from Excel, first passwords, other departments' systems; who may do what."""

import io
from datetime import timedelta
from typing import Any
from uuid import UUID

import openpyxl
import pytest

from kernel.auth import private_key, service_token
from kernel.event_store import uuid7
from kernel.testing import EventSpy, eventually
from tests.integration.identity.harness import Identity, bearer, granted, identity_under_test, rule_of, unit

pytestmark = pytest.mark.filterwarnings("ignore:EdDSA is deprecated")

PASSWORD = "Mật khẩu 1 thử"
QUY_NHON, PLEIKU = unit("21553", "Quy Nhơn", "Phường"), unit("23563", "Pleiku", "Phường")
HEALTH = unit("52-SYT", "Sở Y tế", "Sở", "department", sectors=("health", "social_security"))
OFFICE = unit("52-VP", "Văn phòng Ủy ban nhân dân tỉnh", "Văn phòng", "office", sectors=("general",))


async def with_units(identity: Identity) -> Identity:
    await identity.has_units(QUY_NHON, PLEIKU, HEALTH, OFFICE)
    return identity


async def claims_of(identity: Identity, username: str) -> tuple[Any, ...]:
    token = (await identity.as_user(username, PASSWORD))["Authorization"].removeprefix("Bearer ")
    return tuple((await identity.app.state.tokens.principal(token)).grants)


# ------------------------------------------------------------------ one by one


async def test_a_department_grant_without_sectors_has_those_of_the_department(identity: Identity) -> None:
    await with_units(identity)
    await identity.has_user("soyte", ("verifier", HEALTH.unit_id))
    (grant,) = await claims_of(identity, "soyte")
    assert grant.sectors == ("health", "social_security")


async def test_a_narrower_grant_keeps_its_own_sectors(identity: Identity) -> None:
    await with_units(identity)
    body = {"username": "ytechuyen", "name": "A", "password": PASSWORD, "grants": [granted("verifier", HEALTH.unit_id, "health")]}
    await identity.post("/users", body)
    (grant,) = await claims_of(identity, "ytechuyen")
    assert grant.sectors == ("health",)


async def test_the_provincial_office_sees_every_sector(identity: Identity) -> None:
    await with_units(identity)
    await identity.has_user("vanphong", ("compiler", OFFICE.unit_id))
    (grant,) = await claims_of(identity, "vanphong")
    assert grant.sectors == ()


async def test_a_user_may_hold_several_roles_in_several_units(identity: Identity) -> None:
    await with_units(identity)
    await identity.has_user("kiemnhiem", ("data_entry", QUY_NHON.unit_id), ("leader", PLEIKU.unit_id))
    assert [(grant.role, grant.unit_ids) for grant in await claims_of(identity, "kiemnhiem")] == [
        ("data_entry", (QUY_NHON.unit_id,)),
        ("leader", (PLEIKU.unit_id,)),
    ]


CANNOT_BE: list[tuple[dict[str, Any], int, str]] = [
    ({"username": "có dấu"}, 422, "username-is-unusable"),
    ({"username": "x"}, 422, "username-is-unusable"),
    ({"grants": [{"role": "data_entry"}]}, 422, "unit-is-missing"),
    ({"grants": [{"role": "subscriber", "unit_id": str(QUY_NHON.unit_id)}]}, 422, "subscribers-are-clients"),
    ({"grants": [{"role": "data_entry", "unit_id": str(UUID(int=4))}]}, 409, "granted-unit-is-not-in-force"),
    ({"grants": [{"role": "king", "unit_id": str(QUY_NHON.unit_id)}]}, 422, "malformed"),
    ({"username": "quantri"}, 409, "username-is-taken"),
    ({"username": "QuanTri "}, 409, "username-is-taken"),
]


async def test_a_user_that_cannot_be_is_refused(identity: Identity) -> None:
    await with_units(identity)
    for wrong, status, rule in CANNOT_BE:
        response = await identity.post("/users", {"username": "ai.do", "name": "Ai đó", "grants": []} | wrong)
        assert (response.status_code, rule_of(response)) == (status, rule), wrong
    assert (await identity.get("/users", q="ai.do")).json()["items"] == []


async def test_the_same_request_again_makes_no_second_user_and_shows_no_password_again(identity: Identity) -> None:
    body, key = {"username": "motlan", "name": "Một lần", "grants": []}, {"Idempotency-Key": "k"}
    first, again = await identity.post("/users", body, headers=key), await identity.post("/users", body, headers=key)
    assert first.json()["id"] == again.json()["id"]
    assert "first_password" in first.json()
    assert "first_password" not in again.json()


async def test_users_are_found_by_unit_role_and_name(identity: Identity) -> None:
    await with_units(identity)
    await identity.has_user("mot", ("data_entry", QUY_NHON.unit_id))
    hai = await identity.has_user("hai", ("leader", PLEIKU.unit_id))
    await identity.put(f"/users/{hai}", {"name": "Đặng Thị Ánh"})

    async def found(**params: Any) -> list[str]:
        return [item["username"] for item in (await identity.get("/users", **params)).json()["items"]]

    assert await found() == ["hai", "mot", "quantri"]
    assert await found(unit=str(PLEIKU.unit_id)) == ["hai"]
    assert await found(role="data_entry") == ["mot"]
    assert await found(q="dang thi anh") == ["hai"]
    assert await found(q="MOT") == ["mot"]
    page = (await identity.get("/users", limit=2)).json()
    assert [item["username"] for item in (await identity.get("/users", limit=2, cursor=page["next"])).json()["items"]] == ["quantri"]


async def test_names_are_told_to_any_session_and_to_services(identity: Identity) -> None:
    await with_units(identity)
    user_id = await identity.has_user("mot", ("data_entry", QUY_NHON.unit_id))
    service = service_token(private_key(identity.settings, "templates"), "templates", identity.clock().timestamp())
    for headers in (await identity.as_user("mot", PASSWORD), {"Authorization": f"Bearer {service}"}):
        response = await identity.http.get("/users/names", params={"ids": f"{user_id},{uuid7()}"}, headers=headers)
        assert response.json() == {str(user_id): {"name": "Người mot", "unit": "Phường Quy Nhơn", "roles": ["Cán bộ nhập liệu"]}}
    assert (await identity.http.get("/users/names", params={"ids": str(user_id)})).status_code == 401


async def test_the_last_administrator_cannot_be_disabled_or_stripped(identity: Identity) -> None:
    await with_units(identity)
    me = (await identity.get("/users", role="administrator")).json()["items"][0]["id"]
    disabled = await identity.post(f"/users/{me}/disable")
    stripped = await identity.put(f"/users/{me}", {"grants": [granted("leader", QUY_NHON.unit_id)]})
    assert [rule_of(disabled), rule_of(stripped)] == ["last-administrator"] * 2
    await identity.post("/users", {"username": "quantri2", "name": "Thứ hai", "grants": [{"role": "administrator"}]})
    assert (await identity.post(f"/users/{me}/disable")).status_code == 200


async def test_a_reset_password_signs_out_and_is_to_be_changed(identity: Identity) -> None:
    await with_units(identity)
    user_id = await identity.has_user("mot", ("data_entry", QUY_NHON.unit_id))
    browser = identity.browser()
    before = await identity.sign_in("mot", PASSWORD, browser)
    reset = (await identity.post(f"/users/{user_id}/reset-password")).json()
    assert (await browser.get("/me", headers=bearer(before))).status_code == 401
    assert (await browser.post("/sessions/refresh")).status_code == 401
    assert (await identity.sign_in("mot", PASSWORD)).status_code == 401
    assert (await identity.sign_in("mot", reset["first_password"])).json()["must_change_password"] is True
    page = await identity.get(reset["first_passwords"]["html"])
    assert reset["first_password"] in page.text
    assert "Phường Quy Nhơn" in page.text


async def test_unknown_users_are_not_found(identity: Identity) -> None:
    for call in ("disable", "enable", "reset-password"):
        assert (await identity.post(f"/users/{uuid7()}/{call}")).status_code == 404
    assert (await identity.put(f"/users/{uuid7()}", {"name": "A"})).status_code == 404


async def test_events_hold_no_name_no_user_name_and_no_password(identity: Identity) -> None:
    await with_units(identity)
    user_id = await identity.has_user("nguyenthianh", ("data_entry", QUY_NHON.unit_id))
    await identity.put(f"/users/{user_id}", {"name": "Nguyễn Thị Ánh"})
    await identity.post(f"/users/{user_id}/reset-password")
    await identity.post(f"/users/{user_id}/disable")
    spy = EventSpy(identity.app.state.runtime.ledger)
    await eventually(lambda: spy.messages("vn.ktxh.identity.user_disabled.v1"))
    text = " ".join(bytes(one.data).decode() for one in await spy.messages() if one.subject == f"user/{user_id}").lower()
    assert str(user_id) in text
    assert not [word for word in ("nguyen", "nguyễn", "người", "argon2", "password") if word in text]


# ------------------------------------------------------------------ a leader and his officers


async def test_a_leader_lists_the_people_of_his_own_unit(identity: Identity) -> None:
    await with_units(identity)
    await identity.has_user("canbo", ("data_entry", QUY_NHON.unit_id))
    await identity.has_user("canbo.pleiku", ("data_entry", PLEIKU.unit_id))
    await identity.has_user("lanhdao", ("leader", QUY_NHON.unit_id))
    headers = await identity.as_user("lanhdao", PASSWORD)
    listed = await identity.http.get("/users", headers=headers)
    assert [item["username"] for item in listed.json()["items"]] == ["canbo", "lanhdao"]
    asked_for_another = await identity.http.get("/users", params={"unit": str(PLEIKU.unit_id)}, headers=headers)
    assert asked_for_another.json()["items"] == []


async def test_a_leader_resets_his_officers_and_nobody_else(identity: Identity) -> None:
    await with_units(identity)
    mine = await identity.has_user("canbo", ("data_entry", QUY_NHON.unit_id))
    foreign = await identity.has_user("canbo.pleiku", ("data_entry", PLEIKU.unit_id))
    beside = await identity.has_user("phochutich", ("leader", QUY_NHON.unit_id))
    also_elsewhere = await identity.has_user("kiemnhiem", ("data_entry", QUY_NHON.unit_id), ("verifier", PLEIKU.unit_id))
    administrates = await identity.post(
        "/users", {"username": "cuuquantri", "name": "C", "grants": [granted("data_entry", QUY_NHON.unit_id), {"role": "administrator"}]}
    )
    await identity.has_user("lanhdao", ("leader", QUY_NHON.unit_id))
    headers = await identity.as_user("lanhdao", PASSWORD)

    async def reset(user_id: object) -> tuple[int, str]:
        response = await identity.http.post(f"/users/{user_id}/reset-password", headers=headers)
        return response.status_code, "" if response.status_code == 200 else rule_of(response)

    assert await reset(mine) == (200, "")
    assert await reset(foreign) == (404, "not-found")
    for above in (beside, also_elsewhere, administrates.json()["id"]):
        assert await reset(above) == (403, "only-your-officers")


ADMINISTRATORS_CALLS = [
    ("POST", "/users"),
    ("PUT", f"/users/{UUID(int=1)}"),
    ("POST", f"/users/{UUID(int=1)}/disable"),
    ("POST", f"/users/{UUID(int=1)}/enable"),
    ("POST", "/users/generate"),
    ("POST", "/users/import"),
    ("POST", "/units"),
    ("POST", "/units/import"),
    ("PUT", f"/units/{UUID(int=1)}"),
    ("POST", "/unit-changes"),
    ("PUT", f"/unit-changes/{UUID(int=1)}/weights"),
    ("GET", "/clients"),
    ("POST", "/clients"),
    ("POST", f"/clients/{UUID(int=1)}/revoke"),
    ("POST", "/keys/rotate"),
]


async def test_what_is_an_administrators_is_nobody_elses(identity: Identity) -> None:
    for role in ("data_entry", "leader", "verifier", "compiler", "executive", "operator"):
        headers = identity.with_grants((role, QUY_NHON.unit_id))
        for method, path in ADMINISTRATORS_CALLS:
            response = await identity.http.request(method, path, headers=headers)
            assert (response.status_code, rule_of(response)) == (403, "role-may-not"), (role, path)


async def test_anything_but_signing_in_needs_a_session(identity: Identity) -> None:
    reads = [("GET", path) for path in ("/me", "/units", "/sectors", "/unit-changes", "/users", f"/users/names?ids={UUID(int=1)}")]
    for method, path in [*reads, *ADMINISTRATORS_CALLS]:
        assert (await identity.http.request(method, path)).status_code == 401, path


# ------------------------------------------------------------------ by rule


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


# ------------------------------------------------------------------ from Excel


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


# ------------------------------------------------------------------ other departments' systems


async def a_client(identity: Identity) -> dict[str, str]:
    response = await identity.post("/clients", {"name": "Kho dữ liệu", "unit_id": str(HEALTH.unit_id), "sectors": ["health"]})
    assert response.status_code == 201, response.text
    return {"client_id": response.json()["client_id"], "client_secret": response.json()["client_secret"]}


async def test_a_departments_system_exchanges_its_secret_for_a_token_of_its_sectors(identity: Identity) -> None:
    await with_units(identity)
    credentials = await a_client(identity)
    response = await identity.browser().post("/sessions", json=credentials)
    assert (response.json()["expires_in"], response.json()["sectors"]) == (300, ["health"])
    assert "set-cookie" not in response.headers
    principal = await identity.app.state.tokens.principal(response.json()["access_token"])
    assert (principal.kind, principal.sectors, principal.id) == ("subscriber", ("health",), credentials["client_id"])
    assert (await identity.http.get("/me", headers=bearer(response))).status_code == 403
    assert (await identity.http.get("/units", headers=bearer(response))).status_code == 200


async def test_a_wrong_secret_and_an_unknown_system_are_not_told_apart(identity: Identity) -> None:
    await with_units(identity)
    credentials = await a_client(identity)
    wrong = await identity.browser().post("/sessions", json=credentials | {"client_secret": "sai"})
    unknown = await identity.browser().post("/sessions", json=credentials | {"client_id": str(uuid7())})
    assert [(one.status_code, rule_of(one)) for one in (wrong, unknown)] == [(401, "wrong-credentials")] * 2


async def test_a_revoked_system_is_out_at_once_and_every_service_hears_of_it(identity: Identity) -> None:
    await with_units(identity)
    credentials = await a_client(identity)
    response = await identity.browser().post("/sessions", json=credentials)
    assert (await identity.post(f"/clients/{credentials['client_id']}/revoke")).status_code == 200
    assert (await identity.http.get("/units", headers=bearer(response))).status_code == 401
    assert (await identity.browser().post("/sessions", json=credentials)).status_code == 401
    (listed,) = (await identity.get("/clients")).json()["items"]
    assert listed["revoked_at"] is not None
    assert "secret" not in " ".join(listed)
    spy = EventSpy(identity.app.state.runtime.ledger)
    (said,) = await eventually(lambda: spy.messages("vn.ktxh.identity.user_disabled.v1"))
    assert said.subject == f"user/{credentials['client_id']}"
    assert (await identity.post(f"/clients/{uuid7()}/revoke")).status_code == 404
