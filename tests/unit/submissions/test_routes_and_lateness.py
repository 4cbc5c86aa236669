"""Who decides a report, and when it was late."""

from datetime import UTC, date, datetime
from typing import NamedTuple
from uuid import UUID

import pytest

from contracts.lateness import lateness
from kernel.tree import Node, Succession, Tree
from services.submissions.calculation.route import Place, resolve
from services.submissions.events import Step

ON, FROM = date(2026, 4, 1), date(2025, 7, 1)
PROVINCE, OFFICE, DISTRICT, COMMUNE, HEALTH, OLD = (UUID(int=n) for n in range(1, 7))


class Wanted(NamedTuple):
    action: str
    role: str
    at: str


def tree(*, has_district: bool = True) -> Tree:
    made = Tree()
    parent = DISTRICT if has_district else PROVINCE
    nodes = [
        Node(PROVINCE, "52", "Gia Lai", "province", FROM, province_code="52"),
        Node(OFFICE, "VP", "Văn phòng", "office", FROM, PROVINCE, province_code="52"),
        Node(DISTRICT, "540", "Quy Nhơn", "district", FROM, PROVINCE, province_code="52"),
        Node(COMMUNE, "21550", "Quy Nhơn", "commune", FROM, parent, province_code="52"),
        Node(HEALTH, "YT", "Sở Y tế", "department", FROM, PROVINCE, province_code="52"),
        Node(OLD, "YT0", "Sở Y tế cũ", "department", FROM, PROVINCE, valid_to=date(2026, 1, 1), province_code="52"),
    ]
    for node in nodes:
        made._add(node)
    made.successions = [Succession(OLD, HEALTH, date(2026, 1, 1), True)]
    return made


SEND = Wanted("send", "leader", "own")
VERIFY = Wanted("verify", "verifier", "owner")
APPROVE = Wanted("approve", "leader", "owner")
BY_DISTRICT = Wanted("verify", "verifier", "district")


def place(unit: UUID = COMMUNE, owner: UUID = HEALTH, holder: UUID | None = None) -> Place:
    return Place(holder or unit, unit, owner, ON)


def test_the_usual_route() -> None:
    assert resolve([SEND, VERIFY, APPROVE], place(), tree()) == (
        Step("send", "leader", COMMUNE),
        Step("verify", "verifier", HEALTH),
        Step("approve", "leader", HEALTH),
    )


def test_a_district_verifies_where_there_is_one() -> None:
    with_one = resolve([SEND, BY_DISTRICT, APPROVE], place(), tree())
    without = resolve([SEND, BY_DISTRICT, APPROVE], place(), tree(has_district=False))
    assert [step.unit_id for step in with_one] == [COMMUNE, DISTRICT, HEALTH]
    assert [step.unit_id for step in without] == [COMMUNE, HEALTH]


def test_a_step_that_repeats_the_one_before_is_left_out() -> None:
    assert len(resolve([SEND, APPROVE, APPROVE], place(), tree())) == 2


def test_later_steps_in_the_reporting_unit_fall_away_and_the_send_is_the_approval() -> None:
    assert resolve([SEND, VERIFY, APPROVE], place(HEALTH), tree()) == (Step("send", "leader", HEALTH),)


def test_whoever_is_left_at_the_end_approves() -> None:
    nobody = Wanted("approve", "leader", "district")
    assert resolve([SEND, VERIFY, nobody], place(), tree(has_district=False))[-1] == Step("approve", "verifier", HEALTH)


def test_who_succeeds_an_ended_owner_decides() -> None:
    assert [step.unit_id for step in resolve([SEND, APPROVE], place(owner=OLD), tree())] == [COMMUNE, HEALTH]


def test_the_office_is_that_of_the_province() -> None:
    assert resolve([SEND, Wanted("approve", "compiler", "office")], place(), tree())[-1].unit_id == OFFICE


def test_a_given_plan_is_decided_by_the_leader_of_those_who_give_it() -> None:
    given = place(COMMUNE, owner=HEALTH, holder=HEALTH)
    assert resolve([SEND, VERIFY, APPROVE], given, tree()) == (Step("send", "leader", HEALTH),)


DUE = date(2026, 4, 17)


@pytest.mark.parametrize(
    ("sent", "now", "word"),
    [
        (None, datetime(2026, 4, 10, tzinfo=UTC), "not-due"),
        (None, datetime(2026, 4, 15, tzinfo=UTC), "due-soon"),
        (None, datetime(2026, 4, 17, 16, 59, tzinfo=UTC), "due-soon"),
        (None, datetime(2026, 4, 17, 17, 0, tzinfo=UTC), "overdue"),
        (datetime(2026, 4, 17, 17, 0, tzinfo=UTC), datetime(2026, 5, 1, tzinfo=UTC), "on-time"),
        (datetime(2026, 4, 17, 17, 0, 1, tzinfo=UTC), datetime(2026, 5, 1, tzinfo=UTC), "late"),
    ],
)
def test_a_due_date_ends_at_midnight_in_viet_nam(sent: datetime | None, now: datetime, word: str) -> None:
    assert lateness(DUE, sent, now) == word


def test_a_cancelled_report_is_neither_early_nor_late() -> None:
    assert lateness(DUE, None, datetime(2026, 5, 1, tzinfo=UTC), is_cancelled=True) == "none"
