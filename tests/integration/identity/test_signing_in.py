"""Signing in, over HTTP: failures, captcha, first passwords, changing a password."""

import asyncio
import time
from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest

from contracts.identity import UnitRegisteredV1
from kernel.auth import private_key, service_token
from services.identity.api.sign_in import _count_failure_of_address, _failure_key
from services.identity.calculation.captcha import answer_digest
from services.identity.domain.session import FREE_FAILURES_OF_AN_ADDRESS
from tests.integration.identity.harness import ADMINISTRATOR_PASSWORD, Identity, bearer, identity_under_test, rule_of, unit

pytestmark = pytest.mark.filterwarnings("ignore:EdDSA is deprecated")

QUY_NHON: UnitRegisteredV1 = unit("21553", "Quy Nhơn", "Phường")
PASSWORD = "Mật khẩu 1 thử"


async def an_officer(identity: Identity, name: str = "canbo") -> UUID:
    await identity.has_units(QUY_NHON)
    return await identity.has_user(name, ("data_entry", QUY_NHON.unit_id))


async def test_somebody_signs_in_and_is_told_who_he_is(identity: Identity) -> None:
    user_id = await an_officer(identity)
    response = await identity.sign_in(" CanBo ", PASSWORD)
    body = response.json()
    assert body["expires_in"] == 300
    assert body["must_change_password"] is False
    assert body["user"] == {
        "id": str(user_id),
        "username": "canbo",
        "name": "Người canbo",
        "grants": [
            {
                "role": "data_entry",
                "role_word": "Cán bộ nhập liệu",
                "unit": {"id": str(QUY_NHON.unit_id), "code": "21553", "name": "Phường Quy Nhơn", "level": "commune"},
                "sectors": [],
            }
        ],
    }
    me = (await identity.http.get("/me", headers=bearer(response))).json()
    assert me["grants"] == body["user"]["grants"]


async def test_the_refresh_cookie_is_out_of_reach_of_scripts_and_other_sites(identity: Identity) -> None:
    cookie = (await identity.sign_in("quantri", ADMINISTRATOR_PASSWORD)).headers["set-cookie"]
    assert cookie.startswith("ktxh_refresh=")
    for part in ("HttpOnly", "SameSite=strict", "Path=/api/identity/sessions"):
        assert part in cookie
    assert "Secure" not in cookie


async def test_where_it_is_set_the_cookie_travels_encrypted_only(postgres_url: str) -> None:
    async with identity_under_test(postgres_url, cookie_secure=True) as identity:
        assert "Secure" in (await identity.sign_in("quantri", ADMINISTRATOR_PASSWORD)).headers["set-cookie"]


def without_correlation(response: httpx.Response) -> dict[str, Any]:
    return {key: value for key, value in response.json().items() if key != "correlation_id"}


async def test_account_and_password_are_not_told_apart(identity: Identity) -> None:
    user_id = await an_officer(identity)
    wrong_password = await identity.sign_in("canbo", "sai")
    wrong_name = await identity.sign_in("khongco", "sai")
    await identity.post(f"/users/{user_id}/disable")
    disabled = await identity.sign_in("canbo", PASSWORD)
    assert [response.status_code for response in (wrong_password, wrong_name, disabled)] == [401, 401, 401]
    assert rule_of(wrong_name) == "wrong-credentials"
    assert without_correlation(wrong_password) == without_correlation(wrong_name) == without_correlation(disabled)


async def test_an_unknown_account_takes_as_long_as_a_wrong_password(identity: Identity) -> None:
    async def fastest(names: list[str]) -> float:
        took = []
        for name in names:
            began = time.perf_counter()
            await identity.sign_in(name, "sai")
            took.append(time.perf_counter() - began)
        return min(took)

    for n in range(4):
        await identity.has_user(f"cothat{n}")
    known = await fastest([f"cothat{n}" for n in range(4)])
    unknown = await fastest([f"khongco{n}" for n in range(4)])
    assert 0.4 < unknown / known < 2.5


