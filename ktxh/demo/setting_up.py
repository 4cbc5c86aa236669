"""What has to be there before the month begins: units, accounts, indicators, published forms, earlier figures. All through the APIs."""

import asyncio
from collections.abc import Sequence
from typing import Any

import msgspec

from ..client import Person
from ..registering import as_registered
from .forms import Form, all_forms, indicators
from .history import HistoryRow, history, source_periods, source_plans
from .province import PASSWORD, Province
from .telling import Telling

HISTORY_CHUNK = 20_000


async def set_up(province: Province, forms: Sequence[Form], period: str, seed: int, telling: Telling) -> None:
    """Everything, in the order in which a province would do it."""
    with telling.step("Đơn vị", len(province.units)) as progress:
        await register_units(province)
        progress(len(province.units))
    with telling.step("Tài khoản", len(province.units) * 3) as progress:
        await make_accounts(province, progress)
    with telling.step("Biểu mẫu", len(all_forms())) as progress:
        await publish_forms(province, progress)
    with telling.step("Số liệu kỳ trước", 0) as progress:
        await import_history(province, forms, period, seed, progress)


async def register_units(province: Province) -> None:
    ids = {unit.code: unit.unit_id for unit in province.units}
    units = [msgspec.to_builtins(as_registered(unit, ids)) for unit in province.units]
    await province.administrator.post("identity/units/import", {"units": units})


async def make_accounts(province: Province, progress: Any) -> None:
    """Three accounts for each unit by the rule, assigning officers for the departments, one provincial leader, one operator."""
    wanted = (
        ("commune", ["data_entry", "leader", "verifier"]),
        ("department", ["data_entry", "leader", "verifier", "compiler"]),
        ("office", ["data_entry", "leader", "verifier", "compiler"]),
    )
    for level, roles in wanted:
        made = await province.administrator.post("identity/users/generate", {"level": level, "roles": roles, "password": PASSWORD})
        for account in made["created"]:
            province.accounts[account["role"], account["unit_code"]] = account["username"]
        progress(len(made["created"]))
    for name, role in (("lanhdaotinh", "executive"), ("vanhanh", "operator")):
        grants = [{"role": role, "unit_id": str(province.office.unit_id if role == "operator" else province.root.unit_id), "sectors": []}]
        await province.administrator.post("identity/users", {"username": name, "name": name, "grants": grants, "password": PASSWORD})
    await everybody_has_heard(province)


async def publish_forms(province: Province, progress: Any) -> None:
    office = province.person("compiler", province.office)
    await office.post("templates/indicators", {"indicators": msgspec.to_builtins(indicators())})
    waiting = list(all_forms())
    while waiting:  # a form that carries from another is published after it
        ready = [form for form in waiting if not sources_of(form) & {other.code for other in waiting} - {form.code}]
        for form in ready:
            await publish(province.person("compiler", province.owner_of(form.owner_sector)), form, province)
            waiting.remove(form)
            progress(1)


def sources_of(form: Form) -> set[str]:
    return {column.carried.source for column in form.sheet.columns if column.carried is not None and column.carried.source}


async def publish(owner: Person, form: Form, province: Province) -> None:
    template = msgspec.to_builtins(form.published(province.owner_of(form.owner_sector).unit_id))
    await owner.post("templates/templates", {"template": template})
    await owner.post(f"templates/templates/{form.code}/publish")


async def import_history(province: Province, forms: Sequence[Form], period: str, seed: int, progress: Any) -> None:
    """Earlier periods, and the plans, as approved, with their source."""
    await everybody_has_heard(province)
    rows: list[HistoryRow] = []
    for form, earlier in _wanted(forms, period):
        for unit in province.communes:
            rows.extend(history(form, unit.code, [earlier], seed))
            if len(rows) >= HISTORY_CHUNK:
                await _send_history(province, rows)
                progress(len(rows))
                rows = []
    if rows:
        await _send_history(province, rows)
        progress(len(rows))
    await everybody_has_heard(province)


def _wanted(forms: Sequence[Form], period: str) -> list[tuple[Form, str]]:
    """Which earlier reports of which forms the carried columns of `forms` lead to, oldest first."""
    named = {form.code: form for form in all_forms()}
    wanted = {(one, form.code) for form in forms for one in source_periods(form, period)}
    wanted |= {(year, code) for form in forms for code, year in source_plans(form, period)}
    return [(named[code], one) for one, code in sorted(wanted)]


async def _send_history(province: Province, rows: list[HistoryRow]) -> None:
    answer = await province.person("compiler", province.office).post("submissions/history", {"rows": [row._asdict() for row in rows]})
    if answer.get("errors"):
        raise RuntimeError(f"earlier figures were refused: {answer['errors'][:3]}")


async def everybody_has_heard(province: Province) -> None:
    """Waits until every service has taken in all that the others have said so far."""
    names = ("identity", "templates", "submissions", "approvals", "aggregation")
    while True:
        statuses = {name: await province.operator.get(f"{name}/status") for name in names}
        behind = [
            (name, publisher)
            for name, status in statuses.items()
            for publisher, seq in status["inboxes"].items()
            if seq < statuses[publisher]["head"] or statuses[publisher]["unsequenced"]
        ]
        if not behind:
            return
        await asyncio.sleep(0.05)
