"""Units over HTTP, with the real ones of the whole country: import, search, days, changes."""

import time
from datetime import date, timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import msgspec
import pytest

from contracts.identity import UnitRegisteredV1
from kernel.event_store import uuid7
from kernel.testing import EventSpy, eventually
from ktxh import units_data
from services.identity.consumers import withdraw_ended_grants
from tests.integration.identity.harness import Identity, as_import, rule_of, unit

pytestmark = pytest.mark.filterwarnings("ignore:EdDSA is deprecated")

SECONDS_FOR_ALL_UNITS = 10
COUNTRY = unit("VN", "Việt Nam", "Nước", "country", "1945-09-02")
GIA_LAI = unit("52", "Gia Lai", "Tỉnh", "province", province_code="52")
BINH_DINH = unit("52", "Bình Định", "Tỉnh", "province", "2004-07-08", province_code="52", ended_on=date(2025, 7, 1))
DAK_DOA = unit("23677", "Đak Đoa", province_code="52", parent_id=GIA_LAI.unit_id)


def of_the_country() -> list[UnitRegisteredV1]:
    """34 provinces and 3,321 communes as they are packaged, and the country above them."""
    units = units_data.current_units()
    ids = {one.code: one.unit_id for one in units}
    return [COUNTRY] + [
        UnitRegisteredV1(
            unit_id=one.unit_id,
            code=one.code,
            name=one.name,
            level=one.level,
            kind=one.kind,
            valid_from=one.valid_from,
            parent_id=ids[one.parent_code] if one.parent_code else COUNTRY.unit_id,
            province_code=one.province_code,
            latitude=one.latitude,
            longitude=one.longitude,
            legal_document=one.legal_document,
        )
        for one in units
    ]


async def names(identity: Identity, **params: Any) -> list[str]:
    response = await identity.get("/units", **params)
    assert response.status_code == 200, response.text
    return [item["full_name"] for item in response.json()["items"]]


async def test_the_units_of_the_whole_country_come_in_seconds_and_are_found_as_people_type(identity: Identity) -> None:
    units = of_the_country()
    assert len(units) == 3356
    began = time.perf_counter()
    first = await identity.post("/units/import", as_import(list(reversed(units))))
    took = time.perf_counter() - began
    print(f"3,356 units in {took:.2f} s")
    assert first.json() == {"registered": 3356, "unchanged": 0, "errors": []}
    assert took < SECONDS_FOR_ALL_UNITS
    again = await identity.post("/units/import", as_import(units))
    assert again.json() == {"registered": 0, "unchanged": 3356, "errors": []}

    assert await names(identity, q="gia lai", level="province") == ["Tỉnh Gia Lai"]
    assert await names(identity, q="Gia Lai", level="province") == await names(identity, q="GIA  LAI", level="province")
    dong = await names(identity, q="dong", level="province")
    assert {"Thành phố Đồng Nai", "Tỉnh Đồng Tháp", "Tỉnh Đồng Nai"} & set(dong)
    assert "Tỉnh Lâm Đồng" in dong
    assert dong.index("Tỉnh Đồng Tháp") < dong.index("Tỉnh Lâm Đồng"), "what begins so comes first"
    dak = await names(identity, q="dak", level="commune", limit=5000)
    assert {"Xã Đak Đoa", "Xã Đak Pơ", "Xã Đăk Hà"} <= set(dak)
    assert "Xã Đak Đoa" in await names(identity, q="đak đoa")
    assert "Xã Đak Đoa" in await names(identity, q="dakdoa")
    assert await names(identity, q="phuong quy nhon") == await names(identity, q="Phường Quy Nhơn")
    assert "Phường Quy Nhơn Đông" in await names(identity, q="quy nhon dong")
    assert await names(identity, q="không có nơi nào tên này") == []
    assert await names(identity, q="%") == await names(identity, q="")

    gia_lai = next(one for one in units if one.code == "52")
    assert len(await names(identity, parent=str(gia_lai.unit_id), limit=5000)) == 135
    everything = await _all_pages(identity, level="commune", limit=1000)
    assert len(everything) == len(set(everything)) == 3321


