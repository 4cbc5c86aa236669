"""Runs identity as a process of its own."""

from contracts.registry import LISTENERS
from kernel import settings
from kernel.service import run_alone

from .main import NAME, create_app

run_alone(NAME, LISTENERS, settings.load(), create_app)
