"""approvals at work, in a province that it knows."""

from collections.abc import AsyncIterator

import pytest

from services.approvals.main import create_app
from tests.integration.harness import service_under_test

from .month import Month


@pytest.fixture
async def month(postgres_url: str) -> AsyncIterator[Month]:
    async with service_under_test(create_app, "approvals", postgres_url) as service:
        known = Month(service)
        await known.knows_units()
        await known.knows_the_form()
        yield known
