"""The README of the service names what there is."""

import inspect
import re
from pathlib import Path

import services.templates
from services.templates import commands
from services.templates.events import TYPES

HERE = Path(services.templates.__file__).parent
README = (HERE / "README.md").read_text(encoding="utf-8")


def test_every_command_stands_in_the_table_with_the_event_that_it_causes() -> None:
    rows = re.findall(r"^\| ([A-Z]\w+) \| ([A-Z]\w+) \| .*\|$", README, re.MULTILINE)
    asked = {name for name, one in inspect.getmembers(commands, inspect.isclass) if one.__module__ == commands.__name__}
    assert {command for command, _ in rows} == asked - {"Problem", "UnitToReport"}
    assert {event for _, event in rows} == {event.__name__ for event in TYPES.by_name.values()}


def test_every_published_event_is_named() -> None:
    assert [name for name in TYPES.by_name if name not in README] == []


def test_every_table_is_named() -> None:
    made = re.findall(r"CREATE TABLE (\w+)", (HERE / "migrations" / "0001_templates.sql").read_text(encoding="utf-8"))
    assert len(made) > 10
    assert [table for table in made if table not in README] == []
