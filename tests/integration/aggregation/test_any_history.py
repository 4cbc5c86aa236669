"""Whatever happens to reports, in whatever batches it is heard: rollups are what a naive account says, and a rebuild agrees."""

import asyncio
import random
from decimal import Decimal
from typing import Any

import msgspec
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kernel.message import read_envelope
from services.aggregation.main import create_app
from tests.integration.aggregation.conftest import Aggregation, listening
from tests.integration.aggregation.histories import History
from tests.integration.aggregation.played_forms import visits
from tests.integration.aggregation.played_log import PlayedLog
from tests.integration.aggregation.test_rebuilds import ended
from tests.integration.harness import service_under_test

CELLS = ("bhyt.th", "khac.th", "bac_si.th")
PERIODS = ("2026-01", "2026-02")


def sums(answer: Any) -> dict[str, Decimal]:
    found = {}
    for cell in CELLS:
        given = answer["cells"].get(cell, {}).get("value", {})
        if given.get("nil") or given.get("number") is not None:
            found[cell] = Decimal(given.get("number", 0))
    return found


async def play(url: str, seed: int, steps: int) -> None:
    chance, log = random.Random(seed), PlayedLog()
    async with service_under_test(create_app, "aggregation", url) as service:
        aggregation = await listening(service, log)
        communes = log.province(4, districts=("Huyện A", "Huyện B"))
        log.published(visits())
        history = History(log, "KB", chance, CELLS)
        for period in PERIODS:
            for commune in communes:
                history.assign(commune, period)
        for _ in range(steps):
            history.step()
        await hear_in_pieces(aggregation, chance)
        for period in PERIODS:
            for lens in ("approved", "sent"):
                answer = await aggregation.rollup("KB", period, "Gia Lai", lens=lens)
                assert sums(answer) == history.totals(log.seq, period, lens)
                assert answer["coverage"] == history.coverage(log.seq, period, lens)
                await the_past_is_right(aggregation, history, chance, period, lens)
        done = await ended(aggregation, verify=False)
        assert done["state"] == "done", done["why"]
        assert done["result"]["comparison"]["equal"], done["result"]["comparison"]["differences"]


async def hear_in_pieces(aggregation: Aggregation, chance: random.Random) -> None:
    """Batches of any size, with messages that come twice."""
    bodies, inbox = aggregation.log.new(), aggregation.service.runtime.inboxes["submissions"]
    start = 0
    while start < len(bodies):
        size = chance.randint(1, 40)
        await inbox.receive(bodies[max(0, start - 3) : start + size])
        start += size
    await aggregation.hear()


async def the_past_is_right(aggregation: Aggregation, history: History, chance: random.Random, period: str, lens: str) -> None:
    for seq in chance.sample(sorted(history.accounts), 4):
        then = await aggregation.rollup("KB", period, "Gia Lai", lens=lens, as_of=seq)
        assert sums(then) == history.totals(seq, period, lens), seq
        assert then["coverage"] == history.coverage(seq, period, lens), seq


@settings(max_examples=6, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 10_000), steps=st.integers(10, 120))
def test_incremental_rollups_a_rebuild_and_a_naive_account_agree(postgres_url: str, seed: int, steps: int) -> None:
    asyncio.run(play(postgres_url, seed, steps))


async def test_reports_may_come_in_any_order_among_each_other(aggregation: Aggregation, postgres_url: str) -> None:
    """Only the order within one subject is sure; among reports any order gives the same sums."""
    chance, log = random.Random(7), aggregation.log
    communes = log.province(3)
    log.published(visits())
    before = len(log.bodies)
    history = History(log, "KB", chance, CELLS)
    for commune in communes:
        history.assign(commune, "2026-01")
    for _ in range(40):
        history.step()
    await aggregation.hear()
    other_log = PlayedLog()
    async with service_under_test(create_app, "aggregation", postgres_url) as service:
        other = await listening(service, other_log)
        envelopes = [read_envelope(body) for body in log.bodies]
        reports = sorted(envelopes[before:], key=lambda one: (one.subject, one.ledgerseq))
        for envelope in (*envelopes[:before], *reports):
            other_log.say(envelope.type.split(".")[2], envelope.subject, msgspec.json.decode(envelope.data))
        await other.hear()
        for lens in ("approved", "sent"):
            mine = await aggregation.rollup("KB", "2026-01", "Gia Lai", lens=lens)
            theirs = await other.rollup("KB", "2026-01", "Gia Lai", lens=lens)
            assert mine["cells"] == theirs["cells"]
            assert mine["coverage"] == theirs["coverage"]
