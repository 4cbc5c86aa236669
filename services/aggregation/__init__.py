"""Facts, rollups, progress, notifications, releases and rebuilds, fed by submissions' log alone."""
