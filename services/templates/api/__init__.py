"""HTTP: parse → command → handle, or query → answer. No rule of its own."""

from . import assignments, calendar, drafts, imports, indicators, periods, schedules, texts, versions

ROUTERS = (
    indicators.router,
    drafts.router,
    imports.router,
    versions.router,
    assignments.router,
    periods.router,
    schedules.router,
    calendar.router,
    texts.router,
)
