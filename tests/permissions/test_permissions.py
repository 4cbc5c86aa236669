"""Every route as every kind of caller, on the whole system: what the permission table says is what happens, and no more is shown."""

import inspect
import json
import re

import pytest

from kernel.settings import Settings
from ktxh.system import compose

from .asking import Answer, Ask, put
from .filling import FIGURES, SENT, SUBMITTED
from .looking import LISTS, seen_by, ways_to_look
from .places import GENERAL_FORM, HEALTH_FORM, OTHER, OWN, PERIODS, PROVINCE
from .province import CALLERS, Province
from .routes import documented, every_route, permissions_of
from .table import ABOVE, READERS, SEEING, STRANGERS, Row, callers_of, whole_table

on_one_system = pytest.mark.asyncio(loop_scope="module")

TABLE = whole_table()
ROUTES = every_route()
UNTIL_PASSWORD_CHANGES = "/problems/password-change-is-due"


def test_every_route_has_a_row_and_every_row_a_route() -> None:
    assert len(ROUTES) > 150
    rows = {(row.service, row.route) for row in TABLE}
    assert sorted(set(ROUTES) - rows) == [], "routes without a row"
    assert sorted(rows - set(ROUTES)) == [], "rows without a route"


def test_the_walk_over_the_routes_finds_what_the_documents_of_the_apis_name() -> None:
    assert {(service, name) for service, app in compose(Settings()).apps.items() for name in documented(app)} == set(ROUTES)


def test_every_row_names_callers_that_there_are() -> None:
    for row in TABLE:
        for pattern in (*row.may.split(), *row.unseen.split()):
            assert callers_of(pattern), f"{row.name}: nobody is {pattern}"


def test_every_route_says_exactly_once_who_may_call_it() -> None:
    for name, route in ROUTES.items():
        assert len(permissions_of(route.dependant)) == 1, name


@on_one_system
@pytest.mark.parametrize("state", ["draft", "waiting"])
async def test_figures_that_were_not_sent_are_shown_to_nobody_outside_the_unit(filled_province: Province, state: str) -> None:
    figures, addresses = set(FIGURES[state]), [*LISTS, *ways_to_look(filled_province.reports[state], PERIODS[state])]
    for caller in callers_of(f"{ABOVE} {STRANGERS}"):
        for address in addresses:
            assert not figures & await seen_by(filled_province, caller, address), f"{caller}: {address}"


@on_one_system
async def test_whoever_is_above_sees_state_and_lateness_of_what_was_not_sent(filled_province: Province) -> None:
    for caller in callers_of(ABOVE):
        shown = await filled_province.get(caller, f"submissions/reports/{filled_province.reports['draft']}")
        assert (shown["state"], shown["state_word"], shown["lateness"]) == ("drafting", "Đang nhập liệu", "not-due")
        assert (shown["cells"], shown["typable"], shown["sources"], shown["findings"]) == ({}, [], {}, [])


@on_one_system
async def test_the_unit_itself_sees_its_draft(filled_province: Province) -> None:
    for caller in callers_of("commune.*"):
        address = f"submissions/reports/{filled_province.reports['draft']}"
        assert set(FIGURES["draft"]) <= await seen_by(filled_province, caller, address)


@on_one_system
async def test_sent_figures_are_shown_above_by_the_lens_of_what_was_sent_alone(filled_province: Province) -> None:
    births = FIGURES["sent"][0]
    report, period = filled_province.reports["sent"], PERIODS["sent"]
    for caller in callers_of(ABOVE):
        for address in (f"submissions/reports/{report}", f"submissions/reports/{report}/workbook.xlsx?kind=figures"):
            assert births in await seen_by(filled_province, caller, address), f"{caller}: {address}"
        for unit in (OWN, PROVINCE):
            rollup = f"aggregation/rollups/{HEALTH_FORM}/{period}/{unit}"
            assert births in await seen_by(filled_province, caller, f"{rollup}?lens=sent"), caller
            assert births not in await seen_by(filled_province, caller, rollup), caller


