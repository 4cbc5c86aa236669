"""The rules: what may happen to an indicator, a template, an assignment. Pure; knows no database and no clock."""
