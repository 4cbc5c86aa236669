"""Sheets: cells, formulas, missing values, rounding and .xlsx, computed alike wherever they are needed."""
