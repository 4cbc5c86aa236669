"""Identity's HTTP API, one file per subject."""
