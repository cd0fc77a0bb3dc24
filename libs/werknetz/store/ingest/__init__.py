"""Statements of the ingest writer."""
