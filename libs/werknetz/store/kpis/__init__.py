"""Statements that read what KPIs are computed from."""
