"""A published event as CloudEvents 1.0 structured JSON, and how its bytes are made and read. Knows no transport."""

import re
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import msgspec

from .canonical import canonical_json
from .decider import Labels


class Envelope(msgspec.Struct, frozen=True):
    """What every message says around its payload; `data` is left undecoded until somebody wants it."""

    id: UUID
    source: str
    type: str
    subject: str
    time: datetime
    data: msgspec.Raw
    streamversion: int
    sector: str
    province: str
    unit: str
    actor: str
    correlationid: str
    released: bool
    ledgerseq: int
    causationid: str = ""
    globalseq: int | None = None
    sectorseq: int | None = None
    eventhash: str = ""
    traceparent: str = ""
    specversion: str = "1.0"
    datacontenttype: str = "application/json"

    @property
    def publisher(self) -> str:
        return self.source.rsplit("/", 1)[-1]


_TRACE = re.compile(r"[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}", re.ASCII)
_envelope = msgspec.json.Decoder(Envelope)


def read_envelope(body: bytes) -> Envelope:
    """The envelope of a message. Raises msgspec.ValidationError for anything that is none."""
    return _envelope.decode(body)


def traceparent(header: str) -> str:
    """The W3C trace context as sent along; anything else is left out, as it goes into messages unescaped."""
    return header if _TRACE.fullmatch(header) else ""


def canonical_message(
    *,
    event_id: UUID,
    publisher: str,
    type: str,
    stream_id: str,
    stream_version: int,
    occurred_at: datetime,
    labels: Labels,
    actor: str,
    correlation_id: str,
    causation_id: str,
    payload: Any,
) -> bytes:
    """RFC 8785 bytes of the message without sequence numbers, hash and trace: what is hashed, stored and sent."""
    message = {
        "specversion": "1.0",
        "datacontenttype": "application/json",
        "id": str(event_id),
        "source": f"/ktxh/{publisher}",
        "type": type,
        "subject": labels.subject or stream_id,
        "time": occurred_at.astimezone(UTC).isoformat().replace("+00:00", "Z"),
        "streamversion": stream_version,
        "sector": labels.sector,
        "province": labels.province,
        "unit": labels.unit,
        "released": labels.released,
        "actor": actor,
        "correlationid": correlation_id,
        "data": msgspec.to_builtins(payload),
    }
    if causation_id:
        message["causationid"] = causation_id
    return canonical_json(message)


def sequenced(canonical: bytes, *, seq: int, sector_seq: int | None, event_hash: bytes | None, trace: str) -> bytes:
    """The message as it travels: the canonical bytes with the publisher's numbers spliced in before the closing brace."""
    extra = f',"ledgerseq":{seq}'
    if event_hash is not None:
        extra += f',"globalseq":{seq},"eventhash":"{event_hash.hex()}"'
    if sector_seq is not None:
        extra += f',"sectorseq":{sector_seq}'
    if traceparent(trace):
        extra += f',"traceparent":"{trace}"'
    return canonical[:-1] + extra.encode() + b"}"


def routing_key(type: str, labels: Labels) -> str:
    """`<sector>.<province>.<unit>.<event>.v<n>`, and a sixth word, `internal`, unless it was released."""
    *_, event, version = type.split(".")
    words = [labels.sector, labels.province or "-", labels.unit or "-", event, version]
    return ".".join(words if labels.released else [*words, "internal"])