@on_one_system
async def test_strangers_see_nothing_of_a_report_whatever_its_state(filled_province: Province) -> None:
    for state, figures in FIGURES.items():
        addresses = ways_to_look(filled_province.reports[state], PERIODS[state])
        for caller in callers_of(STRANGERS):
            for address in addresses:
                assert not set(figures) & await seen_by(filled_province, caller, address), f"{caller}: {address}"


@on_one_system
async def test_lists_hold_nothing_foreign(filled_province: Province) -> None:
    own = {str(OWN), "21550", "Quy Nhơn", *(str(filled_province.reports[name]) for name in PERIODS)}
    for caller in callers_of(STRANGERS):
        for address in LISTS:
            assert not own & await seen_by(filled_province, caller, address), f"{caller}: {address}"


@on_one_system
async def test_lists_hold_all_that_is_in_scope_and_count_it(filled_province: Province) -> None:
    expected = {"commune": len(PERIODS) + 1, "other_commune": 2, "department": len(PERIODS) + 1, "other_department": 0, "elsewhere": 0}
    expected |= {"office": len(PERIODS) + 3, "province": len(PERIODS) + 3}
    for caller in callers_of(READERS):
        listed = await filled_province.get(caller, "submissions/reports", limit=500)
        assert len(listed["items"]) == expected[caller.split(".")[0]], caller
        assert sum(listed["counts"]["state"].values()) == len(listed["items"]), caller


@on_one_system
async def test_an_inbox_holds_what_waits_for_its_reader(filled_province: Province) -> None:
    reports = filled_province.reports
    waiting = {
        "commune.leader": set(SUBMITTED) - set(SENT) - {"rejected"},
        "department.verifier": {"sent", "to_verify", "to_withdraw_sent"},
        "department.leader": {"verified", "to_approve"},
    }
    for caller in callers_of("*.leader *.verifier *.compiler"):
        if caller == "newcomer":
            continue
        listed = await filled_province.get(caller, "approvals/inbox", limit=500)
        assert {item["report_id"] for item in listed["items"]} == {str(reports[name]) for name in waiting.get(caller, ())}, caller


@on_one_system
async def test_an_assignment_of_many_units_shows_each_its_own(filled_province: Province) -> None:
    path = f"templates/assignments/{filled_province.made['assignment general']}"
    whole = await filled_province.get("office.verifier", path)
    assert {one["unit_id"] for one in whole["reports"]} == {str(OWN), str(OTHER)}
    for caller, unit in (("commune.leader", OWN), ("other_commune.leader", OTHER)):
        part = await filled_province.get(caller, path)
        assert ([one["unit_id"] for one in part["reports"]], part["counts"]) == ([str(unit)], None)


@on_one_system
async def test_what_another_province_keeps_is_not_listed(filled_province: Province) -> None:
    for address in ("templates/schedules", "templates/groups", "aggregation/releases"):
        assert (await filled_province.get("office.compiler", address))["items"], address
        assert (await filled_province.get("elsewhere.compiler", address))["items"] == [], address


@on_one_system
async def test_a_leader_lists_the_people_of_the_own_unit(filled_province: Province) -> None:
    for caller in callers_of("*.leader"):
        people = (await filled_province.get(caller, "identity/users", limit=1000))["items"]
        units = {frozenset(grant["unit"]["id"] for grant in one["grants"]) for one in people}
        assert len(units) == 1, caller


@on_one_system
async def test_a_department_sees_of_a_general_form_the_rows_of_its_sector(filled_province: Province) -> None:
    rows = {"department": ("visits", "93001"), "other_department": ("pupils", "93002")}
    for place, (row, figure) in rows.items():
        for caller in callers_of(f"{place}.*"):
            await _sees_its_row_alone(filled_province, caller, row, figure)
    whole = await filled_province.get("office.leader", f"aggregation/rollups/{GENERAL_FORM}/{PERIODS['draft']}/{OWN}")
    assert set(whole["cells"]) == {"visits.month", "pupils.month"}


