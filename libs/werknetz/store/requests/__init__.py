"""Statements over requests: the answers stored for their repetition."""
