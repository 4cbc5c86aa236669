"""Staying signed in, over HTTP: refresh tokens, signing out, keys that change, tokens that end early."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from uuid import UUID

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kernel.in_process import InProcessBus
from kernel.runtime import Wiring
from kernel.testing import EventSpy, eventually
from services.identity.main import create_app
from tests.integration.identity.harness import ADMINISTRATOR_PASSWORD, Identity, bearer, identity_under_test, rule_of, unit

pytestmark = pytest.mark.filterwarnings("ignore:EdDSA is deprecated")

QUY_NHON = unit("21553", "Quy Nhơn", "Phường")
PASSWORD = "Mật khẩu 1 thử"


async def an_officer(identity: Identity) -> UUID:
    await identity.has_units(QUY_NHON)
    return await identity.has_user("canbo", ("data_entry", QUY_NHON.unit_id))


async def signed_in(identity: Identity) -> str:
    """The refresh token of a new session."""
    response = await identity.sign_in("quantri", ADMINISTRATOR_PASSWORD)
    return str(response.cookies["ktxh_refresh"])


async def refreshed(identity: Identity, token: str) -> httpx.Response:
    return await identity.browser().post("/sessions/refresh", headers={"Cookie": f"ktxh_refresh={token}"})


def successor(response: httpx.Response) -> str:
    assert response.status_code == 200, response.text
    return str(response.cookies["ktxh_refresh"])


async def test_a_refresh_gives_a_new_pair_of_tokens(identity: Identity) -> None:
    first = await signed_in(identity)
    response = await refreshed(identity, first)
    assert successor(response) != first
    assert (await identity.http.get("/me", headers=bearer(response))).json()["username"] == "quantri"
    assert response.json()["user"]["grants"][0]["role"] == "administrator"


async def test_shown_again_within_ten_seconds_a_token_gets_the_same_successor(identity: Identity) -> None:
    first = await signed_in(identity)
    second = successor(await refreshed(identity, first))
    identity.clock.advance(timedelta(seconds=10))
    assert successor(await refreshed(identity, first)) == second
    assert (await refreshed(identity, second)).status_code == 200


async def test_two_tabs_that_refresh_at_once_get_the_same_successor(identity: Identity) -> None:
    first = await signed_in(identity)
    answers = await asyncio.gather(*(refreshed(identity, first) for _ in range(6)))
    assert len({successor(answer) for answer in answers}) == 1


async def test_shown_again_later_a_token_ends_the_whole_family(identity: Identity) -> None:
    first, untouched = await signed_in(identity), await signed_in(identity)
    second = successor(await refreshed(identity, first))
    third = successor(await refreshed(identity, second))
    identity.clock.advance(timedelta(seconds=11))
    stolen = await refreshed(identity, first)
    assert (stolen.status_code, rule_of(stolen)) == (401, "session-has-ended")
    assert [(await refreshed(identity, token)).status_code for token in (second, third)] == [401, 401]
    assert (await refreshed(identity, untouched)).status_code == 200


async def test_a_refused_refresh_takes_the_cookie_away(identity: Identity) -> None:
    refused = await refreshed(identity, "made-up")
    assert refused.status_code == 401
    assert 'ktxh_refresh=""' in refused.headers["set-cookie"]


async def test_a_session_ends_when_it_is_left_alone_and_after_a_day_of_work(identity: Identity) -> None:
    idle = await signed_in(identity)
    identity.clock.advance(timedelta(minutes=15, seconds=1))
    assert (await refreshed(identity, idle)).status_code == 401
    busy, began = await signed_in(identity), identity.clock()
    while identity.clock() - began < timedelta(hours=12) - timedelta(minutes=14):
        identity.clock.advance(timedelta(minutes=14))
        busy = successor(await refreshed(identity, busy))
    identity.clock.advance(timedelta(minutes=14))
    assert (await refreshed(identity, busy)).status_code == 401


async def test_an_access_token_lasts_five_minutes(identity: Identity) -> None:
    headers = await identity.as_user("quantri", ADMINISTRATOR_PASSWORD)
    identity.clock.advance(timedelta(minutes=4, seconds=59))
    assert (await identity.http.get("/me", headers=headers)).status_code == 200
    identity.clock.advance(timedelta(seconds=10))
    assert (await identity.http.get("/me", headers=headers)).status_code == 401


@pytest.mark.parametrize("with_token", [True, False], ids=["with the access token", "with the cookie alone"])
async def test_signing_out_ends_the_session(identity: Identity, with_token: bool) -> None:
    browser = identity.browser()
    response = await identity.sign_in("quantri", ADMINISTRATOR_PASSWORD, browser)
    out = await browser.delete("/sessions/current", headers=bearer(response) if with_token else {})
    assert out.status_code == 204
    assert "ktxh_refresh" not in browser.cookies
    assert (await refreshed(identity, response.cookies["ktxh_refresh"])).status_code == 401
    assert (await identity.http.get("/me", headers=bearer(response))).status_code == 401


async def test_refresh_tokens_lie_in_the_table_as_digests_only(identity: Identity) -> None:
    token = await signed_in(identity)
    rows = await identity.app.state.desk.pool.fetch("SELECT * FROM refresh_token")
    assert token not in repr([dict(row) for row in rows])
    assert {len(row["digest"]) for row in rows} == {32}


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(st.tuples(st.integers(0, 3), st.sampled_from([0, 4, 9, 11])), min_size=3, max_size=8))
async def test_only_a_token_shown_too_late_ends_a_family(identity: Identity, steps: list[tuple[int, int]]) -> None:
    """Any token of the family is shown after any pause; a list of what was used when says what must be answered."""
    family, has_ended = [await signed_in(identity)], False
    used: dict[int, datetime] = {}
    for which, pause in steps:
        identity.clock.advance(timedelta(seconds=pause))
        place, now = min(which, len(family) - 1), identity.clock()
        is_late = place in used and now - used[place] > timedelta(seconds=10)
        has_ended = has_ended or is_late
        response = await refreshed(identity, family[place])
        assert response.status_code == (401 if has_ended else 200)
        if not has_ended and place not in used:
            used[place] = now
            family.append(successor(response))
        elif not has_ended:
            assert successor(response) == family[place + 1]


async def test_a_change_of_the_signing_key_logs_nobody_out(identity: Identity) -> None:
    refresh = await signed_in(identity)
    before = await identity.as_user("quantri", ADMINISTRATOR_PASSWORD)
    old = {key["kid"] for key in (await identity.http.get("/.well-known/jwks.json")).json()["keys"]}
    new = (await identity.post("/keys/rotate")).json()["key_id"]
    published = {key["kid"] for key in (await identity.http.get("/.well-known/jwks.json")).json()["keys"]}
    assert published == old | {new}
    identity.clock.advance(timedelta(seconds=5))
    after = await refreshed(identity, refresh)
    assert _key_id(bearer(after)) == new
    assert _key_id(before) in old
    assert (await identity.http.get("/me", headers=before)).status_code == 200

    async def is_known() -> bool:
        return (await identity.http.get("/me", headers=bearer(after))).status_code == 200

    await eventually(is_known)


async def test_an_old_key_is_published_until_its_last_token_has_ended(identity: Identity) -> None:
    old = {key["kid"] for key in (await identity.http.get("/.well-known/jwks.json")).json()["keys"]}
    await identity.post("/keys/rotate")
    identity.clock.advance(timedelta(minutes=6))
    assert old <= {key["kid"] for key in (await identity.http.get("/.well-known/jwks.json")).json()["keys"]}
    identity.clock.advance(timedelta(minutes=5))
    assert not old & {key["kid"] for key in (await identity.http.get("/.well-known/jwks.json")).json()["keys"]}


async def test_private_keys_are_published_nowhere_and_stored_sealed(identity: Identity) -> None:
    keys = (await identity.http.get("/.well-known/jwks.json")).json()["keys"]
    assert all("d" not in key for key in keys)
    row = await identity.app.state.desk.pool.fetchrow("SELECT * FROM signing_key")
    assert b'"d"' not in row["sealed"]
    assert '"d"' not in row["public_jwk"]


async def test_the_key_survives_a_restart(identity: Identity) -> None:
    headers = await identity.as_user("quantri", ADMINISTRATOR_PASSWORD)
    async with another(identity) as http:
        assert (await http.get("/me", headers=headers)).status_code == 200


async def test_a_disabled_user_is_refused_at_once(identity: Identity) -> None:
    user_id = await an_officer(identity)
    browser = identity.browser()
    response = await identity.sign_in("canbo", PASSWORD, browser)
    disabled = await identity.post(f"/users/{user_id}/disable")
    assert disabled.json()["is_disabled"] is True
    assert (await browser.get("/me", headers=bearer(response))).status_code == 401
    assert (await browser.get("/units", headers=bearer(response))).status_code == 401
    assert (await browser.post("/sessions/refresh")).status_code == 401
    assert (await identity.sign_in("canbo", PASSWORD)).status_code == 401


async def test_an_enabled_user_comes_in_again(identity: Identity) -> None:
    user_id = await an_officer(identity)
    await identity.post(f"/users/{user_id}/disable")
    await identity.post(f"/users/{user_id}/enable")
    response = await identity.sign_in("canbo", PASSWORD)
    assert (await identity.http.get("/me", headers=bearer(response))).status_code == 200


async def test_a_grant_that_is_taken_away_ends_the_tokens_and_every_service_hears_from_when(identity: Identity) -> None:
    user_id = await an_officer(identity)
    browser = identity.browser()
    response = await identity.sign_in("canbo", PASSWORD, browser)
    await identity.put(f"/users/{user_id}", {"grants": [{"role": "leader", "unit_id": str(QUY_NHON.unit_id)}]})
    assert (await browser.get("/me", headers=bearer(response))).status_code == 401
    again = await browser.post("/sessions/refresh")
    assert [grant["role"] for grant in again.json()["user"]["grants"]] == ["leader"]
    assert (await browser.get("/me", headers=bearer(again))).status_code == 200
    spy = EventSpy(identity.app.state.runtime.ledger)
    said = await eventually(lambda: spy.messages("vn.ktxh.identity.user_changed.v1"))
    assert b'"not_before"' in bytes(said[0].data)
    assert said[0].subject == f"user/{user_id}"


async def test_a_grant_that_is_added_comes_with_the_next_refresh_and_ends_nothing(identity: Identity) -> None:
    user_id = await an_officer(identity)
    browser = identity.browser()
    response = await identity.sign_in("canbo", PASSWORD, browser)
    grants = [{"role": role, "unit_id": str(QUY_NHON.unit_id)} for role in ("data_entry", "leader")]
    await identity.put(f"/users/{user_id}", {"grants": grants})
    assert (await browser.get("/me", headers=bearer(response))).status_code == 200
    again = await browser.post("/sessions/refresh")
    assert [grant["role"] for grant in again.json()["user"]["grants"]] == ["data_entry", "leader"]


async def test_another_replica_of_identity_honours_it_too(identity: Identity) -> None:
    user_id = await an_officer(identity)
    headers = await identity.as_user("canbo", PASSWORD)
    async with another(identity) as replica:
        assert (await replica.get("/units", headers=headers)).status_code == 200
        await identity.post(f"/users/{user_id}/disable")

        async def is_refused() -> bool:
            return (await replica.get("/units", headers=headers)).status_code == 401

        await eventually(is_refused)


async def test_in_production_the_first_administrator_changes_his_password_first(postgres_url: str) -> None:
    async with identity_under_test(postgres_url, mode="production", secret="a secret of this test", cookie_secure=True) as identity:
        response = await identity.sign_in("quantri", ADMINISTRATOR_PASSWORD)
        assert response.json()["must_change_password"] is True


async def test_without_a_password_for_him_there_is_no_first_administrator(postgres_url: str) -> None:
    async with identity_under_test(postgres_url, first_administrator_password=None) as identity:
        assert (await identity.sign_in("quantri", ADMINISTRATOR_PASSWORD)).status_code == 401


def _key_id(headers: dict[str, str]) -> str:
    from kernel.auth import _key_id as of_token

    return of_token(headers["Authorization"].removeprefix("Bearer "))


@asynccontextmanager
async def another(identity: Identity) -> AsyncIterator[httpx.AsyncClient]:
    """A client of a second process on the same database."""
    app = create_app(identity.settings, Wiring(InProcessBus({"identity": ()}), identity.app.state.runtime.wiring.peer), identity.clock)
    transport = httpx.ASGITransport(app=app)
    async with app.router.lifespan_context(app), httpx.AsyncClient(transport=transport, base_url="http://test") as http:
        yield http