async def _all_pages(identity: Identity, **params: Any) -> list[str]:
    page = (await identity.get("/units", **params)).json()
    found = [item["id"] for item in page["items"]]
    while page["next"]:
        page = (await identity.get("/units", cursor=page["next"], **params)).json()
        found += [item["id"] for item in page["items"]]
    return found


async def test_units_are_listed_in_the_order_of_the_vietnamese_alphabet(identity: Identity) -> None:
    wanted = ["Ăn Hải", "An Khê", "Ân Tín", "Bình Định", "Đak Đoa", "Phường 10", "Phường 2"]
    units = [unit(str(20000 + n), name, "Xã") for n, name in enumerate(wanted)]
    await identity.has_units(*units)
    listed = [item["name"] for item in (await identity.get("/units", level="commune")).json()["items"]]
    assert listed == ["An Khê", "Ăn Hải", "Ân Tín", "Bình Định", "Đak Đoa", "Phường 2", "Phường 10"]


async def test_a_code_and_a_day_name_one_unit(identity: Identity) -> None:
    await identity.has_units(BINH_DINH, GIA_LAI)
    assert await names(identity, code="52", on="2025-06-30") == ["Tỉnh Bình Định"]
    assert await names(identity, code="52", on="2025-07-01") == ["Tỉnh Gia Lai"]
    assert await names(identity, code="52") == ["Tỉnh Gia Lai"]


async def test_children_may_stand_before_their_parents_in_the_list(identity: Identity) -> None:
    response = await identity.post("/units/import", as_import([DAK_DOA, GIA_LAI]))
    assert response.json() == {"registered": 2, "unchanged": 0, "errors": []}


async def test_what_contradicts_is_told_item_by_item_and_the_rest_is_kept(identity: Identity) -> None:
    await identity.has_units(GIA_LAI, DAK_DOA)
    renamed = msgspec.structs.replace(DAK_DOA, name="Tên khác")
    orphan = unit("1", "Mồ côi", parent_id=uuid4())
    same_code = msgspec.structs.replace(unit("x", "Trùng mã"), code=DAK_DOA.code)
    response = await identity.post("/units/import", as_import([renamed, orphan, same_code, unit("2", "Mới"), DAK_DOA]))
    body = response.json()
    assert (body["registered"], body["unchanged"]) == (1, 1)
    assert {error["unit_id"]: error["rule"] for error in body["errors"]} == {
        str(renamed.unit_id): "unit-is-registered-otherwise",
        str(orphan.unit_id): "parent-is-not-in-force",
        str(same_code.unit_id): "code-is-taken",
    }


async def test_units_above_each_other_in_a_circle_are_refused(identity: Identity) -> None:
    one, other = unit("1", "Gà"), unit("2", "Trứng")
    circle = [msgspec.structs.replace(one, parent_id=other.unit_id), msgspec.structs.replace(other, parent_id=one.unit_id)]
    body = (await identity.post("/units/import", as_import(circle))).json()
    assert [error["rule"] for error in body["errors"]] == ["parent-is-not-in-force"] * 2


async def test_a_malformed_list_is_refused(identity: Identity) -> None:
    for content in (b"{", b'{"units": [{"code": "1"}]}', b"[]", b"\xff"):
        response = await identity.http.post("/units/import", content=content, headers=identity.administrator)
        assert (response.status_code, rule_of(response)) == (422, "malformed"), content


async def test_a_single_unit_is_registered_once_however_often_the_request_comes(identity: Identity) -> None:
    body = {"code": "70001", "name": " Sở  Y tế ", "level": "department", "kind": "Sở", "valid_from": "2025-07-01", "sectors": ["health"]}
    key = {"Idempotency-Key": "one"}
    first, again = await identity.post("/units", body, headers=key), await identity.post("/units", body, headers=key)
    assert (first.status_code, again.json()) == (201, first.json())
    other = await identity.post("/units", body | {"name": "Khác"}, headers=key)
    assert (other.status_code, rule_of(other)) == (422, "idempotency-key-reused")
    shown = (await identity.get(f"/units/{first.json()['id']}")).json()
    assert (shown["name"], shown["full_name"], shown["sectors"]) == ("Sở Y tế", "Sở Y tế", ["health"])


