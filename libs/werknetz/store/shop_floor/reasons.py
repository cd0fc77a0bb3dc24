"""Reads the reasons of stops and scrap."""

from typing import Final

REASONS: Final = """
SELECT r.code, q.path AS plant, r.parent, r.kind, r.name_en, r.name_de, r.category, r.state,
    r.is_planned, r.counts_against_availability, r.position, r.retired_at IS NOT NULL AS is_retired
FROM reasons r LEFT JOIN equipment q ON q.id = r.equipment_id
ORDER BY q.path NULLS FIRST, r.position, r.code"""
