"""A note that must not be kept is erased once, for a reason."""

from uuid import UUID

from kernel.testing import Scenario
from services.approvals.commands import EraseText
from services.approvals.domain import TEXT, ReasonIsMissing
from services.approvals.events import TextErased

NOTE = UUID("6d0f1c9e-3a41-7b11-8f0e-2b9a5d1c7e44")


def test_a_note_is_erased_for_a_reason() -> None:
    Scenario(TEXT).when(EraseText(NOTE, "digest")).then(TextErased(NOTE, "digest"))


def test_without_a_reason_nothing_is_erased() -> None:
    Scenario(TEXT).when(EraseText(NOTE, "")).refused(ReasonIsMissing)


def test_what_is_erased_already_is_not_erased_again() -> None:
    Scenario(TEXT).given(TextErased(NOTE, "digest")).when(EraseText(NOTE, "another")).then()
