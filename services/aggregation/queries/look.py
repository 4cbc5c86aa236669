"""A look at the figures: one snapshot of the live generation, at the head of the log or at an earlier point. Writes nothing."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from fastapi import Request

from contracts.templates import TemplateV1
from kernel.calendar import NotAPeriod, end_of_day, parse_period, today
from kernel.errors import Malformed, NotFound, NotReady
from kernel.tree import Tree
from kernel.vietnamese import LOCAL_TIME
from kernel.web import now_of

from ..projections import formulas, generation
from ..projections.memory import Memory

_HEAD = "SELECT coalesce((SELECT last_seq FROM public.inbox WHERE publisher = 'submissions'), 0)"


class InTheFuture(Malformed):
    title = "Thời điểm cần xem nằm ở tương lai"


@dataclass
class Look:
    """`head`: the last seq that is in the figures. `tree` is today's."""

    connection: Any
    memory: Memory
    generation: int
    head: int
    now: datetime
    tree: Tree

    async def template(self, code: str, version: int) -> TemplateV1:
        found = await self.memory.template(self.connection, code, version)
        if found is None:
            raise NotFound("Không có biểu mẫu này")
        return found

    async def newest(self, code: str) -> TemplateV1:
        """The form as it was last published. Raises NotFound."""
        version = await self.connection.fetchval("SELECT max(version) FROM template WHERE code = $1", code)
        if version is None:
            raise NotFound("Không có biểu mẫu này")
        return await self.template(code, version)

    async def form(self, code: str, period: str) -> TemplateV1:
        """The form that is in use in that period, else the newest. Raises NotFound, Malformed."""
        known_period(period)
        found = await formulas.forms(self.connection, self.memory, [(code, period)])
        return found[code, period] if found else await self.newest(code)


def known_period(period: str) -> str:
    try:
        return parse_period(period).id
    except NotAPeriod as failure:
        raise Malformed(str(failure), field="period") from failure


@asynccontextmanager
async def looking(request: Request) -> AsyncIterator[Look]:
    """One consistent snapshot: whatever is swapped or applied meanwhile, this look doesn't see it."""
    memory: Memory = request.app.state.memory
    pool = request.app.state.runtime.pool
    async with pool.acquire() as connection, connection.transaction(isolation="repeatable_read", readonly=True):
        number = await generation.enter_live(connection)
        head = int(await connection.fetchval(_HEAD))
        yield Look(connection, memory, number, head, now_of(request), await memory.tree(connection))


async def point_of(look: Look, as_of: str | None, request: Request) -> int:
    """The seq that `as_of` names: a seq, a moment (ISO 8601) or a day, which ends at 24:00 in Việt Nam. The head, without one.

    Raises NotReady beyond what is projected, InTheFuture and Malformed.
    """
    if as_of is None or not as_of.strip():
        return look.head
    text = as_of.strip()
    if re.fullmatch(r"[0-9]{1,18}", text):
        seq = int(text)
        if seq > look.head:
            raise NotReady("Số liệu chưa cập nhật đến vị trí này của nhật ký", seq=look.head)
        return seq
    if text == today(look.now).isoformat():
        return look.head  # the day isn't over
    moment = _moment(text)
    if moment > look.now:
        raise InTheFuture(as_of=text)
    lacking = await request.app.state.runtime.lacking()
    if any("submissions" in what for what in lacking):
        raise NotReady("Số liệu đang được cập nhật", seq=look.head)
    found = await look.connection.fetchval("SELECT seq FROM moment WHERE at <= $1 ORDER BY at DESC, seq DESC LIMIT 1", moment)
    return int(found or 0)


def _moment(text: str) -> datetime:
    try:
        if re.fullmatch(r"\d{4}-\d{2}-\d{2}", text):
            return end_of_day(date.fromisoformat(text))
        moment = datetime.fromisoformat(text.replace(" ", "+"))
    except ValueError as failure:
        raise Malformed("as_of là số thứ tự trong nhật ký, thời điểm hoặc ngày (ISO 8601)", field="as_of") from failure
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=LOCAL_TIME)
