"""The log verifies, single entries are proved, and whoever changes a byte is found out."""

import json
from typing import Any

import asyncpg
import pytest

from kernel.migrate import role_of
from kernel.testing import eventually
from services.submissions.api import checkpoints
from services.submissions.calculation.merkle import ProofStep, proves
from tests.integration.submissions.world import World


async def test_an_untouched_log_verifies(world: World) -> None:
    await _some_history(world)
    result = await _verify(world)
    assert result["ok"], result
    assert result["verified"] > 10
    assert result["checkpoints"] >= 1


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        ("UPDATE event SET canonical = set_byte(canonical, 40, get_byte(canonical, 40) # 1) WHERE event_id = {id}", "hash-differs"),
        ("UPDATE event SET stream_version = stream_version + 100 WHERE event_id = {id}", "hash-differs"),
        ("DELETE FROM event WHERE event_id = {id}", "event-missing"),
        ("DELETE FROM ledger WHERE event_id = {id}", "gap"),
        ("UPDATE ledger SET hash = sha256(hash) WHERE event_id = {id}", "hash-differs"),
    ],
)
async def test_whoever_gets_round_the_rights_is_found_out(world: World, change: str, rule: str) -> None:
    await _some_history(world)
    event_id = await world.service.runtime.pool.fetchval("SELECT event_id FROM ledger WHERE seq = 5")
    await _as_owner(world, change.format(id=f"'{event_id}'"))
    result = await _verify(world)
    assert not result["ok"]
    assert rule in {problem["rule"] for problem in result["found"]}


async def test_a_stored_payload_that_was_changed_beside_the_chain_is_found_out_by_a_deep_look(world: World) -> None:
    await _some_history(world)
    assert (await _verify(world, deep="true"))["ok"]
    await _as_owner(world, "UPDATE event SET payload = jsonb_set(payload, '{due_on}', '\"2027-01-01\"') WHERE type = 'report_assigned'")
    assert (await _verify(world))["ok"]
    assert [problem["rule"] for problem in (await _verify(world, deep="true"))["found"]] == ["content-differs"]


async def test_a_log_cut_off_at_its_end_is_found_out_by_a_checkpoint_kept_elsewhere(world: World) -> None:
    await _some_history(world)
    kept = await _last_checkpoint(world)
    await _as_owner(world, f"DELETE FROM ledger WHERE seq >= {kept['seq'] - 2}")
    await _as_owner(world, "DELETE FROM event e WHERE NOT EXISTS (SELECT FROM ledger l WHERE l.event_id = e.event_id)")
    await _as_owner(world, "UPDATE relay_cursor SET published_seq = 0")
    result = await _verify(world, checkpoint=json.dumps(kept))
    assert [problem["rule"] for problem in result["found"]] == ["ahead"]


async def test_a_checkpoint_that_somebody_else_signed_is_none(world: World) -> None:
    await _some_history(world)
    kept = await _last_checkpoint(world)
    forged = {**kept, "root": "00" * 32}
    rules = {problem["rule"] for problem in (await _verify(world, checkpoint=json.dumps(forged)))["found"]}
    assert rules == {"bad-signature", "root-differs"}


async def test_every_entry_is_proved_without_the_rest(world: World) -> None:
    await _some_history(world)
    checkpoint = await _last_checkpoint(world)
    for seq in (1, 2, checkpoint["seq"] // 2, checkpoint["seq"]):
        answer = await world.client.get(f"/log/{seq}/proof", headers=_operator(world))
        assert answer.status_code == 200, answer.text
        proof = answer.json()
        path = [ProofStep(step["side"], _raw(step["hash"])) for step in proof["path"]]
        assert proves(bytes.fromhex(proof["entry_hash"]), path, bytes.fromhex(proof["checkpoint"]["root"]))


async def test_officers_do_not_verify(world: World) -> None:
    assert (await world.client.get("/log/verify", headers=world.officer())).status_code == 403
    assert (await world.client.get("/log/1/proof", headers=world.officer())).status_code == 403
    assert (await world.client.get("/log", headers=world.officer())).status_code == 403


def _raw(text: str) -> bytes:
    return bytes.fromhex(text)


def _operator(world: World) -> dict[str, str]:
    from tests.integration.submissions.world import OFFICE

    return world.service.as_user(("operator", OFFICE))


async def _some_history(world: World) -> None:
    report_id = await world.assign()
    await world.submitted(report_id)
    await world.decide("send", report_id, 1)
    runtime = world.service.runtime

    async def is_sequenced() -> bool:
        return not await runtime.pool.fetchval("SELECT count(*) FROM unsequenced")

    await eventually(is_sequenced)
    assert await checkpoints.sign(runtime, world.service.app.state.settings, world.service.clock()) is not None
    await eventually(is_sequenced)


async def _last_checkpoint(world: World) -> dict[str, Any]:
    words = await world.service.runtime.pool.fetchval(
        "SELECT payload::text FROM event WHERE type = 'checkpoint_signed' ORDER BY stream_version DESC LIMIT 1"
    )
    found: dict[str, Any] = json.loads(words)
    return found


async def _verify(world: World, **parameters: str) -> dict[str, Any]:
    answer = await world.client.get("/log/verify", params=parameters, headers=_operator(world))
    last: dict[str, Any] = json.loads(answer.text.strip().splitlines()[-1])
    assert last["done"]
    return last


async def _as_owner(world: World, statement: str) -> None:
    """What the application's role can't do, and somebody with the server in his hands can."""
    settings = world.service.settings
    base = settings.database_url.rsplit("/", 1)[0]
    owner = await asyncpg.connect(f"{base}/{role_of(settings, 'submissions')}")
    try:
        await owner.execute("SET session_replication_role = replica")
        await owner.execute(statement)
    finally:
        await owner.close()
