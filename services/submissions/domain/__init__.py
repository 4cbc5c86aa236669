"""The rules of a report's life while submissions holds the ball, and what the log makes of everybody else's words. Pure."""

from kernel.decider import Decider

from ..events import TYPES
from .copying import COPIES, Copy
from .deciding import decide
from .evolving import evolve, labels
from .state import NOTHING, Report

REPORTS: Decider[Report, object] = Decider(NOTHING, decide, evolve, TYPES, labels)  # type: ignore[arg-type]  # decide takes its own commands

__all__ = ["COPIES", "Copy", "NOTHING", "REPORTS", "Report"]
