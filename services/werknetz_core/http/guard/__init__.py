"""Refuses values from outside that no column, index or answer can carry."""
