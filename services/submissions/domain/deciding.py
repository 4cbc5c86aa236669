"""Which rule answers which command."""

from collections.abc import Sequence
from typing import Any, assert_never

from .. import commands
from . import assigning, correcting, entering, logging, submitting
from .refusals import UnknownReport
from .state import Report


def decide(command: commands.Command, report: Report) -> Sequence[Any]:  # noqa: C901  # one line per command
    """What happens. Raises Rejected where a rule forbids it."""
    if report.key is None and not isinstance(command, commands.Assign | commands.RecordHistory):
        raise UnknownReport()
    match command:
        case commands.Assign():
            return assigning.assign(command, report)
        case commands.ChangeDueDate():
            return assigning.change_due_date(command, report)
        case commands.Cancel():
            return assigning.cancel(command, report)
        case commands.Close():
            return assigning.close(command, report)
        case commands.ReopenPeriod():
            return assigning.reopen_period(command, report)
        case commands.Move():
            return assigning.move(command, report)
        case commands.EnterValues():
            return entering.enter_values(command, report)
        case commands.ReportNil():
            return entering.report_nil(command, report)
        case commands.Normalise():
            return entering.normalise(command, report)
        case commands.Submit():
            return submitting.submit(command, report)
        case commands.LogDecision():
            return logging.log_decision(command, report)
        case commands.LogReopening():
            return logging.log_reopening(command, report)
        case commands.LogReminder():
            return logging.log_reminder(command, report)
        case commands.PassStepOver():
            return logging.pass_step_over(command, report)
        case commands.DropCorrection():
            return correcting.drop_correction(command, report)
        case commands.RecordHistory():
            return correcting.record_history(command, report)
        case _:
            assert_never(command)
