"""Rows of identity: anybody signs in, everybody reads the units, administrators keep units and users, a leader resets his own officers."""

import io
from uuid import uuid4

import openpyxl

from . import places
from .asking import Ask, ask
from .places import HEIR, OWN, SPARE
from .province import PASSWORD, Province
from .rows_of_operating import operating
from .table import ADMINISTRATOR, ANYONE, MACHINES, PEOPLE, SERVICES, Service

TABLE = Service("identity")
row = TABLE.row
FIRST = "newcomer"


async def _list_of_first_passwords(province: Province) -> Ask:
    made = await province.post("system.administrator", f"identity/users/{province.made['to_change']}/reset-password", {})
    return ask(kind="html", batch=made["batch"])


def _users_sheet(province: Province) -> Ask:
    book = openpyxl.Workbook()
    page = book.worksheets[0]
    page.append(["Tên đăng nhập", "Họ tên", "Mã đơn vị", "Vai trò", "Lĩnh vực"])
    page.append([f"thu.{uuid4().hex[:8]}", "Người thử", "21550", "Cán bộ nhập liệu", ""])
    written = io.BytesIO()
    book.save(written)
    return ask(file=written.getvalue(), query={"dry_run": "true"})


def _new_user(province: Province) -> Ask:
    grants = [{"role": "data_entry", "unit_id": str(OWN)}]
    return ask(body={"username": f"thu.{uuid4().hex[:8]}", "name": "Người thử", "grants": grants, "password": PASSWORD})


def _weights(province: Province) -> Ask:
    weights = [{"from_unit": str(places.ENDED), "to_unit": str(to), "weight": share} for to, share in ((SPARE, "0.4"), (HEIR, "0.6"))]
    return ask(reorganisation_id=province.made["reorganisation"], body={"weights": weights})


def _reorganisation(province: Province) -> Ask:
    successions = [{"from_unit": str(places.MERGED), "to_unit": str(HEIR), "whole": True}]
    body = {"effective_on": "2026-04-02", "legal_document": "Nghị quyết thử", "ended": [str(places.MERGED)]}
    return ask(body={**body, "successions": successions})


def _unit(province: Province) -> Ask:
    facts = {"name": "Thử Bốn", "level": "commune", "kind": "Xã", "valid_from": "2025-07-01", "parent_id": str(places.PROVINCE)}
    return ask(body={"unit_id": str(places.unit_id("52904")), "code": "52904", "province_code": "52", **facts})


def _client(province: Province) -> Ask:
    return ask(body={"name": "Kho dữ liệu", "unit_id": str(places.HEALTH), "sectors": ["health"]})


row("POST /captcha", ANYONE)
row(
    "GET /captcha/{captcha_id}/audio.wav",
    ANYONE,
    asks=lambda it: ask(captcha_id=it.made["captcha"], query={"spoken": it.made["spoken"]}),
)
row("POST /sessions", ANYONE, asks=lambda it: ask(body={"username": "system.operator", "password": PASSWORD}))
row("POST /sessions/refresh", ANYONE, asks=lambda it: Ask(cookie=it.made["cookie of system.operator"]))
row("DELETE /sessions/current", ANYONE, asks=lambda it: Ask())
row("GET /me", f"{PEOPLE} {FIRST}")
row("PUT /me", PEOPLE, asks=lambda it: ask(body={"name": "Nguyễn Thị A"}))
row(
    "PUT /me/password",
    f"{PEOPLE} {FIRST}",
    asks=lambda it: ask(body={"current": "không phải", "new": "Lúa chín vàng 3 đồng"}),
    case="with a wrong one",
    well=(422,),
)

row("GET /units", f"{PEOPLE} {MACHINES}")
row("GET /units/{unit_id}", f"{PEOPLE} {MACHINES}", asks=lambda it: ask(unit_id=OWN))
row("GET /sectors", f"{PEOPLE} {MACHINES}")
row("GET /unit-changes", f"{PEOPLE} {MACHINES}")
row("POST /units", ADMINISTRATOR, asks=_unit)
row("POST /units/import", ADMINISTRATOR, asks=lambda it: ask(body={"units": [places.as_json(places.UNITS[4])]}))
row(
    "PUT /units/{unit_id}",
    ADMINISTRATOR,
    asks=lambda it: ask(unit_id=SPARE, body={"changed_on": "2026-04-09", "name": "Thử Một Mới", "legal_document": "Nghị quyết thử"}),
)
row("POST /unit-changes", ADMINISTRATOR, asks=_reorganisation)
row("PUT /unit-changes/{reorganisation_id}/weights", ADMINISTRATOR, asks=_weights)

row("GET /users/names", f"{PEOPLE} {SERVICES}", asks=lambda it: ask(query={"ids": it.users["commune.leader"]}))
row("GET /users", f"{ADMINISTRATOR} *.leader")
row("GET /users/first-passwords/{batch}.{kind}", f"{ADMINISTRATOR} *.leader", asks=_list_of_first_passwords, case="for who has its address")
row("POST /users", ADMINISTRATOR, asks=_new_user)
row("POST /users/generate", ADMINISTRATOR, asks=lambda it: ask(body={"level": "commune", "roles": ["leader"], "units": [str(OWN)]}))
row("POST /users/import", ADMINISTRATOR, asks=_users_sheet)
row("PUT /users/{user_id}", ADMINISTRATOR, asks=lambda it: ask(user_id=it.made["to_change"], body={"name": "Người thử hai"}))
row("POST /users/{user_id}/disable", ADMINISTRATOR, asks=lambda it: ask(user_id=it.made["to_change"], body={}))
row("POST /users/{user_id}/enable", ADMINISTRATOR, asks=lambda it: ask(user_id=it.made["to_change"], body={}))
row(
    "POST /users/{user_id}/reset-password",
    f"{ADMINISTRATOR} commune.leader",
    "*.leader",
    lambda it: ask(user_id=it.made["to_reset"], body={}),
    case="of an officer",
)
row(
    "POST /users/{user_id}/reset-password",
    ADMINISTRATOR,
    "other_*.leader department.leader office.leader elsewhere.leader",
    lambda it: ask(user_id=it.made["a leader"], body={}),
    case="of a leader",
)

row("POST /clients", ADMINISTRATOR, asks=_client)
row("GET /clients", ADMINISTRATOR)
row("POST /clients/{client_id}/revoke", ADMINISTRATOR, asks=lambda it: ask(client_id=it.made["client"], body={}))
row("GET /.well-known/jwks.json", ANYONE)
row("POST /keys/rotate", ADMINISTRATOR)
operating(TABLE)
