"""Submissions on a real database, the other services played."""

from collections.abc import AsyncIterator

import pytest_asyncio

from services.submissions.main import create_app
from tests.integration.harness import service_under_test
from tests.integration.submissions.world import World


@pytest_asyncio.fixture
async def world(postgres_url: str) -> AsyncIterator[World]:
    """The province and the form are known; nothing is assigned yet."""
    async with service_under_test(create_app, "submissions", postgres_url) as service:
        made = World(service)
        await made.prepare()
        yield made
