"""Runs the templates service alone."""

from contracts.registry import LISTENERS
from kernel.service import run_alone

from . import settings
from .main import NAME, create_app

run_alone(NAME, LISTENERS, settings.load(), create_app)
