"""The only write path: load, decide, append and project in one transaction. Holds no rule of its own."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from .decider import Decider
from .errors import IdempotencyKeyReused, Rejected
from .event_store import AlreadyAppended, Conflict, Context, EventStore, Interrupted, Recorded, UnitOfWork

S = TypeVar("S")
C = TypeVar("C")

Project = Callable[[Any, Sequence[Recorded], Any], Awaitable[None]]
"""Writes what happened into tables: (connection, recorded events, state after them). Same transaction."""

ATTEMPTS = 3


@dataclass(frozen=True)
class Outcome:
    """What a command did: the state after it, the stream's version, and the events, which are none if all was so already."""

    state: Any
    version: int
    events: tuple[Recorded, ...] = ()
    is_repeat: bool = False


async def handle(
    store: EventStore,
    decider: Decider[Any, Any],
    stream_id: str,
    command: Any,
    context: Context,
    *,
    project: Project | None = None,
    strict: bool = False,
) -> Outcome:
    """Runs one command in a transaction of its own.

    A conflict is decided again, up to three times; a `strict` command never: its rule compares versions itself and
    the caller sees Conflict. Raises Rejected when a rule is broken, Interrupted when the database undid it three
    times; then nothing has changed.
    """
    attempt = 1
    while True:
        try:
            async with store.begin() as work:
                return await handle_in(work, store, decider, stream_id, command, context, project=project)
        except AlreadyAppended as repeated:
            return await _answer_from_stored(store, decider, stream_id, repeated, context)
        except (Conflict, Interrupted) as failure:
            if attempt == ATTEMPTS or (strict and isinstance(failure, Conflict)):
                raise
            attempt += 1


@dataclass(frozen=True)
class Prepared:
    """What `handle_prepared` runs: a decider and a command that hold what was read under the stream's lock."""

    decider: Decider[Any, Any]
    command: Any
    project: Project | None = None


async def handle_prepared(
    store: EventStore, stream_id: str, prepare: Callable[[UnitOfWork], Awaitable[Prepared]], context: Context
) -> Outcome:
    """Like `handle`, for a command that depends on rows: `prepare` reads them in the transaction, under the stream's lock."""
    prepared: Prepared | None = None
    attempt = 1
    while True:
        try:
            async with store.begin() as work:
                await work.lock([stream_id])
                prepared = await prepare(work)
                return await handle_in(work, store, prepared.decider, stream_id, prepared.command, context, project=prepared.project)
        except AlreadyAppended as repeated:
            assert prepared is not None
            return await _answer_from_stored(store, prepared.decider, stream_id, repeated, context)
        except Interrupted:
            if attempt == ATTEMPTS:
                raise
            attempt += 1


async def handle_in(
    work: UnitOfWork,
    store: EventStore,
    decider: Decider[Any, Any],
    stream_id: str,
    command: Any,
    context: Context,
    *,
    project: Project | None = None,
) -> Outcome:
    """Runs one command inside a transaction that the caller holds (a reaction, or several streams at once)."""
    version, state = await load_state(work, store, decider, stream_id)
    try:
        events = list(decider.decide(command, state))
    except Rejected:
        await _check_is_no_repeat(work, decider, stream_id, context)
        raise
    if not events:
        await _check_is_no_repeat(work, decider, stream_id, context)
        return Outcome(state, version)
    labelled = []
    for event in events:
        labelled.append((event, decider.labels(state, event)))
        state = decider.evolve(state, event)
    recorded = await work.append(stream_id, version, labelled, context)
    version += len(recorded)
    work.states[stream_id] = (version, state)
    if project is not None:
        await project(work.connection, recorded, state)
    return Outcome(state, version, tuple(recorded))


async def _check_is_no_repeat(work: UnitOfWork, decider: Decider[Any, Any], stream_id: str, context: Context) -> None:
    """What is refused now, or changes nothing, may be a request that was granted before: then its answer is given again.

    A repeat that would be granted once more is met at append, by its event id; so only these cases need to look for it.
    """
    if context.is_repeatable:
        first = await work.find(context.event_id(stream_id, 0), decider.types)
        if first is not None:
            raise AlreadyAppended(first.event_id)


async def load_state(work: UnitOfWork, store: EventStore, decider: Decider[S, Any], stream_id: str) -> tuple[int, S]:
    """(version, state) of a stream now: what is remembered of it, and what has been appended since."""
    folded = work.states.get(stream_id)
    if folded is not None and work.holds(stream_id):
        return folded
    version, state = folded or store.remembered(stream_id) or (0, decider.initial)
    newer = await work.load(stream_id, decider.types, after=version)
    if newer:
        state = decider.fold([recorded.event for recorded in newer], state)
        version = newer[-1].version
    work.states[stream_id] = (version, state)
    return version, state


async def _answer_from_stored(
    store: EventStore, decider: Decider[Any, Any], stream_id: str, repeated: AlreadyAppended, context: Context
) -> Outcome:
    """What the first attempt was answered: its events, and the state and version right after them, whatever came since."""
    async with store.begin() as work:
        first = await work.find(repeated.event_id, decider.types)
        if first is None or first.stream_id != stream_id or first.request_hash != context.request_hash:
            raise IdempotencyKeyReused()
        stream = await work.load(stream_id, decider.types)
    until = first.version
    while until < len(stream) and stream[until].event_id == context.event_id(stream_id, until + 1 - first.version):
        until += 1
    state = decider.fold([recorded.event for recorded in stream[:until]])
    return Outcome(state, until, tuple(stream[first.version - 1 : until]), is_repeat=True)
