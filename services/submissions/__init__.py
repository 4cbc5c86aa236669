"""The reports, and the append-only log from which every figure can be rebuilt."""
