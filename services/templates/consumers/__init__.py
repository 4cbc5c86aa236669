"""What others say and what the passing of time causes; each reaction is a command of this service's own, or a copy kept."""

from collections.abc import Sequence

from kernel.inbox import Consumption
from kernel.runtime import Runtime
from kernel.tree import Tree

from .identity import identity
from .submissions import submissions


def consumptions(runtime: Runtime, tree: Tree) -> Sequence[Consumption]:
    return (identity(runtime, tree), submissions())
