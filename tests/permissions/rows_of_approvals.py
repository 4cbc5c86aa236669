"""Rows of approvals: each step of the route by its role and unit alone; corrections asked for by the unit, answered by the last step."""

from .asking import Ask, MakeAsk, ask
from .places import BIRTHS_CELL
from .province import Province
from .rows_of_operating import operating
from .table import ADMINISTRATOR, DECIDERS, READERS, SEEING, STRANGE_DECIDERS, STRANGE_REPORTERS, STRANGERS, Service

TABLE = Service("approvals")
row = TABLE.row
ROLES = ("leader", "verifier", "compiler")


def _about(name: str) -> MakeAsk:
    return lambda province: ask(report_id=province.reports[name])


def _deciding(decision: str, name: str) -> MakeAsk:
    def asks(province: Province) -> Ask:
        report = str(province.reports[name])
        return Ask(body={"decision": decision, "reports": [{"id": report, "revision": 1, "note": "Xin xem lại"}]}, named=report)

    return asks


def _withdrawing(name: str) -> MakeAsk:
    def asks(province: Province) -> Ask:
        report = str(province.reports[name])
        return Ask(body={"reports": [{"id": report, "revision": 1}]}, named=report)

    return asks


def _reopening(name: str, **more: object) -> MakeAsk:
    def asks(province: Province) -> Ask:
        report = str(province.reports[name])
        return Ask(body={"report_id": report, "reason": "Nhầm số liệu", **more}, named=report)

    return asks


REMINDING = " ".join(["commune.leader commune.verifier", *(f"{place}.{role}" for place in ("department", "office") for role in ROLES)])

row("GET /inbox", DECIDERS)
row(
    "GET /inbox",
    "office.leader office.verifier office.compiler elsewhere.compiler",
    asks=lambda it: Ask(query={"nobody_eligible": "true"}),
    case="nobody may decide",
)
row("GET /reports/{report_id}", SEEING, STRANGERS, _about("sent"))
row("GET /reports/{report_id}", "commune.* office.* province.*", f"department.* {STRANGERS}", _about("general"), case="general")
row("GET /reports/{report_id}/decisions", SEEING, STRANGERS, _about("sent"))
row("GET /texts", READERS, asks=lambda it: Ask(query={"events": it.made["decision text"]}))
row("DELETE /texts/{event_id}", ADMINISTRATOR, asks=lambda it: ask(event_id=it.made["decision text"], body={"reason": "Có tên người"}))

row("POST /decisions", "commune.leader", STRANGE_DECIDERS, _deciding("send", "to_send"), case="send")
row("POST /decisions", "commune.leader", STRANGE_DECIDERS, _deciding("reject", "waiting"), case="reject")
row("POST /decisions", "department.verifier", STRANGE_DECIDERS, _deciding("verify", "to_verify"), case="verify")
row("POST /decisions", "department.leader", STRANGE_DECIDERS, _deciding("approve", "to_approve"), case="approve")
for state in ("sent", "verified"):  # who has a later or an earlier step of the route is told that it isn't his turn
    may = "department.verifier department.leader"
    row("POST /decisions", may, STRANGE_DECIDERS, _deciding("return", state), case=f"return what is {state}")
row("POST /withdrawals", "commune.data_entry commune.leader", STRANGE_REPORTERS, _withdrawing("to_withdraw"), case="before it is sent")
row("POST /withdrawals", "commune.leader", STRANGE_REPORTERS, _withdrawing("to_withdraw_sent"), case="once it is sent")

row(
    "POST /reopenings",
    "commune.data_entry commune.leader",
    STRANGE_REPORTERS,
    _reopening("to_reopen", cells=[BIRTHS_CELL]),
)
row("POST /reopenings/start", "department.leader", STRANGE_DECIDERS, _reopening("to_start"))
row(
    "POST /reopenings/{reopening_id}/grant",
    "department.leader",
    STRANGE_DECIDERS,
    lambda it: ask(reopening_id=it.made["reopening asked"], body={}),
)
row(
    "POST /reopenings/{reopening_id}/refuse",
    "department.leader",
    STRANGE_DECIDERS,
    lambda it: ask(reopening_id=it.made["reopening to_refuse"], body={"reason": "Số liệu đúng"}),
)
row("GET /reopenings", READERS)
row(
    "POST /reminders",
    REMINDING,
    STRANGE_DECIDERS,
    lambda it: Ask(body={"reports": [str(it.reports["draft"])], "text": "Đề nghị gửi"}, named=str(it.reports["draft"])),
)
row(
    "GET /reminders",
    SEEING,
    STRANGERS,
    lambda it: Ask(query={"report": str(it.reports["draft"])}, named=str(it.reports["draft"])),
)
operating(TABLE)
