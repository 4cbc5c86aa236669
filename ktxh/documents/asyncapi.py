"""AsyncAPI 3.0 of the bus: a channel per publisher, one for departments, and every message in its CloudEvents envelope."""

from typing import Any

import msgspec

from contracts.registry import ALL, LISTENERS, Contract
from kernel.message import Envelope
from kernel.service import VERSION

from .schemas import meaning

NAMESPACE = "ktxh"
BINDING = "0.3.0"

ENVELOPE_WORDS = {
    "id": "Of the event; a logged decision keeps the id that its decision had",
    "source": "`/ktxh/<publisher>`; with `id` it names the message",
    "subject": "What it is about: `report/<id>`, `unit/<id>`, `template/<code>` …; messages about one subject keep their order",
    "time": "When it happened, UTC",
    "data": "The payload",
    "streamversion": "Version of the stream after this event",
    "sector": "Sector, `system` where there is none",
    "province": "Code of the province, `-` where there is none",
    "unit": "Code of the unit, `-` where there is none",
    "actor": "Opaque id of a user, or a service's name",
    "correlationid": "The same in everything that one request causes",
    "causationid": "Id of the message that caused this event",
    "released": "Whether departments receive it; decided at append",
    "ledgerseq": "Gapless number in the publisher's ledger",
    "globalseq": "The same number, in submissions' log only: the order of a report's life",
    "sectorseq": "Gapless number among the released events of the sector",
    "eventhash": "SHA-256 of the entry, chained to the one before, in hex",
    "traceparent": "W3C trace context",
}


def asyncapi() -> dict[str, Any]:
    schemas, components = msgspec.json.schema_components([contract.payload for contract in ALL], ref_template="#/components/schemas/{name}")
    payloads = {contract.type: schema for contract, schema in zip(ALL, schemas, strict=True)}
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "KTXH events",
            "version": VERSION,
            "description": "What the five services tell each other, and what departments receive. At least once, in the publisher's"
            " order per queue; `ledgerseq` shows duplicates and gaps, and each publisher's `GET /log` heals them.",
            "license": {"name": "MIT"},
        },
        "defaultContentType": "application/cloudevents+json",
        "servers": {
            "broker": {
                "host": "{host}",
                "protocol": "amqp",
                "protocolVersion": "0.9.1",
                "description": "RabbitMQ 3.10 or newer",
                "variables": {"host": {"default": "127.0.0.1:5672", "description": "Host and port of the broker"}},
            }
        },
        "channels": {**{publisher: _channel(publisher) for publisher in LISTENERS}, "departments": _departments()},
        "operations": _operations(),
        "components": {
            "messages": {contract.type: _message(contract, payloads[contract.type]) for contract in ALL},
            "schemas": {"CloudEvent": _envelope(), **components},
        },
    }


def _exchange(name: str) -> dict[str, Any]:
    exchange = {"name": name, "type": "topic", "durable": True, "autoDelete": False, "vhost": "/"}
    return {"amqp": {"is": "routingKey", "exchange": exchange, "bindingVersion": BINDING}}


def _messages(contracts: list[Contract]) -> dict[str, Any]:
    return {contract.type: {"$ref": f"#/components/messages/{contract.type}"} for contract in contracts}


def _channel(publisher: str) -> dict[str, Any]:
    address = f"{NAMESPACE}.internal.{publisher}"
    return {
        "address": address,
        "title": f"What {publisher} says",
        "description": "Routing key `<sector>.<province>.<unit>.<event>.v<n>`, and a sixth word, `internal`, unless it was released.",
        "messages": _messages([contract for contract in ALL if contract.publisher == publisher]),
        "bindings": _exchange(address),
    }


def _departments() -> dict[str, Any]:
    address = f"{NAMESPACE}.events"
    return {
        "address": address,
        "title": "What departments receive",
        "description": "The released events of submissions' log: keys of five words. A department's queue is declared and bound for it.",
        "messages": _messages([contract for contract in ALL if contract.released]),
        "bindings": _exchange(address),
    }


def _operations() -> dict[str, Any]:
    says = {f"{publisher}.says": _operation("send", publisher, f"{publisher} publishes its ledger, in order") for publisher in LISTENERS}
    hears = {
        f"{listener}.hears.{publisher}": _operation(
            "receive", publisher, f"{listener} reads its queue `{NAMESPACE}.{listener}.{publisher}`"
        )
        for publisher, listeners in LISTENERS.items()
        for listener in listeners
    }
    return {**says, **hears, "department.hears": _operation("receive", "departments", "A department reads the queue declared for it")}


def _operation(action: str, channel: str, summary: str) -> dict[str, Any]:
    binding: dict[str, Any] = {"deliveryMode": 2, "mandatory": True} if action == "send" else {"ack": True}
    return {
        "action": action,
        "channel": {"$ref": f"#/channels/{channel}"},
        "summary": summary,
        "bindings": {"amqp": {**binding, "bindingVersion": BINDING}},
    }


def _message(contract: Contract, payload: Any) -> dict[str, Any]:
    said = {"type": {"const": contract.type}, "source": {"const": f"/ktxh/{contract.publisher}"}, "data": payload}
    return {
        "name": contract.type,
        "title": contract.payload.__name__,
        "summary": meaning(contract),
        "contentType": "application/cloudevents+json",
        "payload": {"allOf": [{"$ref": "#/components/schemas/CloudEvent"}, {"type": "object", "properties": said}]},
        "bindings": {"amqp": {"contentEncoding": "UTF-8", "messageType": contract.type, "bindingVersion": BINDING}},
    }


def _envelope() -> dict[str, Any]:
    envelope = msgspec.json.schema(Envelope)["$defs"]["Envelope"]
    described = {
        name: {**schema, "description": ENVELOPE_WORDS[name]} if name in ENVELOPE_WORDS else schema
        for name, schema in envelope["properties"].items()
    }
    described["specversion"] = {"const": "1.0"}
    required = [*envelope["required"], "specversion"]
    return {**envelope, "title": "CloudEvent", "properties": described, "required": required}
