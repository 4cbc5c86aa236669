"""Schedules that the clock opens, holidays that move due dates, and Excel forms that become drafts."""

from datetime import UTC, datetime, timedelta
from io import BytesIO
from typing import Any
from uuid import UUID

import openpyxl
import pytest
from msgspec.structs import replace

from contracts.identity import UserDisabledV1
from services.templates.consumers.clock import assignment_id_of, tick

from .province import COMMUNES, PROVINCE, Province, ids, unit, unit_id


async def _schedules(province: Province, **changes: Any) -> Any:
    body = {
        "template": "YT-T",
        "units": {"under": str(PROVINCE), "level": "commune"},
        "anchor": "end",
        "days": -4,
        "first_period": "2026-04",
    }
    return await province.does("POST", "/schedules", province.designer, {**body, **changes})


async def _ticks(province: Province, at: datetime) -> int:
    province.service.clock.now = at
    return (await tick(province.service.runtime, province.service.app.state.tree, at)).opened


async def test_each_period_is_opened_once_on_its_stated_day(province: Province) -> None:
    await province.publishes()
    made = await _schedules(province)

    assert made["opens_on"] == "2026-04-10"
    assert await _ticks(province, datetime(2026, 4, 9, 16, 59, tzinfo=UTC)) == 0
    assert await _ticks(province, datetime(2026, 4, 9, 17, 0, tzinfo=UTC)) == 1  # midnight in Việt Nam
    assert await _ticks(province, datetime(2026, 4, 20, tzinfo=UTC)) == 0
    listed = (await province.get("/schedules", province.designer))["items"]
    assert [one["period"] for one in listed[0]["openings"]] == ["2026-04"]
    assignment = (await province.get("/assignments", province.designer))["items"][0]
    assert assignment["id"] == str(assignment_id_of(UUID(made["id"]), "2026-04"))
    assert assignment["counts"]["expected"] == 4
    assert assignment["schedule_id"] == made["id"]


async def test_openings_that_were_missed_are_caught_up_with_the_units_of_their_day(province: Province) -> None:
    await province.publishes()
    await _schedules(province)
    founded = datetime(2026, 5, 20, tzinfo=UTC)
    later = replace(unit(unit_id("Xã mới"), "23999", "Mới", "commune"), valid_from=founded.date())
    await province.service.hears("identity", "vn.ktxh.identity.unit_registered.v1", f"unit/{later.unit_id}", later)

    assert await _ticks(province, datetime(2026, 6, 30, tzinfo=UTC)) == 3

    items = (await province.get("/assignments", province.designer))["items"]
    assert {one["period"]: one["counts"]["expected"] for one in items} == {"2026-04": 4, "2026-05": 4, "2026-06": 5}


async def test_a_schedule_asked_for_twice_with_the_same_key_is_one(province: Province) -> None:
    await province.publishes()
    body = {"template": "YT-T", "units": ids(*COMMUNES), "first_period": "2026-04"}

    made = [await province.does("POST", "/schedules", province.designer, body, idempotency_key="k") for _ in range(2)]

    assert made[0] == made[1]
    assert len((await province.get("/schedules", province.designer))["items"]) == 1


async def test_a_stopped_schedule_opens_no_more(province: Province) -> None:
    await province.publishes()
    made = await _schedules(province, last_period="2026-05")
    await _ticks(province, datetime(2026, 4, 11, tzinfo=UTC))

    assert (await province.call("POST", f"/schedules/{made['id']}/stop", province.trader)).status_code == 404
    await province.does("POST", f"/schedules/{made['id']}/stop", province.designer)

    assert await _ticks(province, datetime(2026, 12, 1, tzinfo=UTC)) == 0


async def test_a_schedule_ends_with_its_last_period(province: Province) -> None:
    await province.publishes()
    await _schedules(province, last_period="2026-05")

    assert await _ticks(province, datetime(2026, 12, 1, tzinfo=UTC)) == 2
    assert await _ticks(province, datetime(2026, 12, 2, tzinfo=UTC)) == 0


