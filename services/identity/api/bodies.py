"""The bodies of requests, as the OpenAPI page documents them."""

from datetime import date
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from contracts.vocabulary import Role, Sector, UnitLevel

Text = Annotated[str, Field(max_length=300)]
Password = Annotated[str, Field(max_length=500)]

AN_ID = "0f4cf4f4-5b0f-5c38-9f6f-6a0f3a1f7c11"


class Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


def _example(**values: Any) -> ConfigDict:
    return ConfigDict(extra="forbid", json_schema_extra={"examples": [values]})


class SignInBody(Body):
    """A person with a user name, or a department's system with its id and secret."""

    model_config = _example(username="phuongquynhon.nhaplieu", password="Lúa chín vàng 3 đồng", captcha_id=AN_ID, captcha_answer="K7X3W")

    username: Text = ""
    password: Password = ""
    captcha_id: UUID | None = None
    captcha_answer: Annotated[str, Field(max_length=40)] = ""
    client_id: UUID | None = None
    client_secret: Password = ""


class PasswordBody(Body):
    model_config = _example(current="hK4m-Xr7t-9Wba-m2Qd", new="Lúa chín vàng 3 đồng")

    current: Password
    new: Password


class MeBody(Body):
    model_config = _example(name="Nguyễn Thị A", phone="0912 345 678", language="vi")

    name: Annotated[str, Field(min_length=1, max_length=200)]
    phone: Annotated[str, Field(max_length=40)] | None = None
    language: Annotated[str, Field(pattern="^(vi|en)$")] | None = None


class GrantBody(Body):
    """`unit_id` may be left out for `administrator` and `operator`, who belong to the whole system."""

    model_config = _example(role="data_entry", unit_id=AN_ID)

    role: Role
    unit_id: UUID | None = None
    sectors: list[Sector] = []


class UserBody(Body):
    model_config = _example(username="nguyenthia", name="Nguyễn Thị A", grants=[{"role": "leader", "unit_id": AN_ID}])

    username: Annotated[str, Field(max_length=100)]
    name: Annotated[str, Field(min_length=1, max_length=200)]
    grants: list[GrantBody]
    password: Password | None = None


class UserChangeBody(Body):
    model_config = _example(name="Nguyễn Thị A", grants=[{"role": "leader", "unit_id": AN_ID}])

    name: Annotated[str, Field(min_length=1, max_length=200)] | None = None
    grants: list[GrantBody] | None = None


class GenerateBody(Body):
    model_config = _example(level="commune", roles=["data_entry", "leader", "verifier"])

    level: UnitLevel
    units: list[UUID] = []
    roles: Annotated[list[Role], Field(min_length=1)]
    password: Password | None = None


class UnitBody(Body):
    model_config = _example(
        code="21553", name="Quy Nhơn", level="commune", kind="Phường", valid_from="2025-07-01", legal_document="1664/NQ-UBTVQH15"
    )

    unit_id: UUID | None = None
    code: Text
    name: Text
    level: UnitLevel
    kind: Text
    valid_from: date
    parent_id: UUID | None = None
    province_code: Text = ""
    sectors: list[Sector] = []
    latitude: float | None = None
    longitude: float | None = None
    legal_document: Text = ""
    ended_on: date | None = None


class UnitChangeBody(Body):
    """Only what changes, from `changed_on` on; `parent_id: null` makes it a root."""

    model_config = _example(name="Trảng Bom", kind="Phường", changed_on="2026-04-30", legal_document="237/NQ-UBTVQH16")

    changed_on: date
    legal_document: Text = ""
    code: Text | None = None
    name: Text | None = None
    level: UnitLevel | None = None
    kind: Text | None = None
    parent_id: UUID | None = None
    province_code: Text | None = None
    sectors: list[Sector] | None = None
    latitude: float | None = None
    longitude: float | None = None


class SuccessionBody(Body):
    from_unit: UUID
    to_unit: UUID
    whole: bool
    weight: Text | None = None
    acts: bool = True


class ReorganisationBody(Body):
    model_config = _example(
        effective_on="2025-07-01",
        legal_document="1664/NQ-UBTVQH15",
        ended=[AN_ID],
        successions=[{"from_unit": AN_ID, "to_unit": "3b1f7c11-5b0f-5c38-9f6f-6a0f3a1f7c12", "whole": True}],
    )

    reorganisation_id: UUID | None = None
    effective_on: date
    legal_document: Text
    ended: list[UUID] = []
    successions: list[SuccessionBody] = []


class WeightBody(Body):
    from_unit: UUID
    to_unit: UUID
    weight: Text | None


class WeightsBody(Body):
    model_config = _example(weights=[{"from_unit": AN_ID, "to_unit": AN_ID, "weight": "0.4"}])

    weights: Annotated[list[WeightBody], Field(min_length=1)]


class ClientBody(Body):
    model_config = _example(name="Kho dữ liệu Sở Y tế", unit_id=AN_ID, sectors=["health"])

    name: Annotated[str, Field(min_length=1, max_length=200)]
    unit_id: UUID
    sectors: Annotated[list[Sector], Field(min_length=1)]
