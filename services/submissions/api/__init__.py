"""The service over HTTP: parse, command, handle; query, answer. Holds no rule."""

from fastapi import APIRouter

from . import chain, editing, histories, past, reading, submitting, texts, workbook_imports, workbooks


def routers() -> list[APIRouter]:
    """All routes of the service beside those that every service has. The chain's come before the kernel's `/log`."""
    modules = (reading, editing, submitting, workbooks, workbook_imports, histories, past, texts, chain)
    return [module.router for module in modules]