async def test_what_was_assigned_by_hand_is_not_opened_twice_by_a_schedule(province: Province) -> None:
    await province.publishes()
    await province.assigns(ids(*COMMUNES), period="2026-04")
    await _schedules(province)

    assert await _ticks(province, datetime(2026, 4, 11, tzinfo=UTC)) == 1
    items = (await province.get("/assignments", province.designer))["items"]
    assert [one["counts"]["expected"] for one in items] == [4]


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"first_period": "2026-Q2"}, 422),
        ({"last_period": "2026-01"}, 422),
        ({"units": {}}, 422),
        ({"template": "KHONG-CO"}, 404),
        ({"anchor": "middle"}, 422),
        ({"entered_by": str(PROVINCE)}, 422),
    ],
)
async def test_a_schedule_that_makes_no_sense_is_refused(province: Province, change: dict[str, Any], status: int) -> None:
    await province.publishes()
    body = {"template": "YT-T", "units": ids(*COMMUNES), "first_period": "2026-04", **change}

    assert (await province.call("POST", "/schedules", province.designer, body)).status_code == status


async def test_holidays_are_there_from_the_start_and_move_due_dates(province: Province) -> None:
    await province.publishes()
    listed = await province.client.get("/holidays?year=2026", headers=province.officer)
    names = {one["name"] for one in listed.json()["items"]}
    holidays = {"holidays": [{"date": "2026-03-16", "name": "Nghỉ thử", "kind": "holiday"}]}

    assert "Quốc khánh" in names
    assert (await province.call("PUT", "/holidays", province.designer, holidays, if_match="1")).status_code == 403
    assert (await province.call("PUT", "/holidays", province.administrator, holidays)).status_code == 428
    assert (await province.call("PUT", "/holidays", province.administrator, holidays, if_match=listed.headers["etag"])).status_code == 200
    assert (await province.call("PUT", "/holidays", province.administrator, holidays, if_match=listed.headers["etag"])).status_code == 412
    assert (await province.assigns())["due_on"] == "2026-03-18"
    assert (await province.get("/working-days?from=2026-03-13&n=1", province.officer))["day"] == "2026-03-17"


async def test_a_disabled_persons_token_ends_here_at_once(province: Province) -> None:
    person = unit_id("một người")
    token = province.service.as_user(("compiler", COMMUNES[0]), user=person)
    assert (await province.call("GET", "/templates", token)).status_code == 200
    ended = UserDisabledV1(person, province.service.clock() + timedelta(seconds=1))

    await province.service.hears("identity", "vn.ktxh.identity.user_disabled.v1", f"user/{person}", ended)

    assert (await province.call("GET", "/templates", token)).status_code == 401


def _excel_form() -> bytes:
    book = openpyxl.Workbook()
    page = book.active
    assert page is not None
    rows = [
        ["BÁO CÁO Y TẾ THÁNG"],
        [],
        ["STT", "Chỉ tiêu", "Đơn vị tính", "Thực hiện tháng", "Thực hiện quý"],
        [1, "Số lượt khám bệnh", "lượt", 120, 300],
        [2, "Số lượt nhập viện", "lượt", 12, 30],
        [3, "Cộng", "lượt", "=D4+D5", "=E4+E5"],
    ]
    for row in rows:
        page.append(row)
    file = BytesIO()
    book.save(file)
    return file.getvalue()


async def test_an_uploaded_form_becomes_a_proposal_that_knows_its_indicators(province: Province) -> None:
    await province.defines_indicators()

    answer = await province.client.post(
        "/templates/import", files={"file": ("Y tế tháng.xlsx", _excel_form())}, headers=province.designer, timeout=60
    )

    assert answer.status_code == 200, answer.text
    proposal = answer.json()["proposal"]
    assert proposal["code"] == "Y-TE-THANG"
    subjects = [row.get("subject") for row in proposal["sheet"]["rows"]]
    assert subjects[:2] == ["YT.KHAM", "YT.NHAPVIEN"]
    assert any(row.get("formula") for row in proposal["sheet"]["rows"])
    assert isinstance(answer.json()["doubts"], list)


async def test_what_is_no_excel_file_is_refused_with_advice(province: Province) -> None:
    for content in (b"", b"not a workbook", b"PK\x03\x04rubbish"):
        answer = await province.client.post("/templates/import", files={"file": ("x.xlsx", content)}, headers=province.designer)
        assert answer.status_code == 422
    assert (await province.client.post("/templates/import", files={"file": ("x.xlsx", b"")}, headers=province.officer)).status_code == 403
