"""Generated documents are those of the code, and say what they should: schemas, AsyncAPI, the catalogue, OpenAPI."""

import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import msgspec
import orjson
import pytest
from jsonschema import Draft7Validator, Draft202012Validator

from contracts.registry import ALL, BY_TYPE, LISTENERS, Contract
from kernel.message import Envelope
from ktxh.documents import API, ROOT, SCHEMAS, breaks, documents
from ktxh.documents.schemas import contract_schemas, incompatibilities
from tests.contracts.samples import sample

ASYNCAPI = Path(__file__).parent / "asyncapi-3.0.0.json"
METHODS = {"get", "put", "post", "delete", "patch"}


@cache
def generated() -> dict[Path, bytes]:
    return documents()


def read(path: Path) -> Any:
    return orjson.loads(generated()[path])


def refs(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        for key, value in node.items():
            if key == "$ref" and isinstance(value, str):
                yield value
            else:
                yield from refs(value)
    elif isinstance(node, list):
        for value in node:
            yield from refs(value)


# ------------------------------------------------------------------ drift


@pytest.mark.parametrize("path", sorted(documents()), ids=str)
def test_what_is_committed_is_what_the_code_generates(path: Path) -> None:
    """Else: `ktxh openapi`."""
    assert (ROOT / path).exists(), f"{path} is missing; run `ktxh openapi`"
    assert (ROOT / path).read_bytes() == generated()[path], f"{path} has drifted; run `ktxh openapi`"


def test_nothing_is_committed_that_the_code_generates_no_more() -> None:
    present = {file.relative_to(ROOT) for folder in (SCHEMAS, API) for file in (ROOT / folder).glob("*.json")}
    assert present == {path for path in generated() if path.suffix == ".json"}


# ------------------------------------------------------------------ contracts


@pytest.mark.parametrize("contract", ALL, ids=lambda contract: contract.type)
def test_every_contract_has_a_schema_that_says_what_it_is(contract: Contract) -> None:
    schema = read(SCHEMAS / f"{contract.type}.json")
    Draft202012Validator.check_schema(schema)
    assert schema["$id"] == f"urn:ktxh:{contract.type}"
    assert schema["title"] == contract.payload.__name__
    assert schema["description"] == " ".join((contract.payload.__dict__["__doc__"] or "").split())
    assert "base class for defining" not in schema["description"]
    whole = json.loads(msgspec.json.encode(sample(contract.payload)))
    Draft202012Validator(schema).validate(whole)


@pytest.mark.parametrize("contract", ALL, ids=lambda contract: contract.type)
def test_a_schema_refuses_what_the_reader_would_refuse(contract: Contract) -> None:
    schema = contract_schemas()[contract.type]
    whole = json.loads(msgspec.json.encode(sample(contract.payload)))
    for name in schema["required"]:
        lacking = {key: value for key, value in whole.items() if key != name}
        assert not Draft202012Validator(schema).is_valid(lacking)
        with pytest.raises(msgspec.ValidationError):
            msgspec.json.decode(json.dumps(lacking), type=contract.payload)


def test_a_type_names_its_publisher_its_event_and_its_version() -> None:
    assert len(BY_TYPE) == len(ALL)
    for contract in ALL:
        words = contract.type.split(".")
        assert words[:2] == ["vn", "ktxh"]
        assert words[2:-2] == ([] if contract.publisher == "submissions" else [contract.publisher])
        assert words[-1] == "v1"
        assert contract.publisher in LISTENERS
        assert not contract.released or contract.publisher == "submissions"


def test_no_contract_has_room_for_a_persons_name_or_for_free_text() -> None:
    """Reasons, notes and texts are digests; people are ids (design §10)."""
    forbidden = {"username", "full_name", "phone", "email", "password", "comment"}
    for name, schema in contract_schemas().items():
        for definition in (schema, *schema.get("$defs", {}).values()):
            assert not forbidden & set(definition.get("properties", {})), name


# ------------------------------------------------------------------ compatibility


def test_nothing_committed_is_broken_for_its_readers() -> None:
    assert list(breaks()) == []


OLD: dict[str, Any] = {
    "type": "object",
    "properties": {
        "a": {"type": "string"},
        "b": {"type": "integer", "default": 0},
        "c": {"enum": ["x", "y"]},
        "d": {"type": "array", "items": {"$ref": "#/$defs/D"}},
        "e": {"anyOf": [{"type": "string"}, {"type": "null"}]},
    },
    "required": ["a", "c"],
    "$defs": {"D": {"type": "object", "properties": {"k": {"type": "string", "format": "date"}}, "required": ["k"]}},
}


def changed(*path: Any, to: Any = None) -> dict[str, Any]:
    """OLD with one place changed, or removed."""
    new: dict[str, Any] = json.loads(json.dumps(OLD))
    place = new
    for key in path[:-1]:
        place = place[key]
    if to is None:
        del place[path[-1]]
    else:
        place[path[-1]] = to
    return new


@pytest.mark.parametrize(
    "new",
    [
        changed("properties", "b"),
        changed("properties", "a", to={"type": "integer"}),
        changed("properties", "a", to={"type": "string", "format": "uuid"}),
        changed("required", to=["a", "b", "c"]),
        changed("required", to=["a"]),
        changed("properties", "c", to={"enum": ["x"]}),
        changed("properties", "a", to={"type": "string", "enum": ["x"]}),
        changed("$defs", "D", "properties", "k", to={"type": "string"}),
        changed("$defs", "D", "properties", "k"),
        changed("$defs", "D", "required", to=[]),
        changed("properties", "e", to={"type": "string"}),
        changed("properties", "e", to={"anyOf": [{"type": "integer"}, {"type": "null"}]}),
        changed("properties", "d", to={"type": "object"}),
        {**changed("properties", "f", to={"type": "string"}), "required": ["a", "c", "f"]},
    ],
    ids=[
        "a field removed",
        "a field of another type",
        "a text that has become an id",
        "a field demanded that was not",
        "a field that may be missing and was always there",
        "a word taken away",
        "a text that has become a closed list",
        "a date that has become a text, deep down",
        "a field removed, deep down",
        "a field that may be missing, deep down",
        "nothing that may not be null any more",
        "another alternative",
        "a list that has become an object",
        "a new field that is demanded",
    ],
)
def test_a_change_that_breaks_readers_is_told(new: dict[str, Any]) -> None:
    assert list(incompatibilities(OLD, new))


@pytest.mark.parametrize(
    "new",
    [
        OLD,
        changed("properties", "f", to={"type": "string", "default": ""}),
        changed("properties", "c", to={"enum": ["x", "y", "z"]}),
        changed("properties", "a", to={"type": "string", "description": "said better"}),
    ],
    ids=["none", "a new field with a default", "a new word", "a better description"],
)
def test_a_change_that_breaks_nobody_is_free(new: dict[str, Any]) -> None:
    assert list(incompatibilities(OLD, new)) == []


# ------------------------------------------------------------------ AsyncAPI and the catalogue


def test_asyncapi_is_valid() -> None:
    validator = Draft7Validator(json.loads(ASYNCAPI.read_bytes()))
    document = read(API / "asyncapi.json")
    assert list(validator.iter_errors(document)) == []
    document["operations"]["identity.says"]["action"] = "shout"
    assert list(validator.iter_errors(document))


def test_every_reference_in_asyncapi_leads_somewhere() -> None:
    document = read(API / "asyncapi.json")
    for ref in refs(document):
        place = document
        for part in ref.removeprefix("#/").split("/"):
            place = place[part]
        assert place


def test_asyncapi_names_every_publisher_listener_and_message() -> None:
    document = read(API / "asyncapi.json")
    assert set(document["components"]["messages"]) == set(BY_TYPE)
    for publisher, listeners in LISTENERS.items():
        channel = document["channels"][publisher]
        assert channel["address"] == channel["bindings"]["amqp"]["exchange"]["name"] == f"ktxh.internal.{publisher}"
        assert set(channel["messages"]) == {contract.type for contract in ALL if contract.publisher == publisher}
        assert {f"{publisher}.says", *(f"{one}.hears.{publisher}" for one in listeners)} <= set(document["operations"])
    assert set(document["channels"]["departments"]["messages"]) == {contract.type for contract in ALL if contract.released}


def test_the_envelope_in_asyncapi_is_the_one_that_is_sent() -> None:
    envelope = read(API / "asyncapi.json")["components"]["schemas"]["CloudEvent"]
    assert set(envelope["properties"]) == set(Envelope.__struct_fields__)
    assert all(
        schema.get("description") or name in ("type", "specversion", "datacontenttype") for name, schema in envelope["properties"].items()
    )


def test_the_catalogue_has_a_line_for_every_event() -> None:
    lines = generated()[Path("docs/events.md")].decode().splitlines()
    for contract in ALL:
        [line] = [line for line in lines if line.startswith(f"| `{contract.type}` |")]
        assert line.endswith(". |")
        assert ("| yes |" in line) == contract.released
        assert len(line) > len(contract.type) + 40


# ------------------------------------------------------------------ OpenAPI


@pytest.mark.parametrize("service", LISTENERS)
def test_every_call_is_described_named_once_and_of_one_kind(service: str) -> None:
    document = read(API / f"{service}.openapi.json")
    assert document["openapi"].startswith("3.1")
    assert document["servers"] == [{"url": f"/api/{service}"}]
    ids: list[str] = []
    for path, calls in document["paths"].items():
        for method, call in calls.items():
            assert method in METHODS
            assert call.get("summary"), f"{method} {path} has no summary"
            assert call.get("tags"), f"{method} {path} has no tag"
            ids.append(call["operationId"])
    assert len(ids) == len(set(ids))
    for ref in refs(document):
        place = document
        for part in ref.removeprefix("#/").split("/"):
            place = place[part.replace("~1", "/")]
        assert place
