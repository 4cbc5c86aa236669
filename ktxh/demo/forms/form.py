"""A form of the demonstration: a template before it has an owner and a version; publishes nothing itself."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal
from uuid import UUID

from contracts.templates import AddingUp, Cutoff, IndicatorDefinedV1, RollupPolicy, Step, TemplateV1
from contracts.vocabulary import FigureStatus, Giver, PeriodType, Sector
from kernel.sheet.model import Sheet

Audience = Literal["communes", "some-communes"]
"""Who reports it: every commune, or a few (the province's large form is far too long for each)."""

FigureKind = Literal["now", "money", "plan", "last_year", "constant_price", "to_date"]
"""What a typed column holds: this period's figure, money spent on it, the year's target, last year's, at constant prices, so far."""

THREE_STEPS = (
    Step("send", "leader", "own"),
    Step("verify", "verifier", "owner"),
    Step("approve", "leader", "owner"),
)
TWO_STEPS = (Step("send", "leader", "own"), Step("approve", "leader", "owner"))
GIVEN = (Step("send", "leader", "owner"),)
"""A given plan is entered by the unit that gives it; its leader's decision is the only one."""


@dataclass(frozen=True, slots=True)
class Form:
    """Everything of `TemplateV1` but owner and version. `owner_sector` says whose it is; `general` is the provincial office's."""

    code: str
    name: str
    sector: Sector
    owner_sector: Sector
    period_type: PeriodType
    sheet: Sheet
    indicators: Mapping[str, IndicatorDefinedV1]
    form_number: str = ""
    legal_document: str = "Quyết định 05/2023/QĐ-TTg"
    kind: Literal["report", "plan"] = "report"
    giver: Giver | None = None
    route: tuple[Step, ...] = THREE_STEPS
    figure_status: FigureStatus = "preliminary"
    policy: RollupPolicy = RollupPolicy()
    cutoff: Cutoff = Cutoff()
    source_of_record: bool = True
    adding_up_columns: Mapping[str, AddingUp] = field(default_factory=dict)
    adding_up_cells: Mapping[str, AddingUp] = field(default_factory=dict)
    audience: Audience = "communes"
    kinds: Mapping[str, FigureKind] = field(default_factory=dict)

    def published(self, owner_id: UUID, version: int = 1) -> TemplateV1:
        """The template that the owner publishes."""
        return TemplateV1(
            code=self.code,
            version=version,
            name=self.name,
            sector=self.sector,
            kind=self.kind,
            period_type=self.period_type,
            owner_id=owner_id,
            sheet=self.sheet,
            route=self.route,
            form_number=self.form_number,
            legal_document=self.legal_document,
            giver=self.giver,
            figure_status=self.figure_status,
            policy=self.policy,
            cutoff=self.cutoff,
            source_of_record=self.source_of_record,
            indicators=dict(self.indicators),
            adding_up_columns=dict(self.adding_up_columns),
            adding_up_cells=dict(self.adding_up_cells),
        )

    @property
    def inputs(self) -> tuple[str, ...]:
        """The cells that somebody fills in, in reading order."""
        return tuple(key for key, ref in self.sheet.refs.items() if ref.role == "input")

    @property
    def steps(self) -> int:
        return len(self.route)
