"""Every bad input that the system must bear, through the composed system: a clear answer in Vietnamese, and nothing lost."""

from collections.abc import AsyncIterator, Callable
from typing import Any
from uuid import uuid4

import httpx
import pytest

from kernel.sheet.model import Row
from kernel.testing import eventually

from . import bad_files, places
from .drafting import COLLEAGUE, OFFICER, STANDING, VIETNAMESE, Drafted, draft, is_told, is_untouched
from .filling import filled, upload, workbook
from .places import BIRTHS_AT, BIRTHS_CELL, CHANGE_CELL, DEATHS_AT, DEATHS_CELL, HEALTH_FORM, OTHER
from .province import Province

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.mark.parametrize("content", [b'{"cells": {', b"[]", b'{"figures": {}}', b"\xff\xfe", b""])
async def test_malformed_json_is_told(drafted: Drafted, content: bytes) -> None:
    path = f"submissions/reports/{drafted.report}/cells"
    is_told(await drafted.province.ask(OFFICER, "PATCH", path, content=content, seen=drafted.version), 422, "malformed")
    await is_untouched(drafted)


@pytest.mark.parametrize("content", [b'{"decision": ', b"[]", b'{"decision": "eat", "reports": []}', b"{}"])
async def test_malformed_json_is_told_by_every_service_alike(drafted: Drafted, content: bytes) -> None:
    headers = {"Content-Type": "application/json"}
    for caller, method, path in (
        ("commune.leader", "POST", "approvals/decisions"),
        ("department.compiler", "POST", "templates/assignments"),
        ("department.compiler", "POST", "templates/templates"),
        ("system.administrator", "POST", "identity/users"),
        ("office.compiler", "POST", "aggregation/releases"),
    ):
        is_told(await drafted.province.ask(caller, method, path, content=content, headers=headers), 422, "malformed")


async def test_an_unknown_report_is_not_found(drafted: Drafted) -> None:
    for path in (f"submissions/reports/{uuid4()}", f"approvals/reports/{uuid4()}", f"aggregation/exports/report.xlsx?report={uuid4()}"):
        is_told(await drafted.province.ask(OFFICER, "GET", path), 404, "not-found")


async def test_another_unit_s_report_is_not_found(drafted: Drafted) -> None:
    is_told(await drafted.patch({BIRTHS_CELL: "1"}, caller="other_commune.data_entry"), 404, "not-found")
    is_told(await drafted.province.ask("other_commune.leader", "GET", f"submissions/reports/{drafted.report}"), 404, "not-found")
    await is_untouched(drafted)


async def test_a_role_that_may_never_is_told_so(drafted: Drafted) -> None:
    is_told(await drafted.patch({BIRTHS_CELL: "1"}, caller="commune.leader"), 403, "role-may-not")
    is_told(await drafted.patch({BIRTHS_CELL: "1"}, caller="department.data_entry"), 403, "not-your-unit")
    is_told(await drafted.patch({BIRTHS_CELL: "1"}, caller="nobody"), 401, "not-signed-in")
    await is_untouched(drafted)


async def test_a_version_that_is_stale_missing_or_none_is_told(drafted: Drafted) -> None:
    is_told(await drafted.submit(seen=drafted.version - 1, normalise=True), 412, "version-is-stale")
    path = f"submissions/reports/{drafted.report}/submit"
    is_told(await drafted.province.ask(OFFICER, "POST", path, json={}), 428, "version-is-missing")
    is_told(await drafted.province.ask(OFFICER, "POST", path, json={}, seen="x"), 422, "malformed")
    await is_untouched(drafted)


async def test_saving_onto_a_report_that_went_its_way_meanwhile_is_told(drafted: Drafted) -> None:
    done = await drafted.submit(normalise=True)
    assert done.status_code == 200, done.text
    before = await drafted.stands()
    is_told(await drafted.patch({BIRTHS_CELL: "1"}, caller=COLLEAGUE), 409, "not-editable")
    assert await drafted.stands() == before
    await _decides(drafted, "reject", note="Xin xem lại")
    await drafted.province.heard()
    is_told(await drafted.patch({BIRTHS_CELL: "1"}, caller=COLLEAGUE), 412, "version-is-stale")
    assert (await drafted.stands())["cells"] == before["cells"]


