"""JSON Schema 2020-12 of every contract, by msgspec, and which changes of one break those who read it."""

from collections.abc import Iterator
from typing import Any

import msgspec

from contracts.registry import ALL, Contract

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def contract_schemas() -> dict[str, dict[str, Any]]:
    """CloudEvents type → schema of its payload, complete in itself."""
    return {contract.type: _schema(contract) for contract in ALL}


def _schema(contract: Contract) -> dict[str, Any]:
    generated = msgspec.json.schema(contract.payload)
    definitions = generated["$defs"]
    main = definitions.pop(contract.payload.__name__)
    head = {"$schema": DIALECT, "$id": f"urn:ktxh:{contract.type}", "title": contract.payload.__name__, "description": meaning(contract)}
    return {**head, **{key: value for key, value in main.items() if key not in head}, **({"$defs": definitions} if definitions else {})}


def meaning(contract: Contract) -> str:
    """What the event says: its payload's own docstring."""
    return " ".join((contract.payload.__dict__.get("__doc__") or "").split())


def incompatibilities(old: dict[str, Any], new: dict[str, Any]) -> Iterator[str]:
    """Fields that were removed, changed or newly demanded, words that were taken from a closed list."""
    yield from _differences("", old, new, old.get("$defs", {}), new.get("$defs", {}), frozenset())


Definitions = dict[str, Any]


def _differences(at: str, old: Any, new: Any, olds: Definitions, news: Definitions, seen: frozenset[str]) -> Iterator[str]:
    if "$ref" in old and old["$ref"] in seen:
        return  # a shape within itself, compared already
    seen = seen | {old["$ref"]} if "$ref" in old else seen
    old, new = _resolved(old, olds), _resolved(new, news)
    for key in ("type", "format", "contentEncoding", "const", "pattern"):
        if old.get(key) != new.get(key):
            yield f"{at or 'payload'}: {key} was {old.get(key)!r}, is {new.get(key)!r}"
    for word in old.get("enum", ()):
        if word not in new.get("enum", ()):
            yield f"{at}: {word!r} was taken from its words"
    if "enum" in new and "enum" not in old:
        yield f"{at}: has become a closed list"
    yield from _of_alternatives(at, old, new, olds, news, seen)
    yield from _of_fields(at, old, new, olds, news, seen)
    for key in ("items", "additionalProperties"):
        before, after = old.get(key), new.get(key)
        if isinstance(before, dict) and isinstance(after, dict):
            yield from _differences(f"{at}[]", before, after, olds, news, seen)
        elif before != after:
            yield f"{at or 'payload'}: {key} has changed"


def _of_fields(at: str, old: Any, new: Any, olds: Definitions, news: Definitions, seen: frozenset[str]) -> Iterator[str]:
    before, after = old.get("properties", {}), new.get("properties", {})
    for name, schema in before.items():
        if name not in after:
            yield f"{at}.{name}: was removed".lstrip(".")
        else:
            yield from _differences(f"{at}.{name}".lstrip("."), schema, after[name], olds, news, seen)
    demanded_before, demanded_now = set(old.get("required", ())), set(new.get("required", ()))
    for name in sorted(demanded_now - demanded_before):
        yield f"{at}.{name}: is demanded and was not".lstrip(".")
    for name in sorted((demanded_before - demanded_now) & set(after)):
        yield f"{at}.{name}: was always there, may be missing now".lstrip(".")


def _of_alternatives(at: str, old: Any, new: Any, olds: Definitions, news: Definitions, seen: frozenset[str]) -> Iterator[str]:
    before, after = old.get("anyOf"), new.get("anyOf")
    if before is None and after is None:
        return
    if before is None or after is None or len(before) != len(after):
        yield f"{at}: its alternatives have changed"
        return
    for one, other in zip(before, after, strict=True):
        yield from _differences(at, one, other, olds, news, seen)


def _resolved(schema: Any, definitions: Definitions) -> Any:
    return definitions[schema["$ref"].rpartition("/")[2]] if "$ref" in schema else schema
