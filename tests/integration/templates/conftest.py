"""The province at work, on a database of its own for each test; its clock ticks only when a test says so."""

from collections.abc import AsyncIterator

import pytest

from tests.integration.templates.province import Province, province_at_work


@pytest.fixture
async def province(postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Province]:
    monkeypatch.setenv("KTXH_TEMPLATES_CLOCK_SECONDS", "86400")
    async with province_at_work(postgres_url) as one:
        yield one
