"""Users over HTTP, one by one: roles, names, disabling, resetting; what a leader may and what is an administrator's."""

from typing import Any
from uuid import UUID

import pytest

from kernel.auth import private_key, service_token
from kernel.event_store import uuid7
from kernel.testing import EventSpy, eventually
from tests.integration.identity.harness import (
    HEALTH,
    OFFICE,
    PASSWORD,
    PLEIKU,
    QUY_NHON,
    Identity,
    bearer,
    granted,
    rule_of,
    with_units,
)

pytestmark = pytest.mark.filterwarnings("ignore:EdDSA is deprecated")


async def claims_of(identity: Identity, username: str) -> tuple[Any, ...]:
    token = (await identity.as_user(username, PASSWORD))["Authorization"].removeprefix("Bearer ")
    return tuple((await identity.app.state.tokens.principal(token)).grants)


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
