"""Documents of web interfaces (JSON, NDJSON, CSV, text), read into records or readings."""
