"""What identity writes into its tables beside its events, in the same transaction."""
