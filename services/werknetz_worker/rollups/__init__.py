"""Rolls up elements by day and by equipment."""
