"""The province at work, on a database of its own for each test."""

from collections.abc import AsyncIterator

import pytest

from tests.integration.templates.province import Province, province_at_work


@pytest.fixture
async def province(postgres_url: str) -> AsyncIterator[Province]:
    async with province_at_work(postgres_url) as one:
        yield one
