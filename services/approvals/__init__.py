"""approvals: what waits for whom, and what was decided."""
