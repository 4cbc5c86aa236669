"""Makes a value of any stored or published shape, the same at every run: fills every field, takes the last of every choice."""

import dataclasses
import types
import typing
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, Literal, Union, get_args, get_origin
from uuid import UUID, uuid5

import msgspec

SPACE = UUID("6f0c3a52-1f6e-5d0b-9a55-8a3f0d1c2b4e")

PLAIN: dict[Any, Any] = {
    int: 3,
    bool: True,
    float: 13.975,
    Decimal: Decimal("1234.5"),
    date: date(2026, 3, 17),
    datetime: datetime(2026, 3, 17, 1, 30, tzinfo=UTC),
    bytes: b"\x01\x02",
    type(None): None,
    Any: "anything",
    object: "anything",
}

# Texts from closed lists, where the stored shape says no more than that it is a text.
WORDS = {
    "ReminderSent.kind": "overdue",
    "Template.kind": "report",
    "action": "approve",
    "at": "own",
    "effect": "applied",
    "figure_status": "preliminary",
    "giver": "committee",
    "jump": "10",
    "level": "commune",
    "maximum": "100",
    "minimum": "0",
    "mode": "mark",
    "over_time": "last",
    "over_units": "sum",
    "period": "2026-03",
    "period_type": "month",
    "regime": "calendar",
    "role": "leader",
    "sector": "health",
    "sectors": "health",
    "share": "0.8",
    "state": "sent",
    "to_role": "leader",
    "weight": "0.5",
}


def sample(shape: Any, name: str = "", owner: str = "") -> Any:
    """A value of `shape`; `name` is that of the field, of `owner`, which texts and ids are made of."""
    if shape is str:
        return str(uuid5(SPACE, name)) if name.endswith("_by") else WORDS.get(f"{owner}.{name}", WORDS.get(name, name or "text"))
    if shape is UUID:
        return uuid5(SPACE, name)
    if shape in PLAIN:
        return PLAIN[shape]
    origin, arguments = get_origin(shape), get_args(shape)
    if origin is typing.Annotated:
        return sample(arguments[0], name, owner)
    if origin is Literal:
        return arguments[-1]
    if origin in (Union, types.UnionType):
        return sample(next(one for one in arguments if one is not type(None)), name, owner)
    if origin is not None and issubclass(origin, tuple):
        kinds = arguments[:1] if len(arguments) == 2 and arguments[1] is Ellipsis else arguments
        return tuple(sample(kind, name, owner) for kind in kinds)
    if origin is not None and issubclass(origin, frozenset | set):
        return origin([sample(arguments[0], name, owner)])
    if origin is not None and issubclass(origin, Mapping):
        return {sample(arguments[0], "r1.c1"): sample(arguments[1], name, owner)}
    if origin is not None and issubclass(origin, Sequence):
        return [sample(arguments[0], name, owner)]
    return _of_fields(shape)


def _of_fields(shape: Any) -> Any:
    hints = typing.get_type_hints(shape, include_extras=True)
    if dataclasses.is_dataclass(shape):
        names = [field.name for field in dataclasses.fields(shape) if field.init]
    elif isinstance(shape, type) and issubclass(shape, msgspec.Struct):
        names = list(shape.__struct_fields__)
    else:
        raise TypeError(f"no sample of {shape!r}")
    return shape(**{name: sample(hints[name], name, shape.__name__) for name in names})
