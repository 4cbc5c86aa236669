"""What waits for whom."""

from datetime import date

import pytest

from contracts import identity
from kernel.calendar import parse_period

from .month import (
    COMPILER,
    DISTRICT,
    EDUCATION,
    FIRST,
    FORM,
    HEAD,
    HEALTH,
    LEADER,
    OFFICE,
    OFFICER,
    OTHER_PROVINCE,
    PERIOD,
    PROVINCE,
    SECOND,
    VERIFIER,
    Month,
    an_id,
    problem,
    two_steps,
)


async def test_each_sees_what_waits_for_their_step(month: Month) -> None:
    report = await month.submitted()
    people = {"leader": month.leader, "verifier": month.verifier, "head": month.head}

    async def waits_for() -> list[str]:
        return [name for name, who in people.items() if await month.inbox(who)]

    assert await waits_for() == ["leader"]
    await month.takes("send", month.leader, report)
    assert await waits_for() == ["verifier"]
    await month.takes("verify", month.verifier, report)
    assert await waits_for() == ["head"]
    await month.takes("approve", month.head, report)
    assert await waits_for() == []


async def test_an_item_says_all_that_is_needed(month: Month) -> None:
    report = await month.submitted(warnings=("w",), changed=("visits.actual",), note="n")
    [item] = await month.inbox(month.leader)
    assert item["report_id"] == str(report)
    assert (item["template"], item["template_name"], item["sector"]) == (FORM, "Y tế tháng", "health")
    assert (item["period"], item["period_title"]) == (PERIOD, parse_period(PERIOD).title)
    assert item["unit"] == {"id": str(FIRST), "code": "21001", "name": "Pleiku"}
    assert (item["revision"], item["state"], item["state_word"]) == (1, "awaiting_leader", "Chờ lãnh đạo duyệt")
    assert (item["step"], item["action"], item["submitted_by"], item["due_on"]) == (0, "send", str(OFFICER), "2026-04-17")
    assert (item["lateness"], item["warnings"], item["changed"]) == ("not-due", ["w"], ["visits.actual"])
    assert item["note_event"] == str(an_id(f"{report}/1"))
    assert item["figures_hash"] == f"{1:064d}"
    allowed = {name for name, action in item["actions"].items() if action["allowed"]}
    assert allowed == {"send", "reject", "withdraw"}


async def test_of_other_units_nothing_is_seen(month: Month) -> None:
    await month.submitted()
    for who in (
        month.person(an_id("x"), ("leader", SECOND)),
        month.person(an_id("x"), ("leader", EDUCATION)),
        month.person(an_id("x"), ("leader", PROVINCE)),
        month.person(an_id("x"), ("verifier", FIRST)),
    ):
        assert await month.inbox(who) == []


async def test_who_holds_two_roles_sees_both(month: Month) -> None:
    await month.submitted(FIRST)
    second = await month.submitted(SECOND)
    await month.takes("send", month.person(LEADER, ("leader", SECOND)), second)
    both = month.person(an_id("both"), ("leader", FIRST), ("verifier", HEALTH))
    answer = (await month.get("/inbox", both)).json()
    assert [item["action"] for item in answer["items"]] == ["send", "verify"]
    assert answer["counts"] == {"send": 1, "verify": 1}


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ({"template": FORM}, 2),
        ({"template": "other"}, 0),
        ({"period": PERIOD}, 2),
        ({"period": "2026-04"}, 0),
        ({"unit": str(SECOND)}, 1),
        ({"sector": "education"}, 0),
        ({"q": "dak doa"}, 1),
        ({"q": "ĐĂK"}, 1),
        ({"q": "y te"}, 2),
        ({"q": "100%"}, 0),
    ],
)
async def test_the_list_is_narrowed(month: Month, wanted: dict[str, str], found: int) -> None:
    for unit in (FIRST, SECOND):
        await month.submitted(unit)
    both = month.person(an_id("both"), ("leader", FIRST), ("leader", SECOND))
    assert len(await month.inbox(both, **wanted)) == found


async def test_the_list_goes_on_page_by_page(month: Month) -> None:
    for code in ("form_a", "form_b", "form_c"):
        await month.knows_the_form(code=code)
        await month.submitted(code=code)
    seen: list[str] = []
    cursor: dict[str, str] = {}
    for _ in range(4):
        answer = (await month.get("/inbox", month.leader, limit=1, **cursor)).json()
        seen += [item["template"] for item in answer["items"]]
        if answer["next"] is None:
            break
        cursor = {"cursor": answer["next"]}
    assert sorted(seen) == ["form_a", "form_b", "form_c"]


async def test_a_bad_cursor_is_named(month: Month) -> None:
    assert problem(await month.get("/inbox", month.leader, cursor="x")) == (422, "malformed")


async def test_officers_and_executives_have_no_inbox(month: Month) -> None:
    assert problem(await month.get("/inbox", month.officer)) == (403, "role-may-not")
    assert problem(await month.get("/inbox", month.person(an_id("e"), ("executive", PROVINCE)))) == (403, "role-may-not")


# ------------------------------------------------------------------ nobody eligible