async def test_the_same_cell_changed_by_two_officers_is_told_with_both_figures(drafted: Drafted) -> None:
    theirs = await drafted.patch({BIRTHS_CELL: "13"}, caller=COLLEAGUE)
    assert theirs.status_code == 200
    told = is_told(await drafted.patch({BIRTHS_CELL: "14", DEATHS_CELL: "6"}), 409, "cell-changed-by-another")
    assert told["cells"] == {BIRTHS_CELL: {"yours": {"number": "14"}, "theirs": {"number": "13"}}}
    assert (await drafted.stands())["cells"] == {**STANDING, BIRTHS_CELL: {"number": "13"}}


@pytest.mark.parametrize(
    ("entry", "rule"),
    [
        ("mười hai", "number-expected"),
        ("1,234", "number-expected"),
        ("NaN", "number-expected"),
        ("1e400", "number-expected"),
        ("1.5", "too-many-decimals"),
        ("1234567890123456", "too-many-digits"),
        ("-1", "out-of-range"),
        ("100001", "out-of-range"),
        (12, "bad-value"),
        ({"missing": "because"}, "bad-missing-reason"),
        ("=cmd|' /C calc'!A0", "number-expected"),
    ],
)
async def test_a_figure_that_can_t_be_one_is_told_by_its_cell(drafted: Drafted, entry: Any, rule: str) -> None:
    told = is_told(await drafted.patch({DEATHS_CELL: "6", BIRTHS_CELL: entry}), 422, "figures-not-acceptable")
    assert [(error["rule"], error["cells"]) for error in told["errors"]] == [(rule, [BIRTHS_CELL])]
    await is_untouched(drafted)


@pytest.mark.parametrize(("cell", "rule"), [(CHANGE_CELL, "not-an-input"), ("nothing.month", "unknown-cell")])
async def test_only_inputs_are_typed(drafted: Drafted, cell: str, rule: str) -> None:
    told = is_told(await drafted.patch({cell: "1"}), 422, "figures-not-acceptable")
    assert [error["rule"] for error in told["errors"]] == [rule]
    await is_untouched(drafted)


async def test_figures_that_are_not_normalised_are_not_submitted(drafted: Drafted) -> None:
    told = is_told(await drafted.submit(), 409, "not-normalised")
    assert [one["cell"] for one in told["differences"]] == [CHANGE_CELL]
    await is_untouched(drafted)


async def test_a_closed_period_takes_no_first_submit(drafted: Drafted) -> None:
    await drafted.province.post("department.compiler", f"templates/assignments/{drafted.assignment}/close", {})
    await drafted.province.heard()
    before = await drafted.stands()
    is_told(await drafted.submit(seen=before["version"], normalise=True), 409, "period-closed")
    assert await drafted.stands() == before
    assert before["cells"] == STANDING


async def test_a_decision_on_an_old_revision_is_told(drafted: Drafted) -> None:
    await drafted.submit(normalise=True)
    is_told(await _decides(drafted, "reject", revision=1), 422, "reason-is-missing")
    is_told(await _decides(drafted, "send", revision=2), 409, "not-arrived-yet")
    assert (await _decides(drafted, "reject", revision=1, note="Xin xem lại")).status_code == 200
    await drafted.province.heard()
    again = await drafted.submit(seen=(await drafted.stands())["version"], normalise=True)
    assert again.json()["revision"] == 2, again.text
    await drafted.province.heard()
    before = await drafted.stands()
    told = is_told(await _decides(drafted, "send", revision=1), 409, "revision-is-old")
    assert told["current"] == 2
    assert await drafted.stands() == before


async def test_a_step_that_isn_t_one_s_own_is_told(drafted: Drafted) -> None:
    await drafted.submit(normalise=True)
    is_told(await _decides(drafted, "verify", caller="department.verifier"), 409, "not-awaiting-decision")
    is_told(await _decides(drafted, "send", caller="department.verifier"), 403, "not-your-step")
    is_told(await _decides(drafted, "send", caller="other_commune.leader"), 404, "not-found")


async def _decides(drafted: Drafted, decision: str, revision: int = 1, note: str = "", caller: str = "commune.leader") -> httpx.Response:
    await drafted.province.heard()
    body = {"decision": decision, "reports": [{"id": str(drafted.report), "revision": revision, "note": note}]}
    return await drafted.province.ask(caller, "POST", "approvals/decisions", json=body)


