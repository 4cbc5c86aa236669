"""The HTTP API of approvals: parse, hand over, answer. Holds no rule."""

from fastapi import APIRouter

from . import decisions, erasing, inbox, reminders, reopenings, reports

routers: tuple[APIRouter, ...] = (
    inbox.router,
    reports.router,
    decisions.router,
    reopenings.router,
    reminders.router,
    erasing.router,
)