@pytest.mark.parametrize("name", ["quantri", "khongco"])
async def test_failures_slow_down_an_account_name_whether_it_exists_or_not(identity: Identity, name: str) -> None:
    answers = [await identity.sign_in(name, "sai") for _ in range(6)]
    assert [answer.status_code for answer in answers] == [401] * 5 + [429]
    assert rule_of(answers[5]) == "too-many-failures"
    assert answers[5].headers["retry-after"] == "60"
    right = await identity.sign_in(name, ADMINISTRATOR_PASSWORD)
    assert right.status_code == 429


async def test_after_the_wait_the_right_password_opens_again(identity: Identity) -> None:
    for _ in range(5):
        await identity.sign_in("quantri", "sai")
    identity.clock.advance(timedelta(seconds=61))
    assert (await identity.sign_in("quantri", ADMINISTRATOR_PASSWORD)).status_code == 200
    assert [(await identity.sign_in("quantri", "sai")).status_code for _ in range(5)] == [401] * 5


async def test_the_next_wait_is_longer(identity: Identity) -> None:
    for _ in range(5):
        await identity.sign_in("quantri", "sai")
    identity.clock.advance(timedelta(seconds=61))
    await identity.sign_in("quantri", "sai")
    assert (await identity.sign_in("quantri", "sai")).headers["retry-after"] == "120"


async def test_a_burst_of_guesses_gets_no_more_tries_than_a_row_of_them(identity: Identity) -> None:
    answers = await asyncio.gather(*(identity.sign_in("quantri", f"sai {n}") for n in range(20)))
    assert sorted(answer.status_code for answer in answers) == [401] * 5 + [429] * 15


async def test_signing_in_from_many_windows_at_once_is_no_failure(identity: Identity) -> None:
    answers = await asyncio.gather(*(identity.sign_in("quantri", ADMINISTRATOR_PASSWORD) for _ in range(12)))
    assert {answer.status_code for answer in answers} == {200}


async def test_an_address_is_slowed_only_after_very_many_failures_and_only_a_little(identity: Identity) -> None:
    desk = identity.app.state.desk
    key = _failure_key(desk, "address", "127.0.0.1")
    for _ in range(FREE_FAILURES_OF_AN_ADDRESS - 1):
        await _count_failure_of_address(desk, key)
    assert (await identity.sign_in("aido", "sai")).status_code == 401
    slowed = await identity.sign_in("quantri", ADMINISTRATOR_PASSWORD)
    assert (slowed.status_code, slowed.headers["retry-after"]) == (429, "5")
    identity.clock.advance(timedelta(seconds=5))
    assert (await identity.sign_in("quantri", ADMINISTRATOR_PASSWORD)).status_code == 200


async def test_what_is_no_sign_in_is_malformed(identity: Identity) -> None:
    for content in (b"{", b'{"username": 7}', b"{}", b'{"username":"a","password":"b","role":"administrator"}'):
        response = await identity.browser().post("/sessions", content=content, headers={"content-type": "application/json"})
        assert (response.status_code, rule_of(response)) == (422, "malformed"), content


async def test_a_changed_token_is_refused(identity: Identity) -> None:
    token = identity.administrator["Authorization"]
    changed = token[:-10] + ("A" if token[-10] != "A" else "B") + token[-9:]
    response = await identity.http.get("/me", headers={"Authorization": changed})
    assert (response.status_code, rule_of(response)) == (401, "not-signed-in")


# ------------------------------------------------------------------ captcha


async def solved(identity: Identity, browser: httpx.AsyncClient, *, answer: str = "k7x 3w", made: str = "K7X3W") -> dict[str, str]:
    """A captcha whose answer the test knows: a person reads it off the picture."""
    captcha = (await browser.post("/captcha")).json()
    kept = answer_digest(identity.settings.derived("identity-captcha"), captcha["id"], made)
    await identity.app.state.desk.pool.execute("UPDATE captcha SET digest = $2 WHERE captcha_id = $1", UUID(captcha["id"]), kept)
    return {"captcha_id": captcha["id"], "captcha_answer": answer}


async def test_a_captcha_is_asked_always_by_default(identity_with_captcha: Identity) -> None:
    browser = identity_with_captcha.browser()
    entry = {"username": "quantri", "password": ADMINISTRATOR_PASSWORD}
    missing = await browser.post("/sessions", json=entry)
    assert (missing.status_code, rule_of(missing)) == (409, "captcha-is-required")
    right = await browser.post("/sessions", json=entry | await solved(identity_with_captcha, browser))
    assert right.status_code == 200


