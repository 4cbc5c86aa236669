"""Identity at work, on a database of its own for each test."""

from collections.abc import AsyncIterator

import pytest

from tests.integration.identity.harness import Identity, identity_under_test


@pytest.fixture
async def identity(postgres_url: str) -> AsyncIterator[Identity]:
    async with identity_under_test(postgres_url) as running:
        yield running


@pytest.fixture
async def identity_with_captcha(postgres_url: str) -> AsyncIterator[Identity]:
    async with identity_under_test(postgres_url, captcha="always") as running:
        yield running