@pytest.mark.parametrize(
    ("formula", "slug"),
    [("=D9+1", "cycle"), ("=D7+D99", "outside"), ("=D7+UNKNOWN_NAME", "unknown-name"), ("=NOW()", "volatile"), ("=SUM(D:D)", "unbounded")],
)
async def test_a_form_whose_formula_can_t_be_computed_is_not_published(settled: Province, formula: str, slug: str) -> None:
    code = f"LOI-{uuid4().hex[:8].upper()}"
    form = places.health_form(code=code)
    rows = (*form.sheet.rows[:2], Row("change", 9, "Tăng tự nhiên", subject=places.CHANGE.code, unit_of_measure="Người", formula=formula))
    body = places.as_json(form)
    body["sheet"]["rows"] = places.as_json(rows)
    await settled.post("department.compiler", "templates/templates", {"template": body})
    answer = await settled.ask("department.compiler", "POST", f"templates/templates/{code}/publish", json={})
    told = is_told(answer, 409, "template-has-problems")
    assert slug in {problem["rule"] for problem in told["problems"]}, told["problems"]
    assert all(VIETNAMESE.search(problem["message"]) for problem in told["problems"])
    assert (await settled.ask("department.compiler", "GET", f"templates/templates/{code}/versions")).status_code == 404
    kept = await settled.get("department.compiler", f"templates/templates/{code}/draft")
    assert kept["template"]["sheet"]["rows"][2]["formula"] == formula


async def test_text_that_may_be_two_numbers_is_asked_back(drafted: Drafted) -> None:
    file = filled(await workbook(drafted.province, drafted.report), {BIRTHS_AT: "1,234"})
    for dry_run in ("true", "false"):
        answer = await upload(drafted.province, drafted.report, file, drafted.version, dry_run=dry_run)
        errors = answer.json()["errors"]
        assert [(error["a1"], error["rule"]) for error in errors] == [(BIRTHS_AT, "ambiguous-number")]
        assert VIETNAMESE.search(errors[0]["message"])
    is_told(answer, 422, "workbook-has-errors")
    await is_untouched(drafted)
    meant = await upload(drafted.province, drafted.report, file, drafted.version, dry_run="true", number_format="en")
    assert meant.json()["changes"][0]["after"] == {"number": "1234"}


async def test_all_that_is_wrong_in_a_file_is_told_at_once(drafted: Drafted) -> None:
    file = filled(await workbook(drafted.province, drafted.report), {BIRTHS_AT: "mười hai", DEATHS_AT: 1.5})
    told = is_told(await upload(drafted.province, drafted.report, file, drafted.version), 422, "workbook-has-errors")
    assert {error["a1"] for error in told["errors"]} == {BIRTHS_AT, DEATHS_AT}
    marked = await drafted.province.ask(OFFICER, "GET", f"submissions/imports/{told['marked']}/marked.xlsx")
    assert marked.status_code == 200
    await is_untouched(drafted)


@pytest.mark.parametrize("what", ["unit", "period", "version"])
async def test_a_file_made_for_something_else_is_refused_whole(drafted: Drafted, what: str) -> None:
    province, makers = drafted.province, {"unit": _of_another_unit, "period": _of_another_period, "version": _of_another_version}
    file = await makers[what](drafted)
    before = await drafted.stands()
    is_told(await upload(province, drafted.report, filled(file, {BIRTHS_AT: 99}), before["version"]), 422, f"workbook-of-another-{what}")
    assert await drafted.stands() == before
    assert before["cells"] == STANDING


async def _of_another_unit(drafted: Drafted) -> bytes:
    theirs = await draft(drafted.province, OTHER, "other_commune.data_entry")
    return await workbook(drafted.province, theirs.report, "other_commune.data_entry")


async def _of_another_period(drafted: Drafted) -> bytes:
    return await workbook(drafted.province, (await draft(drafted.province)).report)


async def _of_another_version(drafted: Drafted) -> bytes:
    """The form was published anew, and the period moved to it, after the file had been fetched."""
    province, file = drafted.province, await workbook(drafted.province, drafted.report)
    draft_now = await province.get("department.compiler", f"templates/templates/{HEALTH_FORM}/draft")
    draft_now["template"]["sheet"]["title"] += " (sửa)"
    draft_now["template"]["sheet"]["rows"][0]["label"] += " (sống)"
    path = f"templates/templates/{HEALTH_FORM}/draft"
    saved = await province.ask("department.compiler", "PUT", path, json={"template": draft_now["template"]}, seen=draft_now["etag"])
    assert saved.status_code == 200, saved.text
    published = await province.post("department.compiler", f"templates/templates/{HEALTH_FORM}/publish", {})
    move = f"templates/templates/{HEALTH_FORM}/periods/{drafted.period}/move"
    await province.post("department.compiler", move, {"version": published["version"]})
    await province.heard()
    return file


