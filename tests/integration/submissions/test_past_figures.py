"""Figures of earlier times enter as approved, so that carried cells work from the first month."""

from typing import Any

from tests.integration.submissions.world import OFFICE, QUY_NHON, World


def _row(period: str, row: str, value: str, **more: str) -> dict[str, str]:
    return {"template": "health_m", "period": period, "unit_code": "21550", "row": row, "column": "month", "value": value} | more


async def _record(world: World, *rows: dict[str, str]) -> Any:
    headers = world.service.as_user(("compiler", OFFICE))
    return await world.client.post("/history", json={"rows": list(rows)}, headers=headers)


async def test_what_was_recorded_is_carried_into_the_first_month(world: World) -> None:
    answer = await _record(world, _row("2026-01", "births", "10"), _row("2026-01", "deaths", "-"), _row("2026-02", "births", "4"))
    assert (answer.status_code, answer.json()) == (200, {"recorded": 2, "unchanged": 0, "errors": []}), answer.text
    report_id = await world.assign("2026-03")
    await world.post(f"/reports/{report_id}/normalise", 1)
    assert (await world.get(report_id))["cells"]["births.before"] == {"number": "14"}


async def test_the_same_again_changes_nothing_and_a_new_column_joins(world: World) -> None:
    await _record(world, _row("2026-01", "births", "10"))
    assert (await _record(world, _row("2026-01", "births", "10"))).json() == {"recorded": 0, "unchanged": 1, "errors": []}
    assert (await _record(world, _row("2026-01", "deaths", "2"))).json()["recorded"] == 1
    listed = await world.client.get("/reports?period=2026-01", headers=world.officer(QUY_NHON))
    report = await world.get(listed.json()["items"][0]["id"])
    assert (report["state"], report["revision"]) == ("approved", 2)
    assert report["cells"]["births.month"] == {"number": "10"}
    assert report["cells"]["deaths.month"] == {"number": "2"}


async def test_all_errors_are_told_at_once_and_nothing_is_recorded(world: World) -> None:
    answer = await _record(
        world,
        _row("2026-01", "births", "10"),
        _row("2026-13", "births", "10"),
        _row("2026-02", "births", "x"),
        _row("2026-02", "births", "1", unit_code="99999"),
        _row("2026-02", "births", "1", template="nothing"),
        _row("2026-02", "births", "1.5", column="nothing"),
    )
    assert (answer.status_code, answer.json()["type"]) == (422, "/problems/history-has-errors")
    assert [(error["row"], error["rule"]) for error in answer.json()["errors"]] == [
        (2, "not-a-period"),
        (3, "number-expected"),
        (4, "unknown-unit"),
        (5, "unknown-template"),
        (6, "unknown-cell"),
    ]
    assert await world.service.runtime.pool.fetchval("SELECT count(*) FROM report") == 0


async def test_a_formula_cell_may_be_given_where_what_it_was_made_of_is_gone(world: World) -> None:
    await _record(world, _row("2026-01", "births", "40", column="to_date"))
    report = await _report(world, "2026-01")
    assert report["cells"] == {"births.to_date": {"number": "40"}}
    await _record(world, _row("2026-01", "births", "10"), _row("2026-01", "births", "5", column="before"))
    assert (await _report(world, "2026-01"))["cells"]["births.to_date"] == {"number": "15"}


async def _report(world: World, period: str) -> Any:
    listed = await world.client.get(f"/reports?period={period}", headers=world.officer(QUY_NHON))
    return await world.get(listed.json()["items"][0]["id"])


async def test_a_live_report_takes_no_history(world: World) -> None:
    await world.assign("2026-01")
    answer = await _record(world, _row("2026-01", "births", "10"))
    assert answer.json()["errors"][0]["rule"] == "report-is-live"


async def test_only_the_office_and_operators_record(world: World) -> None:
    from tests.integration.submissions.world import HEALTH

    rows = {"rows": [_row("2026-01", "births", "10")]}
    for headers, status in ((world.officer(), 403), (world.service.as_user(("compiler", HEALTH)), 403)):
        assert (await world.client.post("/history", json=rows, headers=headers)).status_code == status
