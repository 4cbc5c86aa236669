"""Excel out and in: the form handed out, filled in, taken back whole or not at all."""

import asyncio
import io
from typing import Any
from uuid import UUID

import httpx
import openpyxl

from tests.integration.submissions.world import HEALTH, PLEIKU, QUY_NHON, World, form

BIRTHS, DEATHS = "D7", "D8"


async def test_a_form_is_downloaded_filled_in_and_taken_back(world: World) -> None:
    report_id = await world.assign()
    file = _filled(await _download(world, report_id), {BIRTHS: 12, DEATHS: "-"})
    shown = await _upload(world, report_id, file, dry_run=True)
    assert shown.status_code == 200, shown.text
    assert [(row["cell"], row["after"]) for row in shown.json()["changes"]] == [
        ("births.month", {"number": "12"}),
        ("deaths.month", {"nil": True}),
    ]
    assert (await world.get(report_id))["cells"] == {}
    done = await _upload(world, report_id, file, version=1)
    assert done.status_code == 200, done.text
    assert (await world.get(report_id))["cells"] == {"births.month": {"number": "12"}, "deaths.month": {"nil": True}}


async def test_every_error_is_told_at_once_and_the_file_comes_back_marked(world: World) -> None:
    report_id = await world.assign()
    file = _filled(await _download(world, report_id), {BIRTHS: "mười hai", DEATHS: 1.5})
    refused = await _upload(world, report_id, file, version=1)
    assert (refused.status_code, refused.json()["type"]) == (422, "/problems/workbook-has-errors")
    assert {(error["a1"], error["cell"]) for error in refused.json()["errors"]} == {(BIRTHS, "births.month"), (DEATHS, "deaths.month")}
    assert (await world.get(report_id))["cells"] == {}
    marked = await world.client.get(f"/imports/{refused.json()['marked']}/marked.xlsx", headers=world.officer())
    assert marked.status_code == 200, marked.text
    pages = openpyxl.load_workbook(io.BytesIO(marked.content)).worksheets
    assert any(page[BIRTHS].comment is not None for page in pages)
    theirs = await world.client.get(f"/imports/{refused.json()['marked']}/marked.xlsx", headers=world.officer(PLEIKU, UUID(int=9)))
    assert theirs.status_code == 404


async def test_a_figure_out_of_range_is_an_error_of_the_file(world: World) -> None:
    report_id = await world.assign()
    file = _filled(await _download(world, report_id), {BIRTHS: -4, DEATHS: 1})
    refused = await _upload(world, report_id, file, version=1)
    assert [(error["rule"], error["a1"]) for error in refused.json()["errors"]] == [("out-of-range", BIRTHS)]


async def test_text_that_may_be_two_numbers_is_asked_back(world: World) -> None:
    report_id = await world.assign()
    file = _filled(await _download(world, report_id), {BIRTHS: "1,234", DEATHS: 1})
    asked = await _upload(world, report_id, file, dry_run=True)
    assert [error["a1"] for error in asked.json()["errors"]] == [BIRTHS]
    settled = await _upload(world, report_id, file, dry_run=True, number_format="en")
    assert settled.json()["changes"][0]["after"] == {"number": "1234"}


async def test_a_file_of_another_unit_period_or_version_is_refused(world: World) -> None:
    mine, theirs, earlier = await world.assign(), await world.assign(unit=PLEIKU), await world.assign("2026-02")
    of_theirs = _filled(await _download(world, theirs, world.officer(PLEIKU)), {BIRTHS: 1})
    of_earlier = _filled(await _download(world, earlier), {BIRTHS: 1})
    assert (await _upload(world, mine, of_theirs, version=1)).json()["type"] == "/problems/workbook-of-another-unit"
    assert (await _upload(world, mine, of_earlier, version=1)).json()["type"] == "/problems/workbook-of-another-period"
    old = await _download(world, mine)
    await world.publish(form(version=2))
    from contracts.templates import ReportMovedV1

    await world.hears_templates("report_moved", mine, ReportMovedV1(mine, "health_m", "2026-03", 2))
    version = (await world.get(mine))["version"]
    refused = await _upload(world, mine, _filled(old, {BIRTHS: 1}), version=version)
    assert refused.json()["type"] == "/problems/workbook-of-another-version"


async def test_what_is_no_workbook_is_refused(world: World) -> None:
    report_id = await world.assign()
    refused = await _upload(world, report_id, b"no workbook", version=1)
    assert (refused.status_code, refused.json()["type"]) == (422, "/problems/not-an-excel-file")


async def test_an_import_on_an_older_version_is_412(world: World) -> None:
    report_id = await world.assign()
    file = _filled(await _download(world, report_id), {BIRTHS: 12})
    await world.save(report_id, {"deaths.month": "1"}, 1)
    assert (await _upload(world, report_id, file, version=1)).status_code == 412


