"""Indicators, templates and their versions, and who has to report which form for which period."""
