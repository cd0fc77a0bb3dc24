"""Statements behind the elements of machines."""
