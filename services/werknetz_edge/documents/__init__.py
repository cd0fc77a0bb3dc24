"""JSON, NDJSON, CSV and text of web interfaces → rows → records or readings, each told once."""
