"""Every route as every kind of caller, on the whole system: what the permission table says is what happens."""

import inspect
from collections.abc import Iterator
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.routing import APIRoute

from kernel.auth import Allow
from kernel.settings import Settings
from ktxh.system import compose

from .asking import Answer, Ask, put
from .province import CALLERS, Province
from .table import Row, callers_of, whole_table

on_one_system = pytest.mark.asyncio(loop_scope="module")

TABLE = whole_table()
NOT_OURS = {"/openapi.json", "/docs", "/docs/oauth2-redirect", "/redoc"}
UNTIL_PASSWORD_CHANGES = "/problems/password-change-is-due"


def routes_of(app: FastAPI) -> Iterator[tuple[str, Any]]:
    """(method and path, route) of everything that the app serves, however deep it was included."""
    yield from _walk(app.routes, "")


def _walk(routes: Any, prefix: str) -> Iterator[tuple[str, Any]]:
    for route in routes:
        included = getattr(route, "original_router", None)
        if included is not None:
            yield from _walk(included.routes, prefix + route.include_context.prefix)
        elif isinstance(route, APIRoute):
            yield from ((f"{method} {prefix}{route.path}", route) for method in sorted(route.methods))
        elif getattr(route, "routes", None):
            yield from _walk(route.routes, prefix + route.path)
        elif route.path not in NOT_OURS:
            yield f"{type(route).__name__} {prefix}{route.path}", route


ROUTES = {(service, name): route for service, app in compose(Settings()).apps.items() for name, route in routes_of(app)}


def test_every_route_has_a_row_and_every_row_a_route() -> None:
    assert len(ROUTES) > 150
    rows = {(row.service, row.route) for row in TABLE}
    assert sorted(set(ROUTES) - rows) == [], "routes without a row"
    assert sorted(rows - set(ROUTES)) == [], "rows without a route"


def test_the_walk_over_the_routes_misses_none_that_the_documents_name() -> None:
    documented = {
        (service, f"{method.upper()} {path}")
        for service, app in compose(Settings()).apps.items()
        for path, methods in app.openapi()["paths"].items()
        for method in methods
    }
    assert documented == set(ROUTES)


def test_every_row_names_callers_that_there_are() -> None:
    for row in TABLE:
        for pattern in (*row.may.split(), *row.unseen.split()):
            assert callers_of(pattern), f"{row.name}: nobody is {pattern}"


def test_every_route_says_exactly_once_who_may_call_it() -> None:
    for name, route in ROUTES.items():
        assert len(_permissions(route.dependant)) == 1, name


def _permissions(dependant: Any) -> list[Allow]:
    own = [dependant.call] if isinstance(dependant.call, Allow) else []
    return own + [found for one in dependant.dependencies for found in _permissions(one)]


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