async def test_a_blank_form_leaves_what_it_does_not_name(world: World) -> None:
    report_id = await world.assign()
    saved = await world.save(report_id, {"deaths.month": "1"}, 1)
    blank = _filled(await _download(world, report_id, blank=True), {BIRTHS: 12})
    await _upload(world, report_id, blank, version=saved.json()["version"])
    assert (await world.get(report_id))["cells"] == {"births.month": {"number": "12"}, "deaths.month": {"number": "1"}}


async def test_several_reports_travel_in_one_workbook_and_come_back_whole(world: World) -> None:
    march, february = await world.assign(), await world.assign("2026-02")
    answer = await world.client.post("/workbooks", json={"reports": [str(march), str(february)]}, headers=world.officer())
    assert answer.status_code == 200, answer.text
    book = openpyxl.load_workbook(io.BytesIO(answer.content))
    for n, sheet in enumerate(book.worksheets[:2]):
        sheet[BIRTHS], sheet[DEATHS] = 10 + n, 1
    bad = io.BytesIO()
    book.worksheets[1][DEATHS] = "một"
    book.save(bad)
    refused = await _upload_several(world, bad.getvalue())
    assert refused.json()["type"] == "/problems/workbook-has-errors"
    assert (await world.get(march))["cells"] == {}
    book.worksheets[1][DEATHS] = 2
    good = io.BytesIO()
    book.save(good)
    done = await _upload_several(world, good.getvalue())
    assert done.status_code == 200, done.text
    assert {item["report_id"]: item["state"] for item in done.json()["items"]} == {str(march): "drafting", str(february): "drafting"}
    assert (await world.get(february))["cells"]["births.month"] == {"number": "11"}


async def test_others_read_the_figures_of_what_was_sent_and_get_no_form_to_fill_in(world: World) -> None:
    report_id = await world.assign()
    await world.submitted(report_id)
    await world.decide("send", report_id, 1)
    refused = await world.client.get(f"/reports/{report_id}/workbook.xlsx", headers=world.verifier(HEALTH))
    assert refused.status_code == 403
    file = await world.client.get(f"/reports/{report_id}/workbook.xlsx?kind=figures", headers=world.verifier(HEALTH))
    assert openpyxl.load_workbook(io.BytesIO(file.content)).worksheets[0][BIRTHS].value == 12
    assert QUY_NHON != HEALTH


async def _download(world: World, report_id: UUID, headers: dict[str, str] | None = None, *, blank: bool = False) -> bytes:
    answer = await world.client.get(f"/reports/{report_id}/workbook.xlsx?blank={str(blank).lower()}", headers=headers or world.officer())
    assert answer.status_code == 200, answer.text
    return answer.content


def _filled(file: bytes, entries: dict[str, Any]) -> bytes:
    """The form as somebody would fill it in with a spreadsheet program."""
    book = openpyxl.load_workbook(io.BytesIO(file))
    for place, entry in entries.items():
        book.worksheets[0][place] = entry
    written = io.BytesIO()
    book.save(written)
    return written.getvalue()


async def _upload(
    world: World, report_id: UUID, file: bytes, version: int | None = None, *, dry_run: bool = False, number_format: str | None = None
) -> httpx.Response:
    parameters = {"dry_run": str(dry_run).lower(), **({"number_format": number_format} if number_format else {})}
    headers = world.officer() | ({} if version is None else {"If-Match": f'"{version}"'})
    files = {"file": ("bao-cao.xlsx", file)}
    return await world.client.post(f"/reports/{report_id}/import", params=parameters, files=files, headers=headers)


async def _upload_several(world: World, file: bytes) -> httpx.Response:
    return await world.client.post("/workbooks/import", files={"file": ("bao-cao.xlsx", file)}, headers=world.officer())


async def test_many_refused_files_at_once_do_not_wait_for_each_other(world: World) -> None:
    """Each keeps its marked copy only after it has given its connection back."""
    report_id = await world.assign()
    file = _filled(await _download(world, report_id), {BIRTHS: "x"})
    answers = await asyncio.wait_for(asyncio.gather(*(_upload(world, report_id, file, version=1) for _ in range(12))), 60)
    assert {answer.json()["type"] for answer in answers} == {"/problems/workbook-has-errors"}


async def test_a_repeated_import_with_a_key_answers_from_the_first(world: World) -> None:
    report_id = await world.assign()
    file = _filled(await _download(world, report_id), {BIRTHS: 12, DEATHS: 1})
    headers = {**world.officer(), "If-Match": '"1"', "Idempotency-Key": "import-1", "Content-Type": "multipart/form-data; boundary=b"}
    body = b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.xlsx"\r\n\r\n' + file + b"\r\n--b--\r\n"
    first = await world.client.post(f"/reports/{report_id}/import", content=body, headers=headers)
    again = await world.client.post(f"/reports/{report_id}/import", content=body, headers=headers)
    assert (first.status_code, again.status_code) == (200, 200), again.text
    assert again.json()["version"] == first.json()["version"] == 2