async def test_a_wrong_code_is_said_plainly_and_does_not_count_as_a_wrong_password(identity_with_captcha: Identity) -> None:
    browser = identity_with_captcha.browser()
    entry = {"username": "quantri", "password": ADMINISTRATOR_PASSWORD}
    for _ in range(7):
        wrong = await browser.post("/sessions", json=entry | await solved(identity_with_captcha, browser, answer="22222"))
        assert (wrong.status_code, rule_of(wrong)) == (409, "wrong-captcha")
    assert "Mã kiểm tra" in wrong.json()["title"]
    assert (await browser.post("/sessions", json=entry | await solved(identity_with_captcha, browser))).status_code == 200


async def test_a_captcha_serves_once(identity_with_captcha: Identity) -> None:
    browser = identity_with_captcha.browser()
    entry = {"username": "quantri", "password": ADMINISTRATOR_PASSWORD} | await solved(identity_with_captcha, browser)
    assert (await browser.post("/sessions", json=entry)).status_code == 200
    assert rule_of(await browser.post("/sessions", json=entry)) == "wrong-captcha"


async def test_a_wrong_answer_uses_the_captcha_up(identity_with_captcha: Identity) -> None:
    browser = identity_with_captcha.browser()
    entry = {"username": "quantri", "password": ADMINISTRATOR_PASSWORD} | await solved(identity_with_captcha, browser)
    await browser.post("/sessions", json=entry | {"captcha_answer": "22222"})
    assert rule_of(await browser.post("/sessions", json=entry)) == "wrong-captcha"


async def test_a_captcha_runs_out_after_five_minutes(identity_with_captcha: Identity) -> None:
    browser = identity_with_captcha.browser()
    entry = {"username": "quantri", "password": ADMINISTRATOR_PASSWORD} | await solved(identity_with_captcha, browser)
    identity_with_captcha.clock.advance(timedelta(minutes=5, seconds=1))
    assert rule_of(await browser.post("/sessions", json=entry)) == "wrong-captcha"


async def test_a_captcha_can_be_seen_and_heard_and_its_answer_is_nowhere_in_sight(identity_with_captcha: Identity) -> None:
    browser = identity_with_captcha.browser()
    captcha = (await browser.post("/captcha")).json()
    assert captcha["image"].startswith("data:image/png;base64,")
    assert captcha["audio"].startswith("/api/identity/captcha/")
    heard = await browser.get(captcha["audio"].removeprefix("/api/identity"))
    assert heard.headers["content-type"] == "audio/wav"
    assert heard.content[:4] == b"RIFF"
    row = await identity_with_captcha.app.state.desk.pool.fetchrow("SELECT * FROM captcha")
    assert set(row.keys()) == {"captcha_id", "digest", "created_at"}
    assert len(row["digest"]) == 32


async def test_another_captchas_sound_is_not_played(identity_with_captcha: Identity) -> None:
    browser = identity_with_captcha.browser()
    one, other = (await browser.post("/captcha")).json(), (await browser.post("/captcha")).json()
    mixed = f"/captcha/{one['id']}/audio.wav?" + other["audio"].split("?", 1)[1]
    assert (await browser.get(mixed)).status_code == 404
    assert (await browser.get(f"/captcha/{one['id']}/audio.wav?spoken=%%%")).status_code == 404


async def test_scripted_players_with_a_services_token_go_without(identity_with_captcha: Identity) -> None:
    token = service_token(private_key(identity_with_captcha.settings, "templates"), "templates", identity_with_captcha.clock().timestamp())
    entry = {"username": "quantri", "password": ADMINISTRATOR_PASSWORD}
    response = await identity_with_captcha.browser().post("/sessions", json=entry, headers={"Authorization": f"Bearer {token}"})
    assert response.status_code == 200


async def test_by_setting_a_captcha_is_asked_only_after_failures(postgres_url: str) -> None:
    async with identity_under_test(postgres_url, captcha="after-failures") as identity:
        assert [rule_of(await identity.sign_in("aido", "sai")) for _ in range(3)] == ["wrong-credentials"] * 2 + ["captcha-is-required"]
        assert (await identity.sign_in("quantri", ADMINISTRATOR_PASSWORD)).status_code == 200


