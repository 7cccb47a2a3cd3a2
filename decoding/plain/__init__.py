"""Python's own values: numbers and times, built from what pickles hold, and written."""