async def test_a_commune_becomes_a_ward_and_is_both_on_its_days(identity: Identity) -> None:
    await identity.has_units(GIA_LAI, DAK_DOA)
    identity.clock.now = identity.clock.now.replace(year=2026, month=11)
    change = {"kind": "Phường", "changed_on": "2026-04-30", "legal_document": "237/NQ-UBTVQH16"}
    response = await identity.put(f"/units/{DAK_DOA.unit_id}", change)
    assert (response.status_code, response.json()["full_name"]) == (200, "Phường Đak Đoa")
    assert await names(identity, q="dak doa", on="2026-04-29") == ["Xã Đak Đoa"]
    assert await names(identity, q="dak doa", on="2026-04-30") == ["Phường Đak Đoa"]
    assert len((await identity.get(f"/units/{DAK_DOA.unit_id}")).json()["versions"]) == 2
    spy = EventSpy(identity.app.state.runtime.ledger)
    said = (await eventually(lambda: spy.messages("vn.ktxh.identity.unit_changed.v1")))[0]
    assert (said.subject, said.province, said.unit) == (f"unit/{DAK_DOA.unit_id}", "52", "23677")
    assert (await identity.put(f"/units/{DAK_DOA.unit_id}", change)).status_code == 200
    assert len(await spy.messages("vn.ktxh.identity.unit_changed.v1")) == 1


CHANGES_THAT_CANNOT_BE: list[tuple[dict[str, str], int, str]] = [
    ({"name": "Đak Đoa mới"}, 422, "legal-document-is-missing"),
    ({"name": "Đak Đoa mới", "legal_document": "1", "changed_on": "2024-01-01"}, 409, "change-precedes-latest"),
    ({"parent_id": str(DAK_DOA.unit_id), "legal_document": "1"}, 409, "parent-is-below"),
    ({"parent_id": str(UUID(int=5)), "legal_document": "1"}, 409, "parent-is-not-in-force"),
    ({"code": "52", "legal_document": "1"}, 409, "code-is-taken"),
    ({"color": "red"}, 422, "malformed"),
]


async def test_a_change_that_cannot_be_is_refused(identity: Identity) -> None:
    await identity.has_units(GIA_LAI, DAK_DOA)
    for change, status, rule in CHANGES_THAT_CANNOT_BE:
        response = await identity.put(f"/units/{DAK_DOA.unit_id}", {"changed_on": "2026-04-30"} | change)
        assert (response.status_code, rule_of(response)) == (status, rule), change


async def test_a_unit_does_not_come_under_one_of_its_own(identity: Identity) -> None:
    await identity.has_units(GIA_LAI, DAK_DOA)
    change = {"parent_id": str(DAK_DOA.unit_id), "changed_on": "2026-01-01", "legal_document": "1"}
    response = await identity.put(f"/units/{GIA_LAI.unit_id}", change)
    assert rule_of(response) == "parent-is-below"


async def test_an_unknown_unit_is_not_found(identity: Identity) -> None:
    assert (await identity.get(f"/units/{uuid7()}")).status_code == 404
    assert (await identity.put(f"/units/{uuid7()}", {"changed_on": "2026-01-01"})).status_code == 404


async def test_sectors_name_the_departments_in_charge(identity: Identity) -> None:
    await identity.has_units(GIA_LAI, unit("52-SYT", "Y tế", "Sở", "department", sectors=("health", "social_security")))
    sectors = {item["code"]: item for item in (await identity.get("/sectors")).json()["items"]}
    assert sectors["health"]["name"] == "Y tế"
    assert [one["name"] for one in sectors["health"]["departments"]] == ["Sở Y tế"]
    assert sectors["education"]["departments"] == []


async def test_a_made_up_cursor_is_malformed(identity: Identity) -> None:
    for path in ("/units", "/unit-changes"):
        for cursor in ("x", "e30=", "WzEsMl0=", "WzEsMl"):
            assert rule_of(await identity.get(path, cursor=cursor)) == "malformed"


