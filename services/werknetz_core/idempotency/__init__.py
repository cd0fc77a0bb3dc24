"""Requests that a caller may repeat without doing their work twice: `Idempotency-Key`."""
