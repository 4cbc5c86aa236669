"""What is refused, how it is said, and that nothing of it is kept."""

from typing import Any
from uuid import uuid4

import pytest

from tests.integration.submissions.world import COLLEAGUE, EDUCATION, PLEIKU, World


@pytest.mark.parametrize(
    ("entry", "rule"),
    [
        ("abc", "number-expected"),
        ("1,234", "number-expected"),
        ("1.5", "too-many-decimals"),
        ("1234567890123456", "too-many-digits"),
        ("-1", "out-of-range"),
        ("100001", "out-of-range"),
        ({"missing": "because"}, "bad-missing-reason"),
        ({"number": "1", "nil": True}, "bad-value"),
        (12, "bad-value"),
    ],
)
async def test_a_bad_entry_is_told_by_cell_and_nothing_is_saved(world: World, entry: Any, rule: str) -> None:
    report_id = await world.assign()
    answer = await world.save(report_id, {"births.month": entry, "deaths.month": "1"}, 1)
    assert (answer.status_code, answer.json()["type"]) == (422, "/problems/figures-not-acceptable")
    assert [(error["rule"], error["cells"]) for error in answer.json()["errors"]] == [(rule, ["births.month"])]
    assert (await world.get(report_id))["cells"] == {}


@pytest.mark.parametrize(("cell", "rule"), [("births.to_date", "not-an-input"), ("nothing.month", "unknown-cell")])
async def test_only_inputs_of_the_form_are_typed(world: World, cell: str, rule: str) -> None:
    report_id = await world.assign()
    answer = await world.save(report_id, {cell: "1"}, 1)
    assert answer.json()["errors"][0]["rule"] == rule


async def test_malformed_json_is_422(world: World) -> None:
    report_id = await world.assign()
    headers = {**world.officer(), "If-Match": '"1"'}
    answer = await world.client.patch(f"/reports/{report_id}/cells", content=b'{"cells": {', headers=headers)
    assert (answer.status_code, answer.json()["type"]) == (422, "/problems/malformed")


async def test_an_unknown_report_and_one_of_another_unit_are_not_told_apart(world: World) -> None:
    report_id = await world.assign()
    for path, headers in ((f"/reports/{uuid4()}", world.officer()), (f"/reports/{report_id}", world.officer(PLEIKU))):
        answer = await world.client.get(path, headers=headers)
        assert (answer.status_code, answer.json()["type"]) == (404, "/problems/not-found")
    foreign = await world.client.patch(
        f"/reports/{report_id}/cells", json={"cells": {"births.month": "1"}}, headers={**world.officer(PLEIKU), "If-Match": '"1"'}
    )
    assert foreign.status_code == 404


async def test_a_department_of_another_sector_does_not_know_the_report(world: World) -> None:
    report_id = await world.assign()
    answer = await world.client.get(f"/reports/{report_id}", headers=world.verifier(EDUCATION))
    assert answer.status_code == 404


async def test_a_leader_does_not_type(world: World) -> None:
    report_id = await world.assign()
    headers = {**world.leader(), "If-Match": '"1"'}
    answer = await world.client.patch(f"/reports/{report_id}/cells", json={"cells": {"births.month": "1"}}, headers=headers)
    assert (answer.status_code, answer.json()["type"]) == (403, "/problems/role-may-not")


async def test_a_write_without_the_version_is_428(world: World) -> None:
    report_id = await world.assign()
    answer = await world.client.patch(f"/reports/{report_id}/cells", json={"cells": {"births.month": "1"}}, headers=world.officer())
    assert answer.status_code == 428


async def test_the_same_cell_changed_by_two_officers_is_a_conflict_with_both_values(world: World) -> None:
    report_id = await world.assign()
    await world.save(report_id, {"births.month": "5"}, 1)
    answer = await world.save(report_id, {"births.month": "6", "deaths.month": "1"}, 1, user=COLLEAGUE)
    assert (answer.status_code, answer.json()["type"]) == (409, "/problems/cell-changed-by-another")
    assert answer.json()["cells"] == {"births.month": {"yours": {"number": "6"}, "theirs": {"number": "5"}}}
    assert "deaths.month" not in (await world.get(report_id))["cells"]


