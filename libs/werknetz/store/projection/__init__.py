"""Statements of the projector."""
