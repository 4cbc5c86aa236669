"""What identity reads from its tables."""
