"""Statements over our tables that read, by subject."""
