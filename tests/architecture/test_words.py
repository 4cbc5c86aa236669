"""Documents that can rot: each service's README names its commands, events and tables; the glossary every word of the design."""

import re
import types
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any, Union, get_args, get_origin, get_type_hints

import pytest

from contracts import vocabulary
from contracts.registry import LISTENERS
from tests.contracts.services import deciders_of, types_of

ROOT = Path(__file__).parents[2]
CAMEL = re.compile(r"\b[A-Z][a-z]+(?:[A-Z][a-z]+)+\b")
TABLE = re.compile(r"CREATE (?:UNLOGGED )?(?:TABLE|VIEW) (?:IF NOT EXISTS )?([a-z_]+)")


@cache
def readme(service: str) -> str:
    return (ROOT / "services" / service / "README.md").read_text(encoding="utf-8")


def tables_in(*folders: Path) -> set[str]:
    return {name for folder in folders for file in folder.rglob("*.sql") for name in TABLE.findall(file.read_text(encoding="utf-8"))}


def members(annotation: Any) -> set[type]:
    """The classes that a union, or an alias of one, is made of."""
    if get_origin(annotation) in (Union, types.UnionType):
        return {one for part in get_args(annotation) for one in members(part)}
    return {annotation} if isinstance(annotation, type) and annotation is not object else set()


def commands_of(service: str) -> set[str]:
    """Of every decider: what its `decide` is told to take."""
    found: set[type] = set()
    for decider in deciders_of(service):
        hints = get_type_hints(decider.decide)
        found |= members(next(iter(hints.values())))
    return {one.__name__ for one in found if one.__module__.startswith("services.")}


def events_of(service: str) -> set[str]:
    return {event.__name__ for event in types_of(service).by_name.values()}


def word_in(word: str, text: str) -> bool:
    return re.search(rf"(?<![A-Za-z_]){re.escape(word)}(?![A-Za-z_])", text) is not None


@pytest.mark.parametrize("service", LISTENERS)
def test_a_readme_names_every_command(service: str) -> None:
    assert commands_of(service)
    assert {name for name in commands_of(service) if not word_in(name, readme(service))} == set()


@pytest.mark.parametrize("service", LISTENERS)
def test_a_readme_names_every_event(service: str) -> None:
    assert {name for name in events_of(service) if not word_in(name, readme(service))} == set()


@pytest.mark.parametrize("service", LISTENERS)
def test_a_readme_names_no_command_and_no_event_that_there_is_not(service: str) -> None:
    """In the table of commands and events, whose head says so; the words of rejections are in it too."""
    rows = re.findall(r"^\| *command\b.*\n\|[-|]+\|\n((?:\|.*\n)+)", readme(service), re.MULTILINE)
    assert rows
    named = {word for table in rows for row in table.splitlines() for cell in row.split("|")[1:4] for word in CAMEL.findall(cell)}
    known = commands_of(service) | events_of(service) | set(vars(import_module(f"services.{service}.domain")))
    assert named - known == set()


@pytest.mark.parametrize("service", LISTENERS)
def test_a_readme_names_every_table(service: str) -> None:
    tables = tables_in(ROOT / "services" / service / "migrations")
    assert tables
    assert {name for name in tables if not word_in(name, readme(service))} == set()


@pytest.mark.parametrize("service", LISTENERS)
def test_a_readme_names_no_table_that_there_is_not(service: str) -> None:
    """In the tables whose head says that they are about tables."""
    heads = re.findall(r"^\| *table.*\n\|[-|]+\|\n((?:\|.*\n)+)", readme(service), re.MULTILINE)
    assert heads
    named = {word for table in heads for row in table.splitlines() for word in re.findall(r"[a-z][a-z_]+", row.split("|")[1])}
    own = tables_in(ROOT / "services" / service / "migrations", ROOT / "kernel" / "migrations")
    made_in_code = {
        name for file in (ROOT / "services" / service).rglob("*.py") for name in TABLE.findall(file.read_text(encoding="utf-8"))
    }
    assert named - own - made_in_code - {"view"} == set()


# ------------------------------------------------------------------ glossary

# The words of the design's own table (§3), as they are in code.
OF_THE_DESIGN = (
    "indicator",
    "unit_of_measure",
    "template",
    "version",
    "period",
    "cutoff",
    "unit",
    "sector",
    "assignment",
    "due_on",
    "close",
    "report",
    "cell",
    "row",
    "column",
    "plan",
    "actual",
    "estimate",
    "year_to_date",
    "same_period_last_year",
    "preliminary",
    "official",
    "enter",
    "save",
    "normalise",
    "submit",
    "send",
    "reject",
    "verify",
    "approve",
    "return",
    "withdraw",
    "revision",
    "rollup",
    "progress",
    "lineage",
    "release",
    "sent",
    "as_of",
)


@cache
def glossary() -> str:
    return (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8")


@cache
def glossary_words() -> frozenset[str]:
    return frozenset(re.findall(r"`([^`]+)`", glossary()))


@pytest.mark.parametrize("word", OF_THE_DESIGN)
def test_the_glossary_has_every_word_of_the_design(word: str) -> None:
    assert any(word_in(word, said) for said in glossary_words()), f"docs/glossary.md has no `{word}`"


@pytest.mark.parametrize("words", ["State", "Role", "Decision", "UnitLevel", "FigureStatus"])
def test_the_glossary_has_every_word_of_the_closed_lists_that_people_meet(words: str) -> None:
    lacking = {word for word in get_args(getattr(vocabulary, words)) if not any(word_in(word, said) for said in glossary_words())}
    assert lacking == set()


def test_the_glossary_says_states_and_roles_as_the_screens_do() -> None:
    said = glossary().casefold()
    lacking = [word for word in (*vocabulary.ROLE_WORDS.values(), *vocabulary.STATE_WORDS.values()) if word.casefold() not in said]
    assert lacking == []


def test_every_word_of_the_glossary_is_in_the_code() -> None:
    """A word that the code gave up would send its reader looking."""
    code = "\n".join(
        file.read_text(encoding="utf-8") for folder in ("kernel", "contracts", "services") for file in (ROOT / folder).rglob("*.py")
    ) + "\n".join(file.read_text(encoding="utf-8") for file in (ROOT / "services").rglob("*.sql"))
    plain = {word for word in glossary_words() if re.fullmatch(r"[a-z][a-z_]*", word)}
    assert len(plain) > 40
    assert {word for word in plain if not re.search(rf"(?<![a-z]){word}|{_as_class(word)}", code)} == set()


def _as_class(word: str) -> str:
    return "".join(part.capitalize() for part in word.split("_"))
