"""Messages: CloudEvents 1.0 in structured JSON, as anybody's library reads them."""

import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from uuid import UUID, uuid4

import msgspec
import pytest
import rfc8785
from cloudevents.core.formats.json import JSONFormat
from hypothesis import given
from hypothesis import strategies as st

from kernel.decider import Labels
from kernel.message import canonical_message, read_envelope, routing_key, sequenced, traceparent

TRACE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
MOMENT = datetime(2026, 4, 10, 8, 30, 15, 250_000, tzinfo=timezone(timedelta(hours=7)))


def message(event_id: UUID, labels: Labels, payload: Any, correlation: str = "c-1", causation: str = "") -> bytes:
    return canonical_message(
        event_id=event_id,
        publisher="submissions",
        type="vn.ktxh.report_sent.v1",
        stream_id="report/1",
        stream_version=4,
        occurred_at=MOMENT,
        labels=labels,
        actor="an",
        correlation_id=correlation,
        causation_id=causation,
        payload=payload,
    )


RELEASED = Labels("health", "52", "00001", released=True)


def test_the_official_library_reads_the_envelope() -> None:
    event_id = uuid4()
    canonical = message(event_id, RELEASED, {"name": "Gia Lai", "n": [1, None]}, causation="x")
    body = sequenced(canonical, seq=7, sector_seq=3, event_hash=b"\x01" * 32, trace=TRACE)
    event = JSONFormat().read(None, body)
    attributes = event.get_attributes()
    assert (event.get_id(), event.get_source(), event.get_type()) == (str(event_id), "/ktxh/submissions", "vn.ktxh.report_sent.v1")
    assert (event.get_subject(), event.get_datacontenttype()) == ("report/1", "application/json")
    assert event.get_time() == MOMENT
    assert event.get_data() == {"name": "Gia Lai", "n": [1, None]}
    extensions = {"ledgerseq": 7, "globalseq": 7, "sectorseq": 3, "streamversion": 4, "sector": "health", "unit": "00001"}
    assert {name: attributes[name] for name in extensions} == extensions
    assert (attributes["correlationid"], attributes["causationid"], attributes["eventhash"]) == ("c-1", "x", "01" * 32)
    assert attributes["traceparent"] == TRACE


@given(
    correlation=st.text(),
    actor_unit=st.text(max_size=10),
    payload=st.dictionaries(st.text(st.characters(max_codepoint=127)), st.text(st.characters(exclude_categories=["Cs"]))),
    seq=st.integers(1, 2**53),
    sector_seq=st.none() | st.integers(1, 2**53),
    event_hash=st.none() | st.binary(min_size=32, max_size=32),
    trace=st.text() | st.just(TRACE),
)
def test_whatever_people_send_along_the_message_stays_readable_and_its_data_unchanged(
    correlation: str, actor_unit: str, payload: Any, seq: int, sector_seq: int | None, event_hash: bytes | None, trace: str
) -> None:
    """What can't be encoded at all never gets into a message."""
    try:
        canonical = message(uuid4(), Labels("health", "52", actor_unit), payload, correlation)
    except TypeError:
        assert any("\ud800" <= letter <= "\udfff" for letter in correlation + actor_unit)
        return
    body = sequenced(canonical, seq=seq, sector_seq=sector_seq, event_hash=event_hash, trace=trace)
    envelope = read_envelope(body)
    assert (envelope.ledgerseq, envelope.sectorseq, envelope.correlationid) == (seq, sector_seq, correlation)
    assert msgspec.json.decode(envelope.data) == payload
    assert JSONFormat().read(None, body).get_data() == payload


def test_what_is_stored_and_hashed_is_canonical() -> None:
    canonical = message(uuid4(), RELEASED, {"b": 1, "a": {"z": "ô", "y": "0.10"}})
    assert canonical == rfc8785.dumps(json.loads(canonical))


def test_the_numbers_of_the_ledger_are_no_part_of_what_is_hashed() -> None:
    canonical = message(uuid4(), RELEASED, {})
    body = sequenced(canonical, seq=7, sector_seq=None, event_hash=None, trace="")
    without = {name: value for name, value in json.loads(body).items() if name != "ledgerseq"}
    assert without == json.loads(canonical)


def test_the_moment_is_said_in_utc() -> None:
    assert read_envelope(
        sequenced(message(uuid4(), RELEASED, {}), seq=1, sector_seq=None, event_hash=None, trace="")
    ).time == MOMENT.astimezone(UTC)
    assert b'"time":"2026-04-10T01:30:15.250000Z"' in message(uuid4(), RELEASED, {})


def test_the_publisher_is_the_last_word_of_the_source() -> None:
    body = sequenced(message(uuid4(), RELEASED, {}), seq=1, sector_seq=None, event_hash=None, trace="")
    assert read_envelope(body).publisher == "submissions"


@pytest.mark.parametrize("body", [b"", b"{}", b"null", b"[]", b"\xff", b'{"id":"x"}', b'{"ledgerseq":"7"}'])
def test_what_is_no_envelope_is_refused(body: bytes) -> None:
    with pytest.raises(msgspec.MsgspecError):
        read_envelope(body)


def test_a_released_event_has_a_key_of_five_words_and_any_other_a_sixth() -> None:
    assert routing_key("vn.ktxh.report_sent.v1", RELEASED) == "health.52.00001.report_sent.v1"
    assert routing_key("vn.ktxh.values_entered.v1", Labels("health", "52", "00001")) == "health.52.00001.values_entered.v1.internal"
    assert routing_key("vn.ktxh.identity.user_changed.v2", Labels(province="", unit="")) == "system.-.-.user_changed.v2.internal"


@pytest.mark.parametrize("header", ["", "x", TRACE + "0", TRACE.upper(), '","released":true,"x":"', TRACE[:-1] + '"', TRACE[:-2] + "٠١"])
def test_a_trace_that_is_none_is_left_out(header: str) -> None:
    assert traceparent(header) == ""
    assert traceparent(TRACE) == TRACE
