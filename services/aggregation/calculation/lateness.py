"""Whether a report is on time, in words; derived from the due date, the moment of sending and the present one, never stored."""

from datetime import date, datetime

from kernel.calendar import end_of_day

DUE_SOON_DAYS = 3
WORDS = {
    "on-time": "Đúng hạn",
    "late": "Gửi trễ hạn",
    "overdue": "Quá hạn",
    "due-soon": "Sắp đến hạn",
    "not-due": "Chưa đến hạn",
    "none": "",
}


def lateness(due_on: date | None, first_sent_at: datetime | None, now: datetime, *, is_expected: bool = True) -> str:
    """`on-time`, `late` (sent, but after the due date), `overdue` (not sent), `due-soon`, `not-due`; `none` where it isn't expected."""
    if not is_expected:
        return "none"
    if due_on is None:
        return "not-due"
    end = end_of_day(due_on)
    if first_sent_at is not None:
        return "on-time" if first_sent_at <= end else "late"
    if now >= end:
        return "overdue"
    return "due-soon" if (end - now).days < DUE_SOON_DAYS else "not-due"
