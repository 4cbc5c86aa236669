"""Who may release what, and that a release is withdrawn once."""

from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID

import pytest

from kernel.errors import NotFound, Rejected
from kernel.event_store import Recorded
from kernel.testing import A_MOMENT, Scenario
from services.aggregation.commands import ReleaseFigures, WithdrawRelease
from services.aggregation.domain import DECIDER, TYPES, ColumnsUnknown, NothingToRelease, OnlyTheOffice, SourceIsMissing
from services.aggregation.events import FiguresReleased, ReleaseWithdrawn
from services.aggregation.publishing import publish

RELEASE = ReleaseFigures(
    release_id=UUID(int=1),
    template="KB",
    sector="health",
    period="2026-03",
    level="commune",
    columns=("th",),
    known_columns=("th", "kh"),
    at=A_MOMENT,
    seq=7,
    source="Sở Y tế",
    licence="CC BY 4.0",
    has_figures=True,
    of_the_office=True,
    now=A_MOMENT,
)
RELEASED = FiguresReleased(UUID(int=1), "KB", "2026-03", "commune", ("th",), A_MOMENT, 7, "Sở Y tế", "CC BY 4.0", "health")
LATER = datetime(2026, 5, 1, tzinfo=UTC)
WITHDRAWN = ReleaseWithdrawn(UUID(int=1), "KB", "2026-03", "commune", ("th",), LATER, 7, "Sở Y tế", "CC BY 4.0")


def test_the_office_releases_columns_of_a_form() -> None:
    Scenario(DECIDER).when(RELEASE).then(RELEASED)


def test_releasing_again_under_the_same_id_says_nothing_new() -> None:
    Scenario(DECIDER).given(RELEASED).when(RELEASE).then()


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        ({"of_the_office": False}, OnlyTheOffice),
        ({"columns": ("x",)}, ColumnsUnknown),
        ({"columns": ()}, ColumnsUnknown),
        ({"source": " "}, SourceIsMissing),
        ({"licence": ""}, SourceIsMissing),
        ({"has_figures": False}, NothingToRelease),
    ],
)
def test_what_cannot_be_released_is_refused(change: dict[str, object], rule: type[Rejected]) -> None:
    Scenario(DECIDER).when(replace(RELEASE, **change)).refused(rule)  # type: ignore[arg-type]


def test_a_release_is_withdrawn_once_and_by_the_office() -> None:
    Scenario(DECIDER).given(RELEASED).when(WithdrawRelease(True, LATER)).then(WITHDRAWN)
    Scenario(DECIDER).given(RELEASED, WITHDRAWN).when(WithdrawRelease(True, LATER)).then()
    Scenario(DECIDER).given(RELEASED).when(WithdrawRelease(False, LATER)).refused(OnlyTheOffice)
    Scenario(DECIDER).when(WithdrawRelease(True, LATER)).refused(NotFound)


@pytest.mark.parametrize("event", [RELEASED, WITHDRAWN])
def test_every_stored_event_has_a_contract_and_can_be_read_again(event: FiguresReleased | ReleaseWithdrawn) -> None:
    labels = DECIDER.labels(DECIDER.fold([RELEASED]), event)
    recorded = Recorded(UUID(int=5), f"release/{UUID(int=1)}", 1, A_MOMENT, "", "", "", labels, event)
    _, contract = publish(recorded)
    assert (contract.release_id, contract.withdrawn) == (UUID(int=1), event is WITHDRAWN)
    assert labels.sector == "health"
    assert TYPES.decode(event.TYPE, event.VERSION, TYPES.encode(event)) == event
