"""KPI values of equipment by production order, product or shift team."""
