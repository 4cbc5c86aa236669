"""`python -m services.aggregation` runs this service alone."""

from contracts.registry import LISTENERS
from kernel.service import run_alone

from .main import NAME, create_app
from .settings import load

run_alone(NAME, LISTENERS, load(), create_app)
