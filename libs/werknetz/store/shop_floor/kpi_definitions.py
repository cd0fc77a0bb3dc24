"""Reads the KPIs that customers define."""

from typing import Final

KPI_DEFINITIONS: Final = """
SELECT name, version, valid_from, document::text AS document, entered_by, entered_at, retired_at
FROM kpi_definitions ORDER BY name, version"""
