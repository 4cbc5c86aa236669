"""The HTTP API of aggregation."""

from . import analysis, exports, progress, rebuilds, releases, rollups, stream

routers = (
    rollups.routes,
    analysis.routes,
    progress.routes,
    exports.routes,
    releases.routes,
    rebuilds.routes,
    stream.routes,
)
