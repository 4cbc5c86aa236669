"""The log's events as rows: facts, rollups by difference, formulas at nodes, notifications, releases, and rebuilds of all figures."""
