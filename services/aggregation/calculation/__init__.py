"""The arithmetic of aggregation: reports' lives, nodes, lateness, coverage. Pure; knows no database and no clock."""
