"""Who there is and what they may do: units, users, sessions and signing keys. Knows no report and no figure."""