async def _sees_its_row_alone(province: Province, caller: str, row: str, figure: str) -> None:
    other = {"visits": ("pupils", "93002", "Số học sinh"), "pupils": ("visits", "93001", "Số lượt khám bệnh")}[row]
    report, period = province.reports["general"], PERIODS["draft"]
    for unit in (OWN, PROVINCE):
        shown = await province.get(caller, f"aggregation/rollups/{GENERAL_FORM}/{period}/{unit}")
        assert set(shown["cells"]) == {f"{row}.month"}, caller
        assert shown["cells"][f"{row}.month"]["value"] == {"number": figure}
    for cell in ("visits.month", "pupils.month"):
        for address in (*LISTS, *ways_to_look(report, period, GENERAL_FORM, cell)):
            seen = await seen_by(province, caller, address)
            assert not {*other, f"{other[0]}.month"} & seen, f"{caller}: {address}"
    for address in ("submissions/reports?limit=500", "templates/assignments?limit=500"):
        assert not {GENERAL_FORM, str(report)} & await seen_by(province, caller, address), f"{caller}: {address}"


@on_one_system
async def test_notes_are_read_where_the_revision_is(filled_province: Province) -> None:
    history = await filled_province.get("commune.leader", f"submissions/reports/{filled_province.reports['waiting']}/history")
    unsent, sent = history["revisions"][0]["event_id"], filled_province.made["submission text"]
    for caller in callers_of(READERS):
        told = await filled_province.get(caller, "submissions/texts", events=f"{unsent},{sent}")
        wanted = {"commune": {unsent, sent}, "department": {sent}, "office": {sent}, "province": {sent}}
        assert set(told) == wanted.get(caller.split(".")[0], set()), caller
        decision = filled_province.made["decision text"]
        told = await filled_province.get(caller, "approvals/texts", events=decision)
        assert set(told) == ({decision} if caller in callers_of(SEEING) else set()), caller


@on_one_system
async def test_why_a_leader_rejected_stays_in_the_unit(filled_province: Province) -> None:
    report = filled_province.reports["rejected"]
    rejection = (await filled_province.get("commune.data_entry", f"approvals/reports/{report}/decisions"))["items"][0]
    assert set(await filled_province.get("commune.data_entry", "approvals/texts", events=rejection["event_id"])) == {rejection["event_id"]}
    for caller in callers_of(ABOVE):
        assert (await filled_province.get(caller, f"approvals/reports/{report}/decisions"))["items"] == [], caller
        assert await filled_province.get(caller, "approvals/texts", events=rejection["event_id"]) == {}, caller


@on_one_system
async def test_a_department_s_system_reads_what_was_released_of_its_sectors(filled_province: Province) -> None:
    answer = await filled_province.ask("machine.subscriber", "GET", "submissions/log")
    lines = [json.loads(line) for line in answer.text.splitlines()]
    released = {"sent", "verified", "returned", "approved", "reopening_granted", "reopening_dropped", "template_published"}
    assert lines
    for line in lines:
        name = line["type"].removeprefix("vn.ktxh.").removesuffix(".v1").removeprefix("report_")
        assert (line["sector"], name in released) == ("health", True), line["type"]
    assert not any(figure in answer.text for state in ("draft", "waiting") for figure in (f'"{one}"' for one in FIGURES[state]))


@on_one_system
async def test_the_office_of_another_province_records_no_history_here(filled_province: Province) -> None:
    figure = {"template": HEALTH_FORM, "period": "2024-02", "unit_code": "23563", "row": "births", "column": "month", "value": "9"}
    body = {"rows": [{**figure, "source": "Niên giám"}]}
    answer = await filled_province.ask("elsewhere.compiler", "POST", "submissions/history", json=body)
    assert (answer.status_code, [error["rule"] for error in answer.json()["errors"]]) == (422, ["unknown-unit"])
    recorded = await filled_province.post("office.compiler", "submissions/history", body)
    assert recorded["recorded"] == 1


