"""Which samples a mean may be made of: neither bad, nor without a number, nor NaN or infinite."""

from typing import Final

# Signed, so a bad status (0x8…) is negative. PostgreSQL takes NaN for the largest number.
FINITE: Final = """
    status >= 0 AND value IS NOT NULL
    AND value <> 'NaN' AND value <> 'Infinity' AND value <> '-Infinity'
"""
