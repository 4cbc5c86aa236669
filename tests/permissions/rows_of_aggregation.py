"""Rows of aggregation: figures for who has the node in scope, releases by the office, the public without a login, rebuilds by operators."""

from typing import Any

from .asking import Ask, MakeAsk, ask
from .filling import release
from .places import BIRTHS_CELL, HEALTH_FORM, OWN, PERIODS, PROVINCE
from .province import Province
from .rows_of_operating import operating
from .table import (
    ABOVE,
    ANYONE,
    BELOW_OR_STRANGE,
    OPERATOR,
    PEOPLE,
    READERS,
    SEEING,
    STRANGERS,
    Service,
)

TABLE = Service("aggregation")
row = TABLE.row
APPROVED = PERIODS["approved"]
RELEASE = {
    "template": HEALTH_FORM,
    "columns": ["month"],
    "level": "commune",
    "period": APPROVED,
    "source": "Sở Y tế",
    "licence": "CC BY 4.0",
}


def _node(unit: Any, **query: str) -> MakeAsk:
    return lambda province: ask(template=HEALTH_FORM, period=APPROVED, unit=unit, query=query)


def _query(unit: Any, name: str = "unit", **query: str) -> MakeAsk:
    return lambda province: Ask(query={"template": HEALTH_FORM, name: str(unit), **query}, named=str(unit))


async def _new_release(province: Province) -> Ask:
    return ask(id=await release(province), body={})


OVER_TIME = {"row": "births", "column": "month", "from": PERIODS["asked"], "to": APPROVED}

for case, unit, may, unseen in (("of the commune", OWN, SEEING, STRANGERS), ("of the province", PROVINCE, ABOVE, BELOW_OR_STRANGE)):
    row("GET /rollups/{template}/{period}/{unit}", may, unseen, _node(unit), case=case)
    row("GET /rollups/{template}/{period}/{unit}/lineage", may, unseen, _node(unit, cell=BIRTHS_CELL), case=case)
    row("GET /series", may, unseen, _query(unit, **OVER_TIME), case=case)
    row("GET /compare", may, unseen, _query(unit, "parent", period=APPROVED, cell=BIRTHS_CELL), case=case)
    row("GET /exports/rollup.xlsx", may, unseen, _query(unit, period=APPROVED), case=case)
row("GET /rollups/{template}/{period}/{unit}", SEEING, STRANGERS, _node(OWN, lens="sent"), case="sent figures")
row(
    "GET /exports/report.xlsx",
    SEEING,
    STRANGERS,
    lambda it: Ask(query={"report": str(it.reports["approved"])}, named=str(it.reports["approved"])),
)
row(
    "GET /progress",
    f"{SEEING} other_department.*",  # which has the unit in sight, though none of these reports
    "other_commune.* elsewhere.*",
    lambda it: Ask(query={"unit": str(OWN)}, named=str(OWN)),
    case="of the commune",
)
row("GET /progress", READERS)
row("GET /dashboard", READERS)
row("GET /notifications", PEOPLE)
row("POST /notifications/read", PEOPLE, asks=lambda it: ask(body={}))
row("GET /stream", READERS)

row("POST /releases", "office.compiler elsewhere.compiler", asks=lambda it: ask(body=RELEASE), case="each office of its own province")
row("GET /releases", "*.compiler *.executive")
row("GET /public/releases", ANYONE)
row("GET /public/releases/{id}", ANYONE, asks=lambda it: ask(id=it.made["release"]))
row("GET /public/releases/{id}/data.{format}", ANYONE, asks=lambda it: ask(format="csv", id=it.made["release"]))

row("POST /releases/{id}/withdraw", "office.compiler", "elsewhere.compiler", _new_release)

row("POST /rebuilds", OPERATOR, asks=lambda it: ask(body={"verify": True}), well=(202, 409))
row("GET /rebuilds", OPERATOR)
row("GET /rebuilds/{id}", OPERATOR, asks=lambda it: ask(id=it.made["rebuild"]))
row("POST /rebuilds/{id}/cancel", OPERATOR, asks=lambda it: ask(id=it.made["rebuild"]))
row("POST /rebuilds/{id}/rollback", OPERATOR, asks=lambda it: ask(id=it.made["rebuild"]), case="nothing to go back to", well=(409,))
operating(TABLE)