@on_one_system
async def test_an_answer_says_what_its_reader_may_do(filled_province: Province) -> None:
    holders = {"draft": "", "to_send": "commune.leader", "to_verify": "department.verifier", "to_approve": "department.leader"}
    steps = {"send": "to_send", "verify": "to_verify", "approve": "to_approve"}
    for caller in callers_of(SEEING):
        mine = await filled_province.get(caller, f"submissions/reports/{filled_province.reports['draft']}")
        assert mine["actions"]["edit"]["allowed"] == (caller == "commune.data_entry"), caller
        for step, name in steps.items():
            shown = await filled_province.get(caller, f"approvals/reports/{filled_province.reports[name]}")
            assert shown["actions"][step]["allowed"] == (caller == holders[name]), f"{caller}: {step}"
            assert shown["actions"][step]["allowed"] or shown["actions"][step]["why"], f"{caller}: {step}"


@on_one_system
@pytest.mark.parametrize("content", [b'{"reports": [', b"[]", b"{}"], ids=["malformed", "of another shape", "empty"])
async def test_who_asks_is_judged_before_what_is_asked(filled_province: Province, content: bytes) -> None:
    for row in TABLE:
        method, path = row.route.split(" ", 1)
        for caller, status in (("nobody", 401), ("newcomer", 403)):
            if row.expected(caller) != "allowed":
                headers = {"Content-Type": "application/json"}
                address = f"{row.service}{re.sub(r'{[^}]*}', 'x', path)}?limit=x&n=x"
                answer = await filled_province.ask(caller, method, address, content=content, headers=headers)
                assert answer.status_code == status, f"{caller}: {row.name}: {answer.text}"


@on_one_system
@pytest.mark.parametrize("row", TABLE, ids=lambda row: row.name)
async def test_a_route_lets_in_whom_the_table_names_and_nobody_else(filled_province: Province, row: Row) -> None:
    callers = sorted(CALLERS, key=lambda caller: row.expected(caller) == "allowed")  # refusals first: they change nothing
    wrong, met = [], []
    for caller in callers:
        asked = await _asked(filled_province, row)
        answer = await put(filled_province, await _own_session(filled_province, row, caller), row.service, row.route, asked)
        met += [answer.status] if row.expected(caller) == "allowed" else []
        if complaint := await _complaint(filled_province, row, caller, asked, answer):
            wrong.append(f"{caller}: {complaint}; got {answer.status} {answer.problem}")
    assert not wrong, "\n".join([row.name, *wrong])
    assert not met or set(met) & set(row.well), f"{row.name}: well asked, yet {met}"


async def _asked(province: Province, row: Row) -> Ask:
    made = row.asks(province)
    return await made if inspect.isawaitable(made) else made


async def _own_session(province: Province, row: Row, caller: str) -> str:
    """Whoever signs out does so in a session of his own."""
    if row.route == "DELETE /sessions/current" and caller in province.accounts:
        username, password = province.accounts[caller]
        answer = await province.http.post("/api/identity/sessions", json={"username": username, "password": password})
        province.tokens["signing out"] = answer.json()["access_token"]
        return "signing out"
    return caller


async def _complaint(province: Province, row: Row, caller: str, asked: Ask, answer: Answer) -> str:
    """What is wrong with an answer, or nothing."""
    expected = row.expected(caller)
    if expected == "allowed":
        return "is refused" if answer.status in (401, 403, 500) or (answer.status == 404 and 404 not in row.well) else ""
    if str(answer.status) != expected:
        return f"expects {expected}"
    if answer.content_type != "application/problem+json":
        return "is no problem"
    if caller == "newcomer" and answer.problem["type"] != UNTIL_PASSWORD_CHANGES:
        return "isn't told to change the password"
    return await _tells_foreign_from_unknown(province, row, caller, asked, answer) if expected == "404" and asked.named else ""


async def _tells_foreign_from_unknown(province: Province, row: Row, caller: str, asked: Ask, answer: Answer) -> str:
    unknown = await put(province, caller, row.service, row.route, asked.of_another())
    return "" if unknown.told == answer.told else f"can tell it from an unknown one ({unknown.told})"
