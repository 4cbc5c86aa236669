"""A whole service on the kernel: what it offers operators and peers, and how several of them hold together."""

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any
from uuid import uuid4

import asyncpg
import httpx
import pytest
from fastapi import FastAPI

from kernel.auth import Allow, private_key, service_token
from kernel.bus import Bus
from kernel.clock import utc_now
from kernel.errors import AwaitsPrerequisite
from kernel.event_store import UnitOfWork
from kernel.handler import handle, handle_in
from kernel.in_process import InProcessBus
from kernel.inbox import Consumption, caused_by, one_by_one
from kernel.message import Envelope, read_envelope
from kernel.migrate import drop
from kernel.postgres import is_away
from kernel.rabbitmq import RabbitBus
from kernel.runtime import Definition, Runtime, Wiring
from kernel.service import service_app
from kernel.settings import Settings
from kernel.testing import context, eventually
from tests.integration.harness import ServiceUnderTest, service_under_test
from tests.integration.kernel.test_bus import removed
from tests.integration.kernel.toy import MIGRATIONS, TALLY, TYPES, Count, CountedV1, Tally, note, publish
from tests.servers import unique_name

COUNTED = "vn.ktxh.toy.counted.v1"
Consumptions = Any


def nothing(_: Runtime) -> Sequence[Consumption]:
    return ()


def toy_app(name: str, consumptions: Consumptions = nothing, *, chained: bool = False, log_readers: Allow | None = None) -> Any:
    """A factory as `services/<name>/main.py` has it."""

    def create_app(settings: Settings, wiring: Wiring, clock: Any) -> FastAPI:
        definition = Definition(name, TYPES, publish, MIGRATIONS, chained=chained)
        return service_app(
            settings,
            definition,
            wiring,
            title=name,
            description="",
            routers=[],
            consumptions=consumptions,
            log_readers=log_readers or Allow("operator", services=True, subscribers=True),
            clock=clock,
        )

    return create_app


def listening(runtime: Runtime) -> Sequence[Consumption]:
    async def react(work: UnitOfWork, envelope: Envelope, payload: CountedV1) -> None:
        if payload.by == 13:
            raise ZeroDivisionError
        if payload.remark and not await work.connection.fetchval("SELECT true FROM tally WHERE name = $1", payload.remark):
            raise AwaitsPrerequisite(payload.remark)
        await work.connection.execute("INSERT INTO tally VALUES ($1, 0) ON CONFLICT DO NOTHING", envelope.subject)
        await note(work, envelope)

    return [one_by_one(publisher, {COUNTED: (CountedV1, react)}) for publisher in ("peer", "other")]


@pytest.fixture
async def toy(postgres_url: str) -> AsyncIterator[ServiceUnderTest]:
    async with service_under_test(toy_app("toy", listening, chained=True), "toy", postgres_url) as service:
        yield service


def as_service(service: ServiceUnderTest, name: str = "approvals") -> dict[str, str]:
    token = service_token(private_key(service.settings, name), name, service.clock().timestamp())
    return {"Authorization": f"Bearer {token}"}


async def count(service: ServiceUnderTest, n: int = 3, **more: Any) -> None:
    for _ in range(n):
        await handle(service.runtime.store, TALLY, "tally/1", Count(1, **more), context())
    head = await service.runtime.pool.fetchval("SELECT count(*) FROM event")

    async def is_sequenced() -> bool:
        return bool(await service.runtime.ledger.head() == head)

    await eventually(is_sequenced)


async def test_it_is_alive_before_it_is_ready_and_ready_once_it_has_caught_up(toy: ServiceUnderTest) -> None:
    assert (await toy.client.get("/health")).json() == {"status": "ok"}

    async def is_ready() -> bool:
        return (await toy.client.get("/ready")).status_code == 200

    await eventually(is_ready)
    assert (await toy.client.get("/ready")).json() == {"ready": True, "lacking": []}


async def test_it_is_not_ready_without_its_database(toy: ServiceUnderTest) -> None:
    await toy.runtime.pool.close()
    answer = await toy.client.get("/ready")
    assert answer.status_code == 503
    assert "cơ sở dữ liệu" in answer.text


async def test_its_log_is_read_in_order_by_its_peers(toy: ServiceUnderTest) -> None:
    await count(toy, 5)
    answer = await toy.client.get("/log?after=1&limit=3", headers=as_service(toy))
    assert answer.headers["content-type"] == "application/x-ndjson"
    assert [read_envelope(line).ledgerseq for line in answer.content.splitlines()] == [2, 3, 4]
    beyond = await toy.client.get("/log?after=5", headers=as_service(toy))
    assert (beyond.status_code, beyond.content) == (200, b"")


