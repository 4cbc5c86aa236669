"""What happens to one report, as plain data that a player acts out; sends nothing itself.

A journey is the list of acts of one unit's report, in order. A player may do acts of many journeys together, as people do
(a leader sends all that waits for him); the order within one journey is what counts.
"""

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Literal

from kernel.sheet.model import NIL, Value
from kernel.sheet.validation import validate

from .figures import Figures, figures
from .forms import Form
from .mistakes import mistaken, unusual
from .periods import previous

Kind = Literal[
    "plain",
    "imported",
    "several_in_one_workbook",
    "totals_left_behind",
    "explained",
    "rejected",
    "returned",
    "withdrawn_by_officer",
    "withdrawn_by_leader",
    "nil",
    "late",
    "never_sent",
    "extended",
    "cancelled",
    "corrected_after_approval",
]

ActKind = Literal[
    "save",  # the officer types and saves `cells`
    "import",  # the officer uploads the form with `cells`
    "import_workbook",  # the same, with the other reports of that unit that have the same `workbook`
    "nil",  # the officer declares that nothing occurred, which fills the form and submits it
    "normalise",
    "explain",  # the officer explains the warnings on `names`, for `reason`
    "submit",
    "withdraw",  # the officer takes back what waits for his leader
    "send",
    "reject",  # for `reason`, naming `names`
    "withdraw_sent",  # the leader takes back what the department hasn't touched
    "verify",
    "approve",
    "return",  # for `reason`, naming `names`
    "extend",  # the department gives more time, for `reason`
    "cancel",  # the department takes the assignment back, for `reason`
    "request_reopening",
    "grant_reopening",
]

Actor = Literal["data_entry", "leader", "verifier", "owner_leader", "compiler"]
"""The unit's officer or leader; the owning department's verifier, leader or assigning officer."""

Outcome = Literal["approved", "never_sent", "cancelled"]


@dataclass(frozen=True, slots=True)
class Act:
    """One thing that somebody does. `cells` are what is typed or imported; `names` are the cells that a reason is about.

    `refused_as` is the rule that must refuse the act, where one must.
    """

    kind: ActKind
    by: Actor
    cells: Figures | None = None
    names: tuple[str, ...] = ()
    reason: str = ""
    refused_as: str = ""


@dataclass(frozen=True, slots=True)
class Journey:
    """One report's way. `final` is what its unit has filled in at the end; where it ends approved, that counts in the rollup.

    `workbook` names the file that this report shares with others of its unit.
    """

    unit: str
    template: str
    period: str
    kind: Kind
    acts: tuple[Act, ...]
    final: Figures
    outcome: Outcome = "approved"
    is_late: bool = False
    workbook: str = ""


@dataclass(frozen=True, slots=True)
class Case:
    """A report before it is known what happens to it."""

    form: Form
    unit: str
    period: str
    seed: int
    dice: random.Random

    @property
    def right(self) -> dict[str, Value]:
        return figures(self.form, self.period, self.unit, self.seed)


REASONS_TO_REJECT = (
    "Số liệu chưa khớp với sổ theo dõi của xã, đề nghị kiểm tra lại.",
    "Chỉ tiêu tăng bất thường so với tháng trước, đề nghị rà soát.",
)
REASONS_TO_RETURN = (
    "Số liệu lệch so với báo cáo chuyên ngành, đề nghị đơn vị kiểm tra các ô được đánh dấu.",
    "Chưa thống nhất với số liệu Sở đang theo dõi, đề nghị rà soát, báo cáo lại.",
)
_SUBMITTED = (Act("normalise", "data_entry"), Act("submit", "data_entry"))


def journey(case: Case, kind: Kind) -> Journey:
    """The report's way if `kind` is what happens to it; the same for the same case."""
    return _JOURNEYS[kind](case, kind)