async def test_what_nobody_may_decide_is_listed_to_the_office(month: Month) -> None:
    report = await month.submitted()
    listed = await month.inbox(month.office, nobody_eligible=True)
    assert [item["report_id"] for item in listed] == [str(report)]
    await month.knows_person(LEADER, ("leader", FIRST))
    assert await month.inbox(month.office, nobody_eligible=True) == []


async def test_the_only_leader_who_submitted_himself_is_not_eligible(month: Month) -> None:
    await month.knows_person(LEADER, ("leader", FIRST))
    report = await month.submitted(by=LEADER)
    assert [item["report_id"] for item in await month.inbox(month.office, nobody_eligible=True)] == [str(report)]


async def test_the_only_verifier_who_is_the_head_too_is_not_eligible_twice(month: Month) -> None:
    await month.knows_person(LEADER, ("leader", FIRST))
    await month.knows_person(VERIFIER, ("verifier", HEALTH), ("leader", HEALTH))
    report = await month.submitted()
    await month.takes("send", month.leader, report)
    assert await month.inbox(month.office, nobody_eligible=True) == []
    await month.takes("verify", month.person(VERIFIER, ("verifier", HEALTH), ("leader", HEALTH)), report)
    [item] = await month.inbox(month.office, nobody_eligible=True)
    assert (item["report_id"], item["action"]) == (str(report), "approve")


async def test_people_of_the_successor_are_eligible(month: Month) -> None:
    await month.submitted()
    await month.knows_person(an_id("successor"), ("leader", SECOND))
    middle = an_id("between")
    for from_unit, to_unit in ((FIRST, middle), (middle, SECOND)):
        name = f"{from_unit}"
        change = identity.UnitsReorganisedV1(
            an_id(name), date(2026, 5, 1), "NQ", (), (identity.Succession(from_unit, to_unit, whole=True),)
        )
        await month.of_identity("units_reorganised", f"reorganisation/{name}", change)
    assert await month.inbox(month.office, nobody_eligible=True) == []


async def test_only_the_office_has_that_list_and_only_of_its_province(month: Month) -> None:
    await month.submitted()
    assert problem(await month.get("/inbox", month.head, nobody_eligible=True)) == (403, "role-may-not")
    elsewhere = an_id("office elsewhere")
    registered = identity.UnitRegisteredV1(elsewhere, "48-VP", "Văn phòng", "office", "", date(2026, 1, 1), OTHER_PROVINCE, "48")
    await month.of_identity("unit_registered", f"unit/{elsewhere}", registered)
    assert await month.inbox(month.person(an_id("o"), ("compiler", elsewhere)), nobody_eligible=True) == []


# ------------------------------------------------------------------ who may know of a report


async def test_who_is_in_charge_sees_where_a_report_is(month: Month) -> None:
    report = await month.submitted(SECOND, route=two_steps(SECOND))
    sees = {
        "its officer": month.person(OFFICER, ("data_entry", SECOND)),
        "its district": month.person(an_id("d"), ("verifier", DISTRICT)),
        "its department": month.person(HEAD, ("leader", HEALTH)),
        "the office": month.person(COMPILER, ("compiler", OFFICE)),
        "the province": month.person(an_id("e"), ("executive", PROVINCE)),
    }
    for who in sees.values():
        assert (await month.look(report, who))["state"] == "awaiting_leader"
    blind = {
        "another department": month.person(an_id("g"), ("leader", EDUCATION)),
        "another commune": month.person(an_id("c"), ("leader", FIRST)),
        "another province": month.person(an_id("p"), ("executive", OTHER_PROVINCE)),
        "a narrower grant": month.service.as_user(("verifier", EDUCATION), user=an_id("n"), sectors=("education",)),
        "an administrator with a seat elsewhere": month.person(an_id("a"), ("administrator", PROVINCE), ("leader", FIRST)),
    }
    for name, who in blind.items():
        assert (await month.get(f"/reports/{report}", who)).status_code == 404, name


async def test_a_general_form_is_its_owners_and_the_offices_only(month: Month) -> None:
    await month.knows_the_form(code="general_form", sector="general")
    report = await month.submitted(code="general_form", route=(two_steps(FIRST)[0],))
    assert (await month.get(f"/reports/{report}", month.head)).status_code == 200
    assert (await month.get(f"/reports/{report}", month.office)).status_code == 200
    general = month.service.as_user(("verifier", EDUCATION), user=an_id("g"), sectors=("general", "education"))
    assert (await month.get(f"/reports/{report}", general)).status_code == 404


async def test_texts_are_read_in_scope_only(month: Month) -> None:
    report = await month.submitted()
    taken = await month.takes("reject", month.leader, report, note="Sai dòng 3")
    event = taken["event_id"]
    assert (await month.get("/texts", month.officer, events=event)).json() == {event: "Sai dòng 3"}
    assert (await month.get("/texts", month.person(an_id("x"), ("leader", SECOND)), events=event)).json() == {}
    assert (await month.get("/texts", month.officer, events=str(an_id("none")))).json() == {}
    assert problem(await month.get("/texts", month.officer, events="x")) == (422, "malformed")
    stored = await month.service.runtime.pool.fetchval("SELECT payload::text FROM event WHERE event_id = $1::text::uuid", event)
    assert "Sai" not in stored
