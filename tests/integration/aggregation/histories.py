"""Random lives of reports, and a naive account of what counts after each event: a dictionary of figures, nothing added up cleverly."""

import random
from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass, field
from decimal import Decimal
from uuid import UUID

from kernel.sheet.model import Value
from tests.integration.aggregation.played_log import PlayedLog, value

Cells = dict[str, Value]


@dataclass
class Naive:
    """One report as anybody would note it on paper."""

    unit: str
    period: str
    phase: str = "open"  # open, submitted, sent, approved
    expected: bool = True
    pending: Cells = field(default_factory=dict)
    sent: Cells | None = None
    approved: Cells | None = None

    def counts(self, lens: str) -> Cells | None:
        return self.sent if lens == "sent" and self.sent is not None else self.approved


@dataclass
class History:
    """A log being played, with the naive account after each seq."""

    log: PlayedLog
    template: str
    chance: random.Random
    cells: tuple[str, ...]
    reports: dict[UUID, Naive] = field(default_factory=dict)
    accounts: dict[int, dict[UUID, Naive]] = field(default_factory=dict)

    def assign(self, unit: str, period: str) -> None:
        self.reports[self.log.assigned(self.template, period, unit)] = Naive(unit, period)
        self._note()

    def step(self) -> None:
        """Something that may happen to one of the reports happens."""
        report = self.chance.choice(list(self.reports))
        one = self.reports[report]
        possible = self._possible(one)
        self.chance.choice(possible)(report, one)
        self._note()

    def _possible(self, one: Naive) -> list[Callable[[UUID, Naive], None]]:
        if not one.expected:
            return [self._assign_again]
        by_phase: dict[str, list[Callable[[UUID, Naive], None]]] = {
            "open": [self._submit, self._submit, self._drop] if one.approved is not None else [self._submit, self._submit, self._cancel],
            "submitted": [self._send, self._send, self._reject, self._withdraw, self._cancel, self._stale],
            "sent": [self._approve, self._approve, self._return, self._withdraw, self._verify, self._cancel],
            "approved": [self._reopen, self._reopen, self._cancel, self._stale],
        }
        return by_phase[one.phase]

    def _figures(self) -> Cells:
        return {cell: self._figure() for cell in self.cells if self.chance.random() < 0.8}

    def _figure(self) -> Value:
        kind = self.chance.random()
        if kind < 0.1:
            return value("-")
        if kind < 0.2:
            return value("…")
        return Value(number=Decimal(self.chance.randint(-500, 500)).scaleb(-self.chance.randint(0, 2)))

    def _submit(self, report: UUID, one: Naive) -> None:
        one.pending, one.phase = self._figures(), "submitted"
        self.log.submitted(report, one.pending)

    def _send(self, report: UUID, one: Naive) -> None:
        last = self.chance.random() < 0.2
        self.log.sent(report, last=last)
        if last:
            one.approved, one.sent, one.phase = one.pending, None, "approved"
        else:
            one.sent, one.phase = one.pending, "sent"

    def _reject(self, report: UUID, one: Naive) -> None:
        self.log.rejected(report)
        one.phase = "open"

    def _verify(self, report: UUID, one: Naive) -> None:
        self.log.verified(report)

    def _approve(self, report: UUID, one: Naive) -> None:
        self.log.approved(report)
        one.approved, one.sent, one.phase = one.pending, None, "approved"

    def _return(self, report: UUID, one: Naive) -> None:
        self.log.returned(report)
        one.sent, one.phase = None, "open"

    def _withdraw(self, report: UUID, one: Naive) -> None:
        self.log.withdrawn(report)
        one.sent, one.phase = None, "open"

    def _stale(self, report: UUID, one: Naive) -> None:
        self.log.approved(report, effect="none")

    def _reopen(self, report: UUID, one: Naive) -> None:
        self.log.reopened(report)
        one.phase = "open"

    def _drop(self, report: UUID, one: Naive) -> None:
        self.log.dropped(report)
        one.phase = "approved"

    def _cancel(self, report: UUID, one: Naive) -> None:
        self.log.cancelled(report)
        if one.approved is None:
            one.expected, one.sent, one.phase = False, None, "open"

    def _assign_again(self, report: UUID, one: Naive) -> None:
        self.log.assigned(self.template, one.period, one.unit)
        one.expected = True

    def _note(self) -> None:
        self.accounts[self.log.seq] = deepcopy(self.reports)

    # ------------------------------------------------------------------ the oracle

    def totals(self, seq: int, period: str, lens: str) -> dict[str, Decimal]:
        """Cell → sum over all reports of the period, as on paper after `seq`; cells that nobody gave are left out."""
        found: dict[str, Decimal] = {}
        for one in self.accounts[seq].values():
            for cell, given in ((one.counts(lens) or {}) if one.period == period else {}).items():
                number = given.as_number
                if number is not None:
                    found[cell] = found.get(cell, Decimal(0)) + number
        return found

    def coverage(self, seq: int, period: str, lens: str) -> dict[str, int]:
        own = [one for one in self.accounts[seq].values() if one.period == period and one.expected]
        return {"reported": sum(one.counts(lens) is not None for one in own), "expected": len(own)}