def _entered(case: Case, cells: Figures) -> tuple[Act, ...]:
    """Typed in one or two saves, in reading order."""
    filled = {key: value for key, value in cells.items() if not value.is_blank}
    keys, saves = list(filled), case.dice.randint(1, 2)
    size = max(1, -(-len(keys) // saves))
    parts = [keys[start : start + size] for start in range(0, len(keys), size)]
    return tuple(Act("save", "data_entry", {key: filled[key] for key in part}) for part in parts)


def _decided(form: Form) -> tuple[Act, ...]:
    """The steps of the form's route, each passed."""
    acts = []
    for step in form.route:
        by: Actor = "leader" if step.at == "own" else "verifier" if step.role == "verifier" else "owner_leader"
        acts.append(Act(step.action, by))
    return tuple(acts)


def _plain(case: Case, kind: Kind) -> Journey:
    acts = (*_entered(case, case.right), *_SUBMITTED, *_decided(case.form))
    return Journey(case.unit, case.form.code, case.period, kind, acts, case.right)


def _imported(case: Case, kind: Kind) -> Journey:
    acts = (Act("import", "data_entry", case.right), *_SUBMITTED, *_decided(case.form))
    return replace(_plain(case, kind), acts=acts)


def _several_in_one_workbook(case: Case, kind: Kind) -> Journey:
    acts = (Act("import_workbook", "data_entry", case.right), *_SUBMITTED, *_decided(case.form))
    return replace(_plain(case, kind), acts=acts, workbook=f"{case.unit}-{case.period}")


def _totals_left_behind(case: Case, kind: Kind) -> Journey:
    """A figure that goes into a total is mended after normalising: the submit is refused, and normalising shows the change."""
    wrong, right = mistaken(case.form, case.right, case.dice, only_added_up=True)
    mended = (Act("save", "data_entry", right), Act("submit", "data_entry", refused_as="not-normalised"))
    acts = (*_entered(case, {**case.right, **wrong}), _SUBMITTED[0], *mended, *_SUBMITTED, *_decided(case.form))
    return replace(_plain(case, kind), acts=acts)


def _explained(case: Case, kind: Kind) -> Journey:
    """An unusual figure that a warning asks about, and that is right."""
    extraordinary = unusual(case.form.code, case.right)
    filled = {**case.right, **extraordinary}
    reason = "Số liệu đã rà soát với các thôn, làng; phát sinh dồn trong tháng."
    found = validate(case.form.sheet, filled, figures(case.form, previous(case.period), case.unit, case.seed))
    names = dict.fromkeys(cell for finding in found for cell in finding.cells)
    explain = Act("explain", "data_entry", names=tuple(names), reason=reason)
    acts = (*_entered(case, filled), _SUBMITTED[0], explain, _SUBMITTED[1], *_decided(case.form))
    return replace(_plain(case, kind), acts=acts, final=filled)


def _rejected(case: Case, kind: Kind) -> Journey:
    wrong, right = mistaken(case.form, case.right, case.dice)
    reject = Act("reject", "leader", names=tuple(wrong), reason=case.dice.choice(REASONS_TO_REJECT))
    return _mended(case, kind, wrong, right, reject)


def _returned(case: Case, kind: Kind) -> Journey:
    """Sent back by the department: by its officer, or by its leader after the officer had verified."""
    wrong, right = mistaken(case.form, case.right, case.dice)
    passed = _decided(case.form)
    at = case.dice.randrange(1, len(passed))
    back = Act("return", passed[at].by, names=tuple(wrong), reason=case.dice.choice(REASONS_TO_RETURN))
    return _mended(case, kind, wrong, right, *passed[:at], back)


def _withdrawn_by_officer(case: Case, kind: Kind) -> Journey:
    wrong, right = mistaken(case.form, case.right, case.dice)
    return _mended(case, kind, wrong, right, Act("withdraw", "data_entry", reason="Nhập nhầm số liệu, xin thu hồi để sửa."))


def _withdrawn_by_leader(case: Case, kind: Kind) -> Journey:
    wrong, right = mistaken(case.form, case.right, case.dice)
    withdraw = Act("withdraw_sent", "leader", reason="Phát hiện sai sót sau khi gửi, thu hồi để chỉnh sửa.")
    return _mended(case, kind, wrong, right, Act("send", "leader"), withdraw)


def _corrected_after_approval(case: Case, kind: Kind) -> Journey:
    wrong, right = mistaken(case.form, case.right, case.dice)
    request = Act("request_reopening", "data_entry", names=tuple(wrong), reason="Phát hiện số liệu đã duyệt bị sai, đề nghị đính chính.")
    grant = Act("grant_reopening", "owner_leader", reason="Đồng ý đính chính.")
    return _mended(case, kind, wrong, right, *_decided(case.form), request, grant)


def _mended(case: Case, kind: Kind, wrong: Figures, right: Figures, *between: Act) -> Journey:
    """Entered with a mistake, submitted, sent back somehow, mended, and passed."""
    first = _entered(case, {**case.right, **wrong})
    acts = (*first, *_SUBMITTED, *between, Act("save", "data_entry", right), *_SUBMITTED, *_decided(case.form))
    return replace(_plain(case, kind), acts=acts)


def _nil(case: Case, kind: Kind) -> Journey:
    """Nothing occurred: every number that is typed is nil. One act fills and submits."""
    refs = case.form.sheet.refs
    nothing = {key: NIL for key in case.form.inputs if refs[key].row.kind == "number"}
    return replace(_plain(case, kind), acts=(Act("nil", "data_entry"), *_decided(case.form)), final=nothing)


def _late(case: Case, kind: Kind) -> Journey:
    return replace(_plain(case, kind), is_late=True)


def _never_sent(case: Case, kind: Kind) -> Journey:
    """Not begun, begun and left, or left waiting for the leader."""
    entered = _entered(case, case.right)
    acts = case.dice.choice(((), entered[:1], (*entered, *_SUBMITTED)))
    return replace(_plain(case, kind), acts=acts, outcome="never_sent", is_late=True)


def _extended(case: Case, kind: Kind) -> Journey:
    extend = Act("extend", "compiler", reason="Địa phương bị ảnh hưởng mưa lũ, gia hạn nộp báo cáo.")
    plain = _plain(case, kind)
    return replace(plain, acts=(extend, *plain.acts))


def _cancelled(case: Case, kind: Kind) -> Journey:
    """Begun, and then the assignment is taken back."""
    cancel = Act("cancel", "compiler", reason="Đơn vị không thuộc đối tượng báo cáo biểu này.")
    return replace(_plain(case, kind), acts=(*_entered(case, case.right)[:1], cancel), outcome="cancelled")


_JOURNEYS: Mapping[Kind, Callable[[Case, Kind], Journey]] = {
    "plain": _plain,
    "imported": _imported,
    "several_in_one_workbook": _several_in_one_workbook,
    "totals_left_behind": _totals_left_behind,
    "explained": _explained,
    "rejected": _rejected,
    "returned": _returned,
    "withdrawn_by_officer": _withdrawn_by_officer,
    "withdrawn_by_leader": _withdrawn_by_leader,
    "nil": _nil,
    "late": _late,
    "never_sent": _never_sent,
    "extended": _extended,
    "cancelled": _cancelled,
    "corrected_after_approval": _corrected_after_approval,
}
