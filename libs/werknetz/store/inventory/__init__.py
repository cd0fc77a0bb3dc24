"""Statements behind the reconciliation of stock."""
