"""Runs this service alone: `python -m services.submissions`."""

from contracts.registry import LISTENERS
from kernel.service import run_alone

from . import settings
from .main import NAME, create_app

if __name__ == "__main__":
    run_alone(NAME, LISTENERS, settings.load(), create_app)
