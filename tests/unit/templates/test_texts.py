"""What may happen to a reason that was typed."""

from kernel.testing import Scenario
from services.templates.commands import EraseText
from services.templates.domain.assignment import ReasonIsMissing
from services.templates.domain.text import TEXT
from services.templates.events import TextErased

from .examples import an_id

EVENT = an_id("sự kiện")


def test_a_text_is_erased_for_a_reason() -> None:
    Scenario(TEXT).when(EraseText(EVENT, "vì")).then(TextErased(EVENT, "vì"))
    Scenario(TEXT).when(EraseText(EVENT, "")).refused(ReasonIsMissing)


def test_an_erased_text_is_not_erased_again() -> None:
    Scenario(TEXT).given(TextErased(EVENT, "vì")).when(EraseText(EVENT, "lại")).then()
