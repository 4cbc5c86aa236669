"""What callers send, as structs that are read fast, and as the OpenAPI document shows them."""

from typing import Any
from uuid import UUID

import msgspec

from kernel.uploads import described


class Cells(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Cell → a canonical number as a string, null to clear, or a value object."""

    cells: dict[str, Any]


class Clear(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    cells: list[str] | None = None


class Rows(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    rows: list[str] | None = None


class Submit(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    note: str = ""
    normalise: bool = False
    explanations: dict[str, str] = {}


class Nil(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    note: str = ""
    submit: bool = True
    explanations: dict[str, str] = {}


class Workbooks(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    reports: list[UUID]
    kind: str = "template"
    blank: bool = False


class PastFigure(msgspec.Struct, frozen=True):
    """One figure of an earlier time. `value` is a canonical number, `-` for nil, or the text of a row of text."""

    template: str
    period: str
    unit_code: str
    row: str
    column: str
    value: str
    status: str = "official"
    source: str = ""


class Past(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    rows: list[PastFigure]


class Erasure(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    reason: str


def _json(example: Any, properties: dict[str, Any], required: tuple[str, ...] = ()) -> dict[str, Any]:
    schema = {"type": "object", "properties": properties, "required": list(required), "example": example}
    return {"requestBody": {"required": bool(required), "content": {"application/json": {"schema": schema}}}}


_TEXT = {"type": "string"}
_TEXTS = {"type": "array", "items": _TEXT}
_EXPLANATIONS = {"type": "object", "additionalProperties": _TEXT, "description": "quy tắc cảnh báo → giải trình"}
_VALUE = {"description": "chuỗi số dạng chuẩn, null để xóa, hoặc đối tượng giá trị", "anyOf": [_TEXT, {"type": "null"}, {"type": "object"}]}

CELLS = _json(
    {"cells": {"births.this_month": "12", "deaths.this_month": {"nil": True}, "moved_in.this_month": {"missing": "not-collected"}}},
    {"cells": {"type": "object", "additionalProperties": _VALUE}},
    ("cells",),
)
CLEAR = _json({"cells": ["births.this_month"]}, {"cells": _TEXTS})
ROWS = _json({"rows": ["births"]}, {"rows": _TEXTS})
SUBMIT = _json(
    {"note": "Kính trình đồng chí duyệt", "normalise": True, "explanations": {"jump": "Sáp nhập thôn"}},
    {"note": _TEXT, "normalise": {"type": "boolean"}, "explanations": _EXPLANATIONS},
)
NIL = _json(
    {"note": "Trong tháng không phát sinh", "submit": True},
    {"note": _TEXT, "submit": {"type": "boolean"}, "explanations": _EXPLANATIONS},
)
WORKBOOKS = _json(
    {"reports": ["0b0f8a3e-0000-5000-8000-000000000001"], "kind": "template"},
    {"reports": {**_TEXTS, "maxItems": 200}, "kind": {"enum": ["template", "figures"]}, "blank": {"type": "boolean"}},
    ("reports",),
)
PAST = _json(
    {
        "rows": [
            {
                "template": "HEALTH-M",
                "period": "2025-03",
                "unit_code": "21550",
                "row": "births",
                "column": "this_month",
                "value": "14",
                "status": "official",
                "source": "Niên giám thống kê 2025",
            }
        ]
    },
    {"rows": {"type": "array", "items": {"type": "object", "additionalProperties": _TEXT}}},
    ("rows",),
)
ERASURE = _json({"reason": "Theo yêu cầu của chủ thể dữ liệu"}, {"reason": _TEXT}, ("reason",))
WORKBOOK = described("Tệp .xlsx đã tải về và điền")
