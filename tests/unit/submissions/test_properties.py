"""What holds of any history: order of disjoint cells, replay, hashes, proofs."""

from collections.abc import Sequence
from decimal import Decimal
from itertools import pairwise
from typing import Any
from uuid import UUID, uuid4

import msgspec
from hypothesis import given, strategies

from kernel.event_store import Recorded
from kernel.sequencer import entry_hash
from kernel.sheet.model import NIL, Value
from kernel.testing import A_MOMENT, Scenario
from services.submissions import commands
from services.submissions.calculation import merkle
from services.submissions.calculation.figures import hash_of
from services.submissions.domain import REPORTS, Report
from services.submissions.domain.evolving import labels
from services.submissions.events import TYPES
from services.submissions.publishing import publish
from tests.unit.submissions.stories import COLLEAGUE, IN_STATE, OFFICER, assign, decision, granted, play, submit

CELLS = tuple(f"row{n}.month" for n in range(6))
numbers = strategies.integers(0, 10**15 - 1).map(lambda n: Value(number=Decimal(n)))
values = strategies.one_of(numbers, strategies.just(NIL), strategies.just(Value()), strategies.just(Value(missing="not-collected")))
sheets = strategies.dictionaries(strategies.sampled_from(CELLS), values, max_size=6)


@given(sheets, strategies.permutations(CELLS), strategies.integers(0, 6))
def test_disjoint_cells_typed_on_one_version_merge_in_any_order(cells: dict[str, Value], order: Sequence[str], cut: int) -> None:
    mine = {key: cells[key] for key in order[:cut] if key in cells}
    theirs = {key: cells[key] for key in order[cut:] if key in cells}
    report = play(assign())
    first, second = commands.EnterValues(mine, 1, OFFICER), commands.EnterValues(theirs, 1, COLLEAGUE)
    one, other = play(first, second, start=report), play(second, first, start=report)
    assert one.cells == other.cells == {key: value for key, value in cells.items() if not value.is_blank}


def _next(draw: Any, report: Report) -> Any:
    """Something that somebody may ask for or decide now; it may well be refused."""
    kind = draw(strategies.sampled_from(["enter", "submit", "assign", "cancel", "close", "drop", "grant", "move", *commands_of_approvals]))
    match kind:
        case "enter":
            return commands.EnterValues(draw(sheets), report.version, draw(strategies.sampled_from([OFFICER, COLLEAGUE])))
        case "submit":
            return submit(report)
        case "assign":
            return assign(assignment_id=uuid4())
        case "cancel":
            return commands.Cancel(uuid4(), "x")
        case "close":
            return commands.Close(uuid4())
        case "drop":
            return commands.DropCorrection(OFFICER)
        case "grant":
            return granted(report)
        case "move":
            version = draw(strategies.integers(1, 3))
            return commands.Move(version, commands.Reshaping(frozenset(CELLS[:4])))
        case _:
            return decision(kind, report, last=draw(strategies.booleans()))


commands_of_approvals = ("send", "reject", "verify", "approve", "return", "withdraw")


@given(strategies.data())
def test_replay_of_what_was_stored_is_what_was_live(data: Any) -> None:
    """Through encoding and decoding, and with every event publishable and labelled."""
    live, stored = REPORTS.initial, list[tuple[str, int, bytes]]()
    for step in range(data.draw(strategies.integers(1, 15))):
        command = assign() if step == 0 else _next(data.draw, live)
        for event in Scenario(REPORTS, live).when(command).happened:
            stored.append((event.TYPE, event.VERSION, TYPES.encode(event)))
            _is_publishable(event, live)
            live = REPORTS.evolve(live, event)
    assert REPORTS.fold([TYPES.decode(*one) for one in stored]) == live
    assert live.version == len(stored)
    assert live.moved_at <= live.version
    assert all(not value.is_blank for value in live.cells.values())


def _is_publishable(event: Any, before: Report) -> None:
    found = labels(before, event)
    recorded = Recorded(uuid4(), "report/x", before.version + 1, A_MOMENT, OFFICER, "c", "", found, event)
    type_, payload = publish(recorded)
    assert type_ == f"vn.ktxh.{event.TYPE}.v1"
    assert msgspec.json.decode(msgspec.json.encode(payload), type=type(payload)) == payload


def test_every_stored_type_has_a_contract() -> None:
    from contracts.registry import BY_TYPE
    from services.submissions.publishing import _CONTRACTS

    assert set(_CONTRACTS) == set(TYPES.by_name.values())
    assert all(f"vn.ktxh.{name}.v1" in BY_TYPE for name in TYPES.by_name)


@given(strategies.dictionaries(strategies.sampled_from(CELLS), numbers, min_size=1), strategies.sampled_from(CELLS))
def test_the_hash_names_the_figures_and_not_their_order(figures: dict[str, Value], other: str) -> None:
    backwards = dict(reversed(figures.items()))
    assert hash_of(figures) == hash_of(backwards)
    assert hash_of(figures) != hash_of({**figures, other: Value(text="khác")})


@given(strategies.lists(strategies.binary(min_size=32, max_size=32), min_size=1, max_size=70), strategies.data())
def test_any_entry_is_proved_by_its_path_and_no_other_is(entries: list[bytes], data: Any) -> None:
    index = data.draw(strategies.integers(0, len(entries) - 1))
    leaves = [merkle.leaf(entry) for entry in entries]
    root, path = merkle.root_of(leaves), merkle.path_to(leaves, index)
    assert merkle.proves(entries[index], path, root)
    assert root == _by_the_book(entries)
    assert not merkle.proves(bytes(32) if entries[index] != bytes(32) else b"\x01" * 32, path, root)


def _by_the_book(entries: Sequence[bytes]) -> bytes:
    """RFC 6962, section 2.1, as it is written there."""
    if len(entries) == 1:
        return merkle.leaf(entries[0])
    split = 1
    while split * 2 < len(entries):
        split *= 2
    return merkle.parent(_by_the_book(entries[:split]), _by_the_book(entries[split:]))


@given(strategies.integers(1, 300), strategies.integers(1, 5).map(lambda n: 2**n))
def test_a_tree_of_tiles_is_the_tree_of_its_leaves(count: int, tile: int) -> None:
    leaves = [merkle.leaf(n.to_bytes(2, "big")) for n in range(count)]
    tiles = [merkle.root_of(leaves[start : start + tile]) for start in range(0, count, tile)]
    assert merkle.root_of(tiles) == merkle.root_of(leaves)


@given(
    strategies.binary(min_size=32, max_size=32),
    strategies.integers(1, 10**12),
    strategies.uuids(),
    strategies.text(min_size=1, max_size=300),
    strategies.integers(1, 10**6),
)
def test_verifying_hashes_an_entry_as_sequencing_does(previous: bytes, seq: int, event_id: UUID, stream: str, version: int) -> None:
    entry = (previous, seq, event_id.bytes, stream, version, "values_entered", previous)
    assert merkle.hash_of_entry(*entry) == entry_hash(*entry)


def test_states_are_told_apart() -> None:
    assert all(one.state != other.state for one, other in pairwise(IN_STATE.values()))
