"""Aggregation on a database of its own, with submissions' log played."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import httpx
import pytest

from kernel.testing import FakeClock, eventually
from services.aggregation.main import create_app
from tests.integration.aggregation.played_log import PlayedLog, unit_id
from tests.integration.harness import ServiceUnderTest, service_under_test

OFFICE = ("compiler", "Văn phòng")


@dataclass
class Aggregation:
    """The service, and the log that it hears."""

    service: ServiceUnderTest
    log: PlayedLog

    async def hear(self) -> None:
        """What has been said since the last time has been taken in when this returns, and nothing of it was parked."""
        await self.service.runtime.inboxes["submissions"].receive(self.log.new())
        parked = await self.service.runtime.pool.fetch("SELECT type, reason FROM parked WHERE ended_at IS NULL")
        assert not parked, [tuple(row) for row in parked]

    def as_(self, role: str, unit: str, **more: Any) -> dict[str, str]:
        return self.service.as_user((role, unit_id(unit)), **more)

    async def get(self, path: str, who: tuple[str, str] = OFFICE, **params: Any) -> httpx.Response:
        return await self.service.client.get(path, params=params, headers=self.as_(*who))

    async def rollup(self, template: str, period: str, unit: str, who: tuple[str, str] = ("compiler", "Văn phòng"), **params: Any) -> Any:
        """The rollup's answer; its cells as canonical strings where they are numbers."""
        response = await self.get(f"/rollups/{template}/{period}/{unit_id(unit)}", who, **params)
        assert response.status_code == 200, response.text
        return response.json()

    async def numbers(self, template: str, period: str, unit: str, **params: Any) -> dict[str, str]:
        """Cell → number, `-` for nil, or the reason why it is missing."""
        answer = await self.rollup(template, period, unit, **params)
        return {cell: shown(words["value"]) for cell, words in answer["cells"].items()}

    async def state(self, report: UUID) -> str:
        generation = await self.service.runtime.pool.fetchval("SELECT generation FROM live")
        return str(await self.service.runtime.pool.fetchval(f"SELECT state FROM g{generation}.report WHERE id = $1", report))


def shown(value: dict[str, Any]) -> str:
    if value.get("nil"):
        return "-"
    return str(value.get("number") or value.get("text") or f"missing: {value.get('missing')}")


async def listening(service: ServiceUnderTest, log: PlayedLog) -> Aggregation:
    """The service, caught up with an empty log: from now on it hears what it is told, in the batches in which it is told."""

    async def is_caught_up() -> bool:
        return not await service.runtime.lacking()

    await eventually(is_caught_up)
    service.publishers["submissions"] = log
    return Aggregation(service, log)


@pytest.fixture
async def aggregation(postgres_url: str) -> AsyncIterator[Aggregation]:
    log = PlayedLog()
    clock = FakeClock(datetime(2026, 4, 30, 1, 0, tzinfo=UTC))
    async with service_under_test(create_app, "aggregation", postgres_url, clock) as service:
        yield await listening(service, log)
