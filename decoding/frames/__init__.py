"""Columns, indexes and tables of pandas and Arrow."""