# ------------------------------------------------------------------ reorganisations

AN_NGHIA = unit("21622", "An Nghĩa", since="2004-07-08", province_code="52")
AN_HUU = unit("21625", "Ân Hữu", since="2004-07-08", province_code="52")
AN_HAO = unit("21622", "Ân Hảo", province_code="52")
HOAI_AN = unit("21609", "Hoài Ân", province_code="52")


async def before_the_reorganisation(identity: Identity) -> None:
    old = [msgspec.structs.replace(one, ended_on=date(2025, 7, 1)) for one in (AN_NGHIA, AN_HUU)]
    await identity.has_units(*old, AN_HAO, HOAI_AN)


def the_reorganisation(**more: Any) -> dict[str, Any]:
    successions = [
        {"from_unit": str(AN_NGHIA.unit_id), "to_unit": str(AN_HAO.unit_id), "whole": False},
        {"from_unit": str(AN_NGHIA.unit_id), "to_unit": str(HOAI_AN.unit_id), "whole": False, "acts": False},
        {"from_unit": str(AN_HUU.unit_id), "to_unit": str(HOAI_AN.unit_id), "whole": True},
    ]
    ended = [str(AN_NGHIA.unit_id), str(AN_HUU.unit_id)]
    return {
        "reorganisation_id": str(UUID(int=77)),
        "effective_on": "2025-07-01",
        "legal_document": "1664/NQ-UBTVQH15",
        "ended": ended,
        "successions": successions,
    } | more


async def test_a_reorganisation_is_recorded_and_told(identity: Identity) -> None:
    await before_the_reorganisation(identity)
    response = await identity.post("/unit-changes", the_reorganisation())
    assert (response.status_code, response.json()) == (201, {"id": str(UUID(int=77))})
    assert (await identity.post("/unit-changes", the_reorganisation())).status_code == 201
    (item,) = (await identity.get("/unit-changes")).json()["items"]
    assert [one["name"] for one in item["ended"]] == ["Xã An Nghĩa", "Xã Ân Hữu"]
    assert len(item["successions"]) == 3
    spy = EventSpy(identity.app.state.runtime.ledger)
    said = await eventually(lambda: spy.messages("vn.ktxh.identity.units_reorganised.v1"))
    assert [one.subject for one in said] == [f"reorganisation/{UUID(int=77)}"]


async def test_people_of_the_successor_act_for_the_ended_unit(identity: Identity) -> None:
    await before_the_reorganisation(identity)
    await identity.has_user("hoaian", ("data_entry", HOAI_AN.unit_id))
    await identity.post("/unit-changes", the_reorganisation())
    headers = await identity.as_user("hoaian", "Mật khẩu 1 thử")
    principal = await identity.app.state.tokens.principal(headers["Authorization"].removeprefix("Bearer "))
    assert principal.grants[0].unit_ids == (HOAI_AN.unit_id, AN_HUU.unit_id)


async def test_they_act_also_for_units_whose_successor_has_ended_itself(identity: Identity) -> None:
    await before_the_reorganisation(identity)
    await identity.post("/unit-changes", the_reorganisation())
    newest = unit("99999", "Hoài Ân Mới", since="2026-01-01")
    await identity.has_units(newest)
    merged = the_reorganisation(
        reorganisation_id=str(UUID(int=78)),
        effective_on="2026-01-01",
        ended=[str(HOAI_AN.unit_id)],
        successions=[{"from_unit": str(HOAI_AN.unit_id), "to_unit": str(newest.unit_id), "whole": True}],
    )
    assert (await identity.post("/unit-changes", merged)).status_code == 201
    await identity.has_user("moi", ("leader", newest.unit_id))
    headers = await identity.as_user("moi", "Mật khẩu 1 thử")
    principal = await identity.app.state.tokens.principal(headers["Authorization"].removeprefix("Bearer "))
    assert set(principal.grants[0].unit_ids) == {newest.unit_id, HOAI_AN.unit_id, AN_HUU.unit_id}


