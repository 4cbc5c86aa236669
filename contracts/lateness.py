"""Whether a report came in time: derived from the first send that still stands and the due date in force, never stored."""

from datetime import date, datetime

from kernel.calendar import end_of_day

DUE_SOON_DAYS = 3
LATENESS_WORDS = {
    "on-time": "Đúng hạn",
    "late": "Gửi trễ hạn",
    "overdue": "Quá hạn",
    "due-soon": "Sắp đến hạn",
    "not-due": "Chưa đến hạn",
    "none": "",
}


def lateness(due_on: date | None, first_sent_at: datetime | None, now: datetime, *, is_cancelled: bool = False) -> str:
    """A key of LATENESS_WORDS. A due date ends at 24:00 in Việt Nam; `none` for a report that nobody expects any more."""
    if is_cancelled:
        return "none"
    if due_on is None:
        return "not-due"
    end = end_of_day(due_on)
    if first_sent_at is not None:
        return "on-time" if first_sent_at <= end else "late"
    if now >= end:
        return "overdue"
    return "due-soon" if (end - now).days < DUE_SOON_DAYS else "not-due"
