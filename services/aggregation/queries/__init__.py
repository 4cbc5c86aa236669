"""What people ask, answered from one point of the log, within the caller's scope."""
