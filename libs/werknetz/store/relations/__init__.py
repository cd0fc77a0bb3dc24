"""Statements behind the reconciliation of supply relations."""