async def test_who_may_read_the_log_reads_what_is_his(toy: ServiceUnderTest) -> None:
    await count(toy, 1, colour="red", released=True)
    await count(toy, 1, colour="red")
    await count(toy, 1, colour="blue", released=True)
    everything = (await toy.client.get("/log", headers=toy.as_user(("operator", uuid4())))).content.splitlines()
    assert len(everything) == 3
    department = toy.as_user(user=uuid4())
    assert (await toy.client.get("/log", headers=department)).status_code == 403
    assert (await toy.client.get("/log")).status_code == 401
    assert (await toy.client.get("/log", headers=toy.as_user(("leader", uuid4())))).status_code == 403
    entries = await toy.runtime.ledger.read(0, sectors=["red"])
    assert [read_envelope(entry.body).ledgerseq for entry in entries] == [1]


async def test_the_log_goes_on_as_a_stream_that_resumes_where_it_stopped(toy: ServiceUnderTest) -> None:
    """The stream ends with the token; the played clock goes there as soon as everything has come."""
    await count(toy, 4)

    async def read(**headers: str) -> list[tuple[int, int]]:
        seen: list[tuple[int, int]] = []
        asked = {**as_service(toy), "Accept": "text/event-stream", **headers}

        async def end_the_token_when_all_has_come() -> None:
            await asyncio.sleep(0.1)
            toy.clock.now = toy.clock.now.fromtimestamp(toy.clock.now.timestamp() + 3600, toy.clock.now.tzinfo)

        ending = asyncio.create_task(end_the_token_when_all_has_come())
        answer = await toy.client.get("/log", headers=asked)
        await ending
        for block in answer.text.split("\n\n"):
            lines = dict(line.split(": ", 1) for line in block.splitlines() if not line.startswith(":"))
            if lines:
                seen.append((int(lines["id"]), read_envelope(lines["data"].encode()).ledgerseq))
        return seen

    assert await read() == [(1, 1), (2, 2), (3, 3), (4, 4)]
    assert await read(**{"Last-Event-ID": "2"}) == [(3, 3), (4, 4)]


@pytest.mark.parametrize("query", ["after=-1", "limit=0", "limit=1001", "after=x"])
async def test_a_log_query_that_can_not_be_right_is_refused(toy: ServiceUnderTest, query: str) -> None:
    answer = await toy.client.get(f"/log?{query}", headers=as_service(toy))
    assert (answer.status_code, answer.json()["type"]) == (422, "/problems/malformed")


async def test_its_status_tells_how_far_it_is(toy: ServiceUnderTest) -> None:
    await count(toy, 2)
    await toy.hears("peer", COUNTED, "tally/1", CountedV1(13))

    async def is_published() -> Any:
        return (await toy.runtime.status())["published"] == 2

    await eventually(is_published)
    status = (await toy.client.get("/status", headers=toy.as_user(("operator", uuid4())))).json()
    assert status["inboxes"] == {"peer": 1, "other": 0}
    assert {name: status[name] for name in ("service", "head", "unsequenced", "dead_letters")} == {
        "service": "toy",
        "head": 2,
        "unsequenced": 0,
        "dead_letters": 1,
    }
    assert (await toy.client.get("/status", headers=toy.as_user(("leader", uuid4())))).status_code == 403


async def test_an_operator_sees_retries_and_drops_dead_letters(toy: ServiceUnderTest) -> None:
    operator = toy.as_user(("operator", uuid4()))
    for by in (13, 1, 13):
        await toy.hears("peer", COUNTED, "tally/1", CountedV1(by))
    listed = (await toy.client.get("/dead-letters", headers=operator)).json()["items"]
    assert [item["seq"] for item in listed] == [1, 2, 3]
    shown = (await toy.client.get("/dead-letters/peer/1", headers=operator)).json()
    assert json.loads(shown["body"])["data"] == {"by": 13, "remark": ""}
    for body in ({}, {"reason": "  "}):
        refused = await toy.client.post("/dead-letters/peer/1/drop", json=body, headers=operator)
        assert (refused.status_code, refused.json()["field"]) == (422, "reason")
    retried = await toy.client.post("/dead-letters/peer/1/retry", json={"reason": "mended"}, headers=operator)
    assert retried.json() == {"handled": 0}
    dropped = await toy.client.post("/dead-letters/peer/1/drop", json={"reason": "never"}, headers=operator)
    assert dropped.json() == {"handled": 1}
    left = (await toy.client.get("/dead-letters", headers=operator)).json()["items"]
    assert [(item["seq"], item["tries"]) for item in left] == [(3, 1)]
    again = await toy.client.post("/dead-letters/peer/1/drop", json={"reason": "never"}, headers=operator)
    assert again.status_code == 404
    assert (await toy.client.get("/dead-letters/peer/99", headers=operator)).status_code == 404
    assert (await toy.client.get("/dead-letters", headers=toy.as_user(("leader", uuid4())))).status_code == 403


