"""The stored figures of a node at the head of the log, where nothing about them is held back; otherwise the facts have to be asked."""

from uuid import UUID

from contracts.templates import TemplateV1

from ..projections import formulas, stored
from .look import Look


async def at_head(look: Look, code: str, period: str, node: UUID, lens: int) -> stored.NodeFigures | None:
    """None where no report of this form and period is added up there, or a policy of it or of its sources may hold figures back."""
    found = await formulas.forms(look.connection, look.memory, [(code, period)])
    template = found.get((code, period))
    if template is None or await may_hold(look, template, period):
        return None
    figures = await stored.read(look.connection, look.memory, look.generation, found, [node], [lens])
    return figures.get((code, period, node, lens))


async def may_hold(look: Look, template: TemplateV1, period: str) -> bool:
    """Whether this form, or one that its carried cells come from at any distance, holds figures back."""
    waiting, seen = {template.code}, set[str]()
    newest = {
        row["code"]: row["version"]
        for row in await look.connection.fetch("SELECT code, max(version) AS version FROM template GROUP BY code")
    }
    while waiting:
        code = waiting.pop()
        seen.add(code)
        form = template if code == template.code else await look.template(code, newest[code])
        if form.policy.mode == "hold":
            return True
        sources = {column.carried.source for column in form.sheet.columns if column.carried is not None and column.carried.source}
        waiting |= {source for source in sources if source in newest and source not in seen}
    return False
