"""The documents that are generated from the code and committed beside it: schemas, AsyncAPI, the event catalogue, OpenAPI."""

import sys
from collections.abc import Iterator
from pathlib import Path

import orjson

from .asyncapi import asyncapi
from .catalogue import catalogue
from .openapi import openapi_documents
from .schemas import contract_schemas, incompatibilities

ROOT = Path(__file__).parents[2]
SCHEMAS = Path("contracts/schemas")
API = Path("docs/api")


def documents() -> dict[Path, bytes]:
    """Every generated file by its path from the root of the project."""
    return {
        **{SCHEMAS / f"{name}.json": _json(schema) for name, schema in contract_schemas().items()},
        API / "asyncapi.json": _json(asyncapi()),
        **{API / f"{name}.openapi.json": _json(document) for name, document in openapi_documents().items()},
        Path("docs/events.md"): catalogue().encode(),
    }


def write_documents(check: bool) -> int:
    """Writes what has changed and removes what is no more, or, with `check`, only names it.

    Returns 1 where something differs (with `check`), or where a published contract was changed so that its readers break: that
    needs a new version of it. A contract that was never published is freed by deleting its schema.
    """
    wanted = documents()
    broken = list(breaks())
    differing = [path for path, content in wanted.items() if _committed(path) != content]
    stale = [path for path in _present() if path not in wanted]
    for line in broken:
        print(f"breaks its readers: {line}", file=sys.stderr)
    if broken:
        print("Give it a new version; or, if it was never published, delete its schema and run this again.", file=sys.stderr)
    for path in (*differing, *stale):
        print(f"{'differs' if check else 'written' if path in wanted else 'removed'}: {path}", file=sys.stderr)
    if check or broken:
        return int(bool(broken or differing or stale))
    for path in differing:
        (ROOT / path).parent.mkdir(parents=True, exist_ok=True)
        (ROOT / path).write_bytes(wanted[path])
    for path in stale:
        (ROOT / path).unlink()
    return 0


def breaks() -> Iterator[str]:
    """What in the code would break readers of the committed schemas."""
    for name, schema in contract_schemas().items():
        committed = _committed(SCHEMAS / f"{name}.json")
        if committed is not None:
            for change in incompatibilities(orjson.loads(committed), schema):
                yield f"{name}: {change}"


def _committed(path: Path) -> bytes | None:
    file = ROOT / path
    return file.read_bytes() if file.exists() else None


def _present() -> Iterator[Path]:
    for folder, pattern in ((SCHEMAS, "*.json"), (API, "*.json")):
        for file in sorted((ROOT / folder).glob(pattern)):
            yield file.relative_to(ROOT)


def _json(document: object) -> bytes:
    return orjson.dumps(document, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)
