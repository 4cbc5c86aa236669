"""The HTTP API of aggregation."""

from . import analysis, progress, rebuilds, rollups

routers = (rollups.routes, analysis.routes, progress.routes, rebuilds.routes)
