"""Which generation of figures is live. Readers and the consumer ask at the start of their transaction; nobody else names a schema."""

from typing import Any

_LIVE = "SELECT generation, set_config('search_path', 'g' || generation || ',public', true) FROM public.live"

# Locked first and named then: who has waited for a swap must find the generation that it made live.
_HELD = """
WITH held AS MATERIALIZED (SELECT generation FROM public.live FOR SHARE)
SELECT generation, set_config('search_path', 'g' || generation || ',public', true) FROM held
"""


async def enter_live(connection: Any) -> int:
    """The live generation's number; unqualified table names mean its tables until the transaction ends."""
    row = await connection.fetchrow(_LIVE)
    return int(row["generation"])


async def hold_live(connection: Any) -> int:
    """The same, for who writes to it: until the transaction ends no other becomes live."""
    row = await connection.fetchrow(_HELD)
    return int(row["generation"])


async def enter(connection: Any, generation: int) -> None:
    """Unqualified table names mean this generation's until the transaction ends."""
    await connection.execute(f"SET LOCAL search_path TO g{int(generation)}, public")


async def create(connection: Any, *, indexed: bool) -> int:
    """An empty generation; not live."""
    number = int(await connection.fetchval("INSERT INTO public.generation DEFAULT VALUES RETURNING number"))
    await connection.execute("SELECT public.create_generation($1)", number)
    if indexed:
        await connection.execute("SELECT public.index_generation($1)", number)
    return number


async def drop(connection: Any, generation: int) -> None:
    """Removes a generation that is neither live nor kept for rollback."""
    await connection.execute(f"DROP SCHEMA IF EXISTS g{int(generation)} CASCADE")
    await connection.execute("UPDATE public.generation SET dropped_at = clock_timestamp() WHERE number = $1", generation)


async def ensure_live(pool: Any) -> None:
    """The first generation of a new service."""
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute("SELECT pg_advisory_xact_lock(hashtext('generation'))")
        if await connection.fetchval("SELECT generation FROM public.live") is None:
            number = await create(connection, indexed=True)
            await connection.execute("INSERT INTO public.live (generation) VALUES ($1)", number)