SPOILT: dict[str, tuple[Callable[[bytes], bytes], int, str]] = {
    "not an Excel file": (lambda _: b"STT;N\xe1\xbb\x99i dung\n1;L\xc3\xbaa", 422, "not-an-excel-file"),
    "a page of HTML": (lambda _: b"<html><table></table></html>", 422, "not-an-excel-file"),
    "an empty file": (lambda _: b"", 422, "file-is-empty"),
    "an old .xls": (lambda _: b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), 422, "old-excel-format"),
    "a file cut short": (lambda file: file[:-200], 422, "file-is-damaged"),
    "one that unzips to 10 GB": (lambda _: bad_files.bomb(10 * 2**30), 413, "unpacks-too-large"),
    "a macro": (bad_files.with_macro, 422, "holds-macro"),
    "an external link": (bad_files.with_external_link, 422, "holds-external-link"),
}


@pytest.mark.parametrize("what", SPOILT)
async def test_a_file_that_is_not_what_it_should_be_is_refused_by_its_own_name(drafted: Drafted, what: str) -> None:
    spoil, status, rule = SPOILT[what]
    file = spoil(filled(await workbook(drafted.province, drafted.report), {BIRTHS_AT: 99}))
    for dry_run in ("true", "false"):
        is_told(await upload(drafted.province, drafted.report, file, drafted.version, dry_run=dry_run), status, rule)
    await is_untouched(drafted)


def _merge_inputs(page: Any) -> None:
    page.merge_cells(f"{BIRTHS_AT}:{DEATHS_AT}")


def _delete_column(page: Any) -> None:
    page.delete_cols(4)


def _run_a_command(page: Any) -> None:
    page[BIRTHS_AT] = "=cmd|' /C calc'!A0"


CHANGED: dict[str, tuple[Callable[[Any], None], set[str]]] = {
    "merged cells where inputs should be": (_merge_inputs, {"merged-cells"}),
    "a column missing": (_delete_column, {"column-missing"}),
    "a cell =cmd|": (_run_a_command, {"dangerous-formula"}),
}


@pytest.mark.parametrize("what", CHANGED)
async def test_a_form_that_was_changed_is_refused_with_the_place(drafted: Drafted, what: str) -> None:
    change, rules = CHANGED[what]
    file = bad_files.edited(change)(filled(await workbook(drafted.province, drafted.report), {BIRTHS_AT: 99}))
    told = is_told(await upload(drafted.province, drafted.report, file, drafted.version), 422, "workbook-has-errors")
    assert rules <= {error["rule"] for error in told["errors"]}, told["errors"]
    await is_untouched(drafted)


async def test_a_file_of_100_mb_is_refused_before_it_is_read(drafted: Drafted) -> None:
    sent: list[int] = []

    async def zeros() -> AsyncIterator[bytes]:
        for _ in range(100):
            sent.append(1)
            yield bytes(1_000_000)

    path = f"submissions/reports/{drafted.report}/import"
    kind = {"Content-Type": "multipart/form-data; boundary=b"}
    stated = await drafted.province.ask(OFFICER, "POST", path, content=zeros(), seen=1, headers={**kind, "Content-Length": "100000000"})
    is_told(stated, 413, "payload-is-too-large")
    assert sent == []
    streamed = await drafted.province.ask(OFFICER, "POST", path, content=zeros(), seen=drafted.version, headers=kind)
    is_told(streamed, 413, "payload-is-too-large")
    assert len(sent) < 40
    await is_untouched(drafted)


async def test_a_file_of_25_mb_is_told_to_be_too_large(drafted: Drafted) -> None:
    answer = await upload(drafted.province, drafted.report, b"PK\x03\x04" + bytes(25_000_000), drafted.version)
    is_told(answer, 413, "file-is-too-large")
    await is_untouched(drafted)


async def test_a_form_to_import_is_judged_as_strictly(settled: Province) -> None:
    """Templates reads uploaded forms, identity lists of users, by the same reader."""
    for caller, path in (("department.compiler", "templates/templates/import"), ("system.administrator", "identity/users/import")):
        for file, status, rule in ((b"PDF", 422, "not-an-excel-file"), (bad_files.bomb(10 * 2**30), 413, "unpacks-too-large")):
            is_told(await settled.ask(caller, "POST", path, files={"file": ("bieu.xlsx", file)}), status, rule)


async def test_after_all_that_nothing_waits_and_nothing_is_parked(settled: Province) -> None:
    async def nothing_is_parked() -> bool:
        await settled.heard()
        return all([not (await settled.get("system.operator", f"{name}/dead-letters"))["items"] for name in settled.system.apps])

    await eventually(nothing_is_parked)
