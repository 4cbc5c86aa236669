"""What submissions makes of what others say: contract → reaction, each reaction one command of its own."""

from collections.abc import Sequence

from kernel.inbox import Consumption, one_by_one
from kernel.runtime import Runtime

from ..queries.known import Known
from . import approvals, identity, templates


def consumptions(runtime: Runtime, known: Known) -> Sequence[Consumption]:
    return (
        one_by_one("identity", identity.reactions(runtime, known)),
        one_by_one("templates", templates.reactions(runtime, known)),
        one_by_one("approvals", approvals.reactions(runtime)),
    )