async def test_what_was_parked_just_after_its_prerequisite_came_is_found_again(toy: ServiceUnderTest) -> None:
    """No wake-up comes for it any more: the other inbox had told before this one waited."""
    await toy.hears("peer", COUNTED, "tally/late", CountedV1(1, remark="tally/known"))
    await toy.runtime.pool.execute("INSERT INTO tally VALUES ('tally/known', 0)")

    async def is_released() -> bool:
        return not (await toy.runtime.status())["dead_letters"]

    await eventually(is_released, seconds=15)
    assert await toy.runtime.pool.fetchval("SELECT count(*) FROM heard WHERE subject = 'tally/late'") == 1


# ------------------------------------------------------------------ several services


def relaying(name: str, source: str) -> Consumptions:
    """Counts in its own tally whatever `source` counts."""

    def consumptions(runtime: Runtime) -> Sequence[Consumption]:
        async def react(work: UnitOfWork, envelope: Envelope, payload: CountedV1) -> None:
            await handle_in(work, runtime.store, TALLY, envelope.subject, Count(payload.by), caused_by(envelope, "count"))

        return [one_by_one(source, {COUNTED: (CountedV1, react)})]

    return consumptions


CHAIN = {"identity": ("templates",), "templates": ("approvals",), "approvals": ()}


@asynccontextmanager
async def chain_of_services(postgres_url: str, bus: Bus, namespace: str) -> AsyncIterator[dict[str, FastAPI]]:
    """Three toys, named as services are since tokens know only those: each counts what the one before it has counted."""
    settings = Settings(database_url=postgres_url, namespace=namespace)
    apps: dict[str, FastAPI] = {}
    clients: list[httpx.AsyncClient] = []

    def peer(name: str) -> httpx.AsyncClient:
        clients.append(httpx.AsyncClient(transport=httpx.ASGITransport(app=apps[name]), base_url=f"http://{name}"))
        return clients[-1]

    wiring = Wiring(bus, peer)
    apps["identity"] = toy_app("identity")(settings, wiring, utc_now)
    apps["templates"] = toy_app("templates", relaying("templates", "identity"))(settings, wiring, utc_now)
    apps["approvals"] = toy_app("approvals", relaying("approvals", "templates"))(settings, wiring, utc_now)
    try:
        async with AsyncExitStack() as stack:
            for app in apps.values():
                await stack.enter_async_context(app.router.lifespan_context(app))
            yield apps
    finally:
        for client in clients:
            await client.aclose()
        await bus.stop()
        for name in apps:
            await drop(settings, name)


@pytest.fixture(params=["in process", "rabbitmq"])
async def chain(request: pytest.FixtureRequest, postgres_url: str, transport: str | None) -> AsyncIterator[dict[str, FastAPI]]:
    namespace = unique_name()
    bus: Bus = InProcessBus(CHAIN) if transport is None else RabbitBus(transport, CHAIN, namespace)
    async with chain_of_services(postgres_url, bus, namespace) as apps:
        yield apps
    if transport is not None:
        await removed(transport, namespace, CHAIN)


@pytest.fixture
def transport(request: pytest.FixtureRequest) -> str | None:
    in_process = request.node.callspec.params["chain"] == "in process"
    return None if in_process else str(request.getfixturevalue("amqp_url"))


async def total(app: FastAPI) -> int:
    state = (await handle(app.state.runtime.store, TALLY, "tally/1", Count(0), context())).state
    assert isinstance(state, Tally)
    return state.total


async def test_what_one_service_counts_arrives_at_the_end_of_the_chain_once(chain: dict[str, FastAPI]) -> None:
    for n in range(100):
        await handle(chain["identity"].state.runtime.store, TALLY, "tally/1", Count(n), context())

    async def has_arrived() -> bool:
        return await total(chain["approvals"]) == 4950 and await chain["approvals"].state.runtime.ledger.head() == 99

    await eventually(has_arrived, seconds=20)
    assert await total(chain["templates"]) == 4950
    causes = [read_envelope(entry.body) async for entry in chain["approvals"].state.runtime.ledger.read_all()]
    assert {envelope.correlationid for envelope in causes} == {"test"}
    assert len({envelope.causationid for envelope in causes}) == len(causes) == 99


async def test_a_service_whose_session_is_killed_leads_again(chain: dict[str, FastAPI], postgres_url: str) -> None:
    killer = await asyncpg.connect(postgres_url)
    try:
        for _ in range(5):
            for app in chain.values():
                database = app.state.runtime.settings.namespace + "_" + app.state.runtime.definition.name
                await killer.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1", database)

            async def has_counted() -> int:
                return (await handle(chain["identity"].state.runtime.store, TALLY, "tally/1", Count(1), context())).version

            await eventually(_forgiving(has_counted))
    finally:
        await killer.close()
    expected = await total(chain["identity"])

    async def has_arrived() -> bool:
        return await total(chain["approvals"]) == expected

    await eventually(_forgiving(has_arrived), seconds=30)


def _forgiving(ask: Any) -> Any:
    """The killed connections are told to whoever uses them next."""

    async def asked() -> Any:
        try:
            return await ask()
        except Exception as failure:
            if not is_away(failure):
                raise
            raise AssertionError("not yet") from failure

    return asked
