"""What the system must reach, measured: `make bench`. No test; nothing here runs under `make test`."""