async def test_people_of_an_ended_unit_lose_their_grant_and_their_token_at_once(identity: Identity) -> None:
    await identity.has_units(HOAI_AN, AN_HUU)
    await identity.has_user("anhuu", ("data_entry", AN_HUU.unit_id))
    headers = await identity.as_user("anhuu", "Mật khẩu 1 thử")
    merged = the_reorganisation(
        ended=[str(AN_HUU.unit_id)],
        successions=[{"from_unit": str(AN_HUU.unit_id), "to_unit": str(HOAI_AN.unit_id), "whole": True}],
    )
    assert (await identity.post("/unit-changes", merged)).status_code == 201
    assert (await identity.http.get("/me", headers=headers)).status_code == 401
    assert (await identity.sign_in("anhuu", "Mật khẩu 1 thử")).json()["user"]["grants"] == []
    assert await names(identity, q="an huu") == []
    assert await names(identity, q="an huu", on="2025-06-30") == ["Xã Ân Hữu"]


async def test_grants_end_on_the_day_of_a_reorganisation_and_not_before(identity: Identity) -> None:
    await identity.has_units(HOAI_AN, AN_HUU)
    await identity.has_user("anhuu", ("data_entry", AN_HUU.unit_id))
    tomorrow = identity.app.state.desk.today() + timedelta(days=1)
    merged = the_reorganisation(
        effective_on=tomorrow.isoformat(),
        ended=[str(AN_HUU.unit_id)],
        successions=[{"from_unit": str(AN_HUU.unit_id), "to_unit": str(HOAI_AN.unit_id), "whole": True}],
    )
    assert (await identity.post("/unit-changes", merged)).status_code == 201

    async def roles() -> list[str]:
        return [grant["role"] for grant in (await identity.sign_in("anhuu", "Mật khẩu 1 thử")).json()["user"]["grants"]]

    async def concerned() -> int:
        async with identity.app.state.desk.store.begin() as work:
            return await withdraw_ended_grants(work, identity.app.state.desk)

    assert (await roles(), await concerned()) == (["data_entry"], 0)
    identity.clock.advance(timedelta(days=1))
    assert await roles() == []
    assert (await concerned(), await concerned()) == (1, 0)


async def test_weights_come_later_and_are_told_with_everything_else(identity: Identity) -> None:
    await before_the_reorganisation(identity)
    await identity.post("/unit-changes", the_reorganisation())
    shares = [
        {"from_unit": str(AN_NGHIA.unit_id), "to_unit": str(AN_HAO.unit_id), "weight": "0.62"},
        {"from_unit": str(AN_NGHIA.unit_id), "to_unit": str(HOAI_AN.unit_id), "weight": "0.38"},
    ]
    path = f"/unit-changes/{UUID(int=77)}/weights"
    assert (await identity.put(path, {"weights": shares})).status_code == 200
    (item,) = (await identity.get("/unit-changes")).json()["items"]
    assert sorted(one["weight"] or "" for one in item["successions"]) == ["", "0.38", "0.62"]
    wrong: httpx.Response = await identity.put(path, {"weights": [shares[0] | {"weight": "0.7"}]})
    assert (wrong.status_code, rule_of(wrong)) == (422, "weights-do-not-fit")


REORGANISATIONS_THAT_CANNOT_BE: list[tuple[dict[str, Any], str]] = [
    ({"ended": [str(UUID(int=3))], "successions": []}, "unit-is-not-in-force"),
    ({"legal_document": ""}, "legal-document-is-missing"),
    ({"ended": [], "successions": []}, "reorganisation-is-empty"),
    ({"ended": [str(AN_NGHIA.unit_id), str(AN_HUU.unit_id), str(HOAI_AN.unit_id)]}, "successor-ends"),
]


async def test_a_reorganisation_that_cannot_be_changes_nothing(identity: Identity) -> None:
    await before_the_reorganisation(identity)
    for wrong, rule in REORGANISATIONS_THAT_CANNOT_BE:
        assert rule_of(await identity.post("/unit-changes", the_reorganisation(**wrong))) == rule
    assert (await identity.get("/unit-changes")).json()["items"] == []
