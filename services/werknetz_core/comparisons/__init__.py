"""Comparisons: equipment of one level ranked by a KPI, as far as it is comparable."""
