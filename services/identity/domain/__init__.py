"""The rules of units, reorganisations, users and sessions, one file each."""
