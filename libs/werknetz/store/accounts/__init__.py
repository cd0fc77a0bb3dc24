"""Statements over people, their sessions and failed sign-ins."""