# ------------------------------------------------------------------ passwords


async def test_a_first_password_is_changed_before_anything_else(identity: Identity) -> None:
    await identity.has_units(QUY_NHON)
    made = await identity.post("/users", {"username": "moi", "name": "Người mới", "grants": []})
    first = made.json()["first_password"]
    signed_in = await identity.sign_in("moi", first)
    assert signed_in.json()["must_change_password"] is True
    refused = await identity.http.get("/units", headers=bearer(signed_in))
    assert (refused.status_code, rule_of(refused)) == (403, "password-change-is-due")
    changed = await identity.http.put("/me/password", json={"current": first, "new": "Lúa chín vàng 3 đồng"}, headers=bearer(signed_in))
    assert changed.json()["must_change_password"] is False
    assert (await identity.http.get("/units", headers=bearer(changed))).status_code == 200
    assert (await identity.http.get("/me", headers=bearer(signed_in))).status_code == 401
    assert (await identity.sign_in("moi", first)).status_code == 401
    assert (await identity.sign_in("moi", "Lúa chín vàng 3 đồng")).json()["must_change_password"] is False


async def test_a_password_is_changed_by_the_rule_or_not_at_all(identity: Identity) -> None:
    await identity.has_user("canbo", password="Con trâu đi cày 26")
    headers = await identity.as_user("canbo", "Con trâu đi cày 26")
    for current, new, rule in (
        ("sai", "Lúa chín vàng 3 đồng", "wrong-password"),
        ("Con trâu đi cày 26", "ngắn", "password-is-too-weak"),
        ("Con trâu đi cày 26", "Matkhau@123456", "password-is-common"),
        ("Con trâu đi cày 26", "Tôi là canbo 2026 đây", "password-holds-username"),
        ("Con trâu đi cày 26", "Con trâu đi cày 26", "password-is-the-old-one"),
    ):
        response = await identity.http.put("/me/password", json={"current": current, "new": new}, headers=headers)
        assert (response.status_code, rule_of(response)) == (422, rule)
    assert (await identity.http.get("/me", headers=headers)).status_code == 200


async def test_guessing_the_current_password_is_slowed_like_guessing_at_the_door(identity: Identity) -> None:
    await an_officer(identity)
    headers = await identity.as_user("canbo", PASSWORD)
    answers = [
        await identity.http.put("/me/password", json={"current": "sai", "new": "Lúa chín vàng 3 đồng"}, headers=headers) for _ in range(6)
    ]
    assert [answer.status_code for answer in answers] == [422] * 5 + [429]


async def test_a_changed_password_ends_other_sessions_and_keeps_this_one(identity: Identity) -> None:
    await an_officer(identity)
    here, there = identity.browser(), identity.browser()
    mine, other = await identity.sign_in("canbo", PASSWORD, here), await identity.sign_in("canbo", PASSWORD, there)
    changed = await here.put("/me/password", json={"current": PASSWORD, "new": "Lúa chín vàng 3 đồng"}, headers=bearer(mine))
    assert (await there.get("/me", headers=bearer(other))).status_code == 401
    assert (await there.post("/sessions/refresh")).status_code == 401
    assert (await here.get("/me", headers=bearer(changed))).status_code == 200
    assert (await here.post("/sessions/refresh")).status_code == 200


async def test_i_may_change_my_name_and_nothing_about_it_is_published(identity: Identity) -> None:
    await an_officer(identity)
    headers = await identity.as_user("canbo", PASSWORD)
    before = await identity.app.state.desk.pool.fetchval("SELECT count(*) FROM event")
    response = await identity.http.put("/me", json={"name": "Nguyễn Thị Ánh", "phone": "0912 345 678"}, headers=headers)
    me = (await identity.http.get("/me", headers=headers)).json()
    assert response.status_code == 204
    assert (me["name"], me["phone"], me["language"]) == ("Nguyễn Thị Ánh", "0912 345 678", "vi")
    assert await identity.app.state.desk.pool.fetchval("SELECT count(*) FROM event") == before
