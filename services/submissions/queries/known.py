"""What the service keeps in memory beside its tables: the tree, the forms, figures of revisions. Each can be read anew at any time."""

from dataclasses import dataclass, field
from typing import Any

from kernel.tree import Tree

from .forms import Forms
from .revisions import Revisions


@dataclass(frozen=True)
class Known:
    tree: Tree = field(default_factory=Tree)
    forms: Forms = field(default_factory=Forms)
    revisions: Revisions = field(default_factory=Revisions)

    async def load(self, connection: Any) -> None:
        await self.tree.load(connection)
        await self.forms.load(connection)
