"""The environment of approvals: what all services have in common is enough."""

from kernel.settings import Settings, load

__all__ = ["Settings", "load"]
