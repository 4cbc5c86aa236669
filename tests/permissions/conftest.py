"""One running system per file of tests, so that each pays for it once."""

from collections.abc import AsyncIterator

import pytest_asyncio

from .drafting import COLLEAGUE, Drafted, colleague, draft
from .filling import fill
from .province import Province, running_system, settle_in


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def settled(postgres_url: str) -> AsyncIterator[Province]:
    """Units, people and forms are there; nothing is assigned."""
    async with running_system(postgres_url) as province:
        await settle_in(province)
        yield province


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def filled_province(settled: Province) -> Province:
    """And there is a report in every state."""
    await fill(settled)
    return settled


@pytest_asyncio.fixture(loop_scope="module")
async def drafted(settled: Province) -> Drafted:
    """A month that nobody has been asked for yet, with two figures in it."""
    if COLLEAGUE not in settled.tokens:
        await colleague(settled)
    return await draft(settled)