async def test_different_cells_typed_on_the_same_version_are_merged(world: World) -> None:
    report_id = await world.assign()
    await world.save(report_id, {"births.month": "5"}, 1)
    answer = await world.save(report_id, {"deaths.month": "2"}, 1, user=COLLEAGUE)
    assert answer.status_code == 200
    assert answer.headers["etag"] == '"3"'
    assert (await world.get(report_id))["cells"] == {"births.month": {"number": "5"}, "deaths.month": {"number": "2"}}


async def test_a_submit_on_an_older_version_is_412(world: World) -> None:
    report_id = await world.assign()
    await world.save(report_id, {"births.month": "5", "deaths.month": "1"}, 1)
    answer = await world.post(f"/reports/{report_id}/submit", 1, normalise=True)
    assert (answer.status_code, answer.json()["type"]) == (412, "/problems/version-is-stale")


async def test_a_reminder_does_not_make_a_submit_stale(world: World) -> None:
    from contracts.approvals import ReminderSentV1
    from tests.integration.submissions.world import QUY_NHON

    report_id = await world.assign()
    saved = await world.save(report_id, {"births.month": "5", "deaths.month": "1"}, 1)
    reminder = ReminderSentV1(report_id, "health_m", "2026-03", QUY_NHON, QUY_NHON, "data_entry", None, "ab")
    await world.service.hears("approvals", "vn.ktxh.approvals.reminder_sent.v1", f"report/{report_id}", reminder)
    assert (await world.post(f"/reports/{report_id}/submit", saved.json()["version"], normalise=True)).status_code == 200


async def test_empty_required_cells_block_the_submit_unless_a_reason_is_given(world: World) -> None:
    report_id = await world.assign()
    saved = await world.save(report_id, {"births.month": "5"}, 1)
    refused = await world.post(f"/reports/{report_id}/submit", saved.json()["version"], normalise=True)
    assert (refused.status_code, refused.json()["type"]) == (409, "/problems/figures-invalid")
    assert refused.json()["empty_required"] == ["deaths.month"]
    saved = await world.save(report_id, {"deaths.month": {"missing": "not-collected"}}, saved.json()["version"])
    assert (await world.post(f"/reports/{report_id}/submit", saved.json()["version"], normalise=True)).status_code == 200


async def test_a_key_repeated_answers_from_what_was_done_and_with_another_body_is_refused(world: World) -> None:
    report_id = await world.assign()
    headers = {**world.officer(), "If-Match": '"1"', "Idempotency-Key": "k1"}
    path = f"/reports/{report_id}/cells"
    first = await world.client.patch(path, json={"cells": {"births.month": "5"}}, headers=headers)
    again = await world.client.patch(path, json={"cells": {"births.month": "5"}}, headers=headers)
    assert (first.status_code, again.status_code) == (200, 200)
    assert again.json()["version"] == first.json()["version"] == 2
    other = await world.client.patch(path, json={"cells": {"births.month": "6"}}, headers=headers)
    assert (other.status_code, other.json()["type"]) == (422, "/problems/idempotency-key-reused")


async def test_a_submit_repeated_without_a_key_does_nothing_more(world: World) -> None:
    report_id = await world.assign()
    saved = await world.save(report_id, {"births.month": "5", "deaths.month": "1"}, 1)
    first = await world.post(f"/reports/{report_id}/submit", saved.json()["version"], normalise=True)
    again = await world.post(f"/reports/{report_id}/submit", saved.json()["version"], normalise=True)
    assert (again.status_code, again.json()["version"]) == (200, first.json()["version"])


async def test_a_failure_in_the_projection_leaves_nothing(world: World) -> None:
    report_id = await world.assign()
    pool = world.service.runtime.pool
    import asyncpg

    from kernel.migrate import role_of

    owner = await asyncpg.connect(
        f"{world.service.settings.database_url.rsplit('/', 1)[0]}/{role_of(world.service.settings, 'submissions')}"
    )
    try:
        await owner.execute("ALTER TABLE report ADD CONSTRAINT no_more CHECK (version < 2) NOT VALID")
        with pytest.raises(asyncpg.CheckViolationError):
            await world.save(report_id, {"births.month": "5"}, 1)
        assert await pool.fetchval("SELECT count(*) FROM event WHERE stream_id = $1", f"report/{report_id}") == 1
        await owner.execute("ALTER TABLE report DROP CONSTRAINT no_more")
    finally:
        await owner.close()
    assert (await world.save(report_id, {"births.month": "5"}, 1)).status_code == 200
