"""Other departments' systems, over HTTP."""

import pytest

from kernel.event_store import uuid7
from kernel.testing import EventSpy, eventually
from tests.integration.identity.harness import HEALTH, Identity, bearer, rule_of, with_units

pytestmark = pytest.mark.filterwarnings("ignore:EdDSA is deprecated")


async def a_client(identity: Identity) -> dict[str, str]:
    response = await identity.post("/clients", {"name": "Kho dữ liệu", "unit_id": str(HEALTH.unit_id), "sectors": ["health"]})
    assert response.status_code == 201, response.text
    return {"client_id": response.json()["client_id"], "client_secret": response.json()["client_secret"]}


async def test_a_departments_system_exchanges_its_secret_for_a_token_of_its_sectors(identity: Identity) -> None:
    await with_units(identity)
    credentials = await a_client(identity)
    response = await identity.browser().post("/sessions", json=credentials)
    assert (response.json()["expires_in"], response.json()["sectors"]) == (300, ["health"])
    assert "set-cookie" not in response.headers
    principal = await identity.app.state.tokens.principal(response.json()["access_token"])
    assert (principal.kind, principal.sectors, principal.id) == ("subscriber", ("health",), credentials["client_id"])
    assert (await identity.http.get("/me", headers=bearer(response))).status_code == 403
    assert (await identity.http.get("/units", headers=bearer(response))).status_code == 200


async def test_a_wrong_secret_and_an_unknown_system_are_not_told_apart(identity: Identity) -> None:
    await with_units(identity)
    credentials = await a_client(identity)
    wrong = await identity.browser().post("/sessions", json=credentials | {"client_secret": "sai"})
    unknown = await identity.browser().post("/sessions", json=credentials | {"client_id": str(uuid7())})
    assert [(one.status_code, rule_of(one)) for one in (wrong, unknown)] == [(401, "wrong-credentials")] * 2


async def test_a_revoked_system_is_out_at_once_and_every_service_hears_of_it(identity: Identity) -> None:
    await with_units(identity)
    credentials = await a_client(identity)
    response = await identity.browser().post("/sessions", json=credentials)
    assert (await identity.post(f"/clients/{credentials['client_id']}/revoke")).status_code == 200
    assert (await identity.http.get("/units", headers=bearer(response))).status_code == 401
    assert (await identity.browser().post("/sessions", json=credentials)).status_code == 401
    (listed,) = (await identity.get("/clients")).json()["items"]
    assert listed["revoked_at"] is not None
    assert "secret" not in " ".join(listed)
    spy = EventSpy(identity.app.state.runtime.ledger)
    (said,) = await eventually(lambda: spy.messages("vn.ktxh.identity.user_disabled.v1"))
    assert said.subject == f"user/{credentials['client_id']}"
    assert (await identity.post(f"/clients/{uuid7()}/revoke")).status_code == 404
