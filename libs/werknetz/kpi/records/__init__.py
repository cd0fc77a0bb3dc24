"""Definition records: what ISO 22400-2 asks to be written down about each KPI, and its history."""
