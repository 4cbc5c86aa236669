"""What every HTTP answer has in common: problems that name the broken rule, bounded bodies, versions, keys, correlation."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, Any

import asyncpg
import httpx
import msgspec
import pytest
from fastapi import Body, FastAPI, Query, Request, Response

from kernel import errors, web
from kernel.auth import Principal
from kernel.event_store import Conflict, EventIsTooLarge, Interrupted, ids_by_key
from kernel.testing import FakeClock

AN = Principal("an", "user")
TRACE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


class PeriodIsOver(errors.Rejected):
    title = "Kỳ đã kết thúc"


FAILURES: dict[str, BaseException] = {
    "period-is-over": PeriodIsOver("Kỳ tháng 3 đã kết thúc", ended_on="2026-03-31"),
    "clashing": PeriodIsOver(title="A", status=1, detail="B", rule="C", headers="D", type="E"),
    "not-found": errors.NotFound(),
    "role-may-not": errors.RoleMayNot(),
    "not-signed-in": errors.NotSignedIn(),
    "stale": errors.VersionIsStale(current=7),
    "conflict": Conflict("x", 1, 2),
    "malformed": errors.Malformed("Sai", at="a.b"),
    "key-reused": errors.IdempotencyKeyReused(),
    "too-large": EventIsTooLarge(),
    "not-arrived-yet": errors.NotArrivedYet(),
    "not-ready": errors.NotReady(),
    "database-away": ConnectionRefusedError(),
    "database-restarts": asyncpg.CannotConnectNowError("starting up"),
    "connection-closed": asyncpg.InterfaceError("connection is closed"),
    "wrong-call": asyncpg.InterfaceError("the server expects 2 arguments"),
    "interrupted": Interrupted("deadlock detected"),
    "unexpected": ZeroDivisionError("secret detail"),
}


class Form(msgspec.Struct):
    figures: dict[str, int]


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    @asynccontextmanager
    async def nothing(_: FastAPI) -> AsyncIterator[None]:
        yield

    app = web.create_app("thử", version="1", description="", lifespan=nothing)
    app.state.clock = FakeClock()

    @app.get("/fails/{how}")
    async def fails(how: str) -> Response:
        raise FAILURES[how]

    @app.post("/forms")
    async def forms(request: Request) -> Response:
        return web.json_response((await web.read_body(request, Form)).figures)

    @app.post("/bytes")
    async def count(request: Request) -> Response:
        return web.json_response(len(await request.body()))

    @app.post("/model")
    async def model(number: Annotated[int, Body(embed=True)], limit: Annotated[int, Query(le=10)] = 1) -> Response:
        return web.json_response(number)

    @app.put("/versions")
    async def versions(request: Request) -> Response:
        seen = web.if_match(request)
        return web.json_response(seen, headers={"ETag": web.etag(seen + 1)})

    @app.post("/context")
    async def context(request: Request) -> Response:
        made = await web.context_of(request, AN)
        ids = [str(made.event_id("s", n)) for n in range(2)] if made.is_repeatable else []
        seen = {"ids": ids, "hash": made.request_hash and made.request_hash.hex(), "now": made.now}
        return web.json_response({"actor": made.actor, "trace": made.trace, "correlation": made.correlation_id, **seen})

    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as asking:
        yield asking


@pytest.mark.parametrize(
    ("how", "status", "rule"),
    [
        ("period-is-over", 409, "period-is-over"),
        ("not-found", 404, "not-found"),
        ("role-may-not", 403, "role-may-not"),
        ("not-signed-in", 401, "not-signed-in"),
        ("stale", 412, "version-is-stale"),
        ("conflict", 412, "version-is-stale"),
        ("malformed", 422, "malformed"),
        ("key-reused", 422, "idempotency-key-reused"),
        ("too-large", 413, "event-is-too-large"),
        ("not-arrived-yet", 409, "not-arrived-yet"),
        ("not-ready", 503, "not-ready"),
        ("database-away", 503, "not-ready"),
        ("database-restarts", 503, "not-ready"),
        ("connection-closed", 503, "not-ready"),
        ("interrupted", 503, "not-ready"),
        ("wrong-call", 500, "unexpected-error"),
        ("unexpected", 500, "unexpected-error"),
    ],
)
async def test_every_failure_is_a_problem_that_names_its_rule(client: httpx.AsyncClient, how: str, status: int, rule: str) -> None:
    answer = await client.get(f"/fails/{how}", headers={"X-Correlation-Id": "c-17"})
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    body = answer.json()
    assert body["type"] == f"/problems/{rule}"
    assert body["status"] == status
    assert body["correlation_id"] == "c-17"
    assert body["title"]
    assert body["detail"]
    assert ("retry-after" in answer.headers) == (status == 503 or rule == "not-arrived-yet")
    assert "secret" not in answer.text


async def test_a_broken_rules_parameters_lie_in_the_body(client: httpx.AsyncClient) -> None:
    body = (await client.get("/fails/period-is-over")).json()
    assert (body["title"], body["detail"], body["ended_on"]) == ("Kỳ đã kết thúc", "Kỳ tháng 3 đã kết thúc", "2026-03-31")
    assert (await client.get("/fails/conflict")).json()["current"] == 2


async def test_parameters_that_are_called_like_the_problems_own_members_give_way(client: httpx.AsyncClient) -> None:
    body = (await client.get("/fails/clashing")).json()
    assert (body["type"], body["title"], body["status"]) == ("/problems/period-is-over", "Kỳ đã kết thúc", 409)
    assert (body["rule"], body["headers"]) == ("C", "D")


async def test_an_address_that_is_none_and_a_method_that_is_none_are_problems_too(client: httpx.AsyncClient) -> None:
    unknown, wrong = await client.get("/nowhere"), await client.delete("/forms")
    assert (unknown.status_code, unknown.json()["type"]) == (404, "/problems/not-found")
    assert (wrong.status_code, wrong.headers["content-type"]) == (405, "application/problem+json")


@pytest.mark.parametrize(
    ("body", "where"),
    [(b"{", ""), (b"", ""), (b"\xff", ""), (b"[]", "object"), (b'{"figures":{"a":"x"}}', "figures"), (b"{}", "figures")],
)
async def test_a_malformed_body_is_told_by_its_place(client: httpx.AsyncClient, body: bytes, where: str) -> None:
    answer = await client.post("/forms", content=body)
    assert (answer.status_code, answer.json()["type"]) == (422, "/problems/malformed")
    assert where in answer.json()["detail"]


async def test_what_the_framework_refuses_is_told_by_its_place_too(client: httpx.AsyncClient) -> None:
    answer = await client.post("/model?limit=11", json={"number": "x"})
    assert answer.status_code == 422
    assert answer.json()["type"] == "/problems/malformed"
    assert {error["at"] for error in answer.json()["errors"]} == {"query.limit", "body.number"}


async def test_a_body_that_says_it_is_too_large_is_not_read(client: httpx.AsyncClient) -> None:
    read = []

    async def body() -> AsyncIterator[bytes]:
        read.append(1)
        yield b"x"

    answer = await client.post("/bytes", content=body(), headers={"Content-Length": str(web.MAX_BODY_BYTES + 1)})
    assert (answer.status_code, answer.json()["type"]) == (413, "/problems/payload-is-too-large")
    assert read == []


async def test_a_body_that_does_not_say_its_length_is_counted(client: httpx.AsyncClient) -> None:
    async def endless() -> AsyncIterator[bytes]:
        for _ in range(40):
            yield b"x" * 1_000_000

    for path in ("/bytes", "/forms", "/model"):
        answer = await client.post(path, content=endless(), headers={"Content-Type": "application/json"})
        assert (answer.status_code, answer.json()["type"]) == (413, "/problems/payload-is-too-large")


async def test_a_body_within_bounds_is_read_whole(client: httpx.AsyncClient) -> None:
    assert (await client.post("/bytes", content=b"x" * 3_000_000)).json() == 3_000_000


@pytest.mark.parametrize("length", ["", "x", "-1", "1e9", "٣"])
async def test_a_length_that_is_none_breaks_nothing(client: httpx.AsyncClient, length: str) -> None:
    answer = await client.post("/bytes", content=b"12", headers=[(b"Content-Length", length.encode())])
    assert answer.json() == 2


@pytest.mark.parametrize("given", ["", "x" * 65, 'a"b', "a b", "a\\b", "đ".encode().decode("latin-1")])
async def test_a_correlation_id_is_the_callers_where_it_is_one_and_our_own_otherwise(client: httpx.AsyncClient, given: str) -> None:
    assert (await client.get("/nowhere", headers={"X-Correlation-Id": "abc-1_2.3"})).headers["x-correlation-id"] == "abc-1_2.3"
    answer = await client.get("/nowhere", headers=[(b"X-Correlation-Id", given.encode("latin-1"))])
    own = answer.headers["x-correlation-id"]
    assert own
    assert own.replace("-", "").isalnum()
    assert len(own) <= 64
    assert answer.json()["correlation_id"] == own


async def test_a_write_names_the_version_that_it_has_seen(client: httpx.AsyncClient) -> None:
    for given in ('"4"', 'W/"4"', "4"):
        answer = await client.put("/versions", headers={"If-Match": given})
        assert (answer.json(), answer.headers["etag"]) == (4, '"5"')
    missing, wrong = await client.put("/versions"), await client.put("/versions", headers={"If-Match": '"four"'})
    assert (missing.status_code, missing.json()["type"]) == (428, "/problems/version-is-missing")
    assert (wrong.status_code, wrong.json()["type"]) == (422, "/problems/malformed")


async def test_an_idempotency_key_fixes_the_ids_and_the_body_its_hash(client: httpx.AsyncClient) -> None:
    async def ask(body: str, **headers: str) -> Any:
        return (await client.post("/context", content=body, headers=headers)).json()

    one, again, other = [await ask(body, **{"Idempotency-Key": "k"}) for body in ("a", "a", "b")]
    assert one["ids"] == [str(ids_by_key("an", "k")("s", n)) for n in range(2)]
    assert one["ids"] == again["ids"] == other["ids"]
    assert one["hash"] == again["hash"] != other["hash"]
    without = await ask("a")
    assert (without["ids"], without["hash"]) == ([], None)


async def test_the_context_carries_caller_moment_correlation_and_trace(client: httpx.AsyncClient) -> None:
    answer = await client.post("/context", headers={"X-Correlation-Id": "c-1", "traceparent": TRACE})
    assert (answer.json()["actor"], answer.json()["correlation"], answer.json()["trace"]) == ("an", "c-1", TRACE)
    assert answer.json()["now"] == "2026-04-10T01:00:00Z"
    forged = await client.post("/context", headers={"traceparent": TRACE[:-1] + '"'})
    assert forged.json()["trace"] == ""


async def test_one_line_is_logged_per_request(client: httpx.AsyncClient, capsys: pytest.CaptureFixture[str]) -> None:
    await client.get("/fails/period-is-over", headers={"X-Correlation-Id": "c-99"})
    lines = [line for line in capsys.readouterr().out.splitlines() if "c-99" in line]
    assert len(lines) == 1
    assert "period-is-over" in lines[0]
    assert "409" in lines[0]


def test_decimals_travel_as_strings() -> None:
    from decimal import Decimal

    assert json.loads(bytes(web.json_response({"x": Decimal("1.10")}).body)) == {"x": "1.10"}
