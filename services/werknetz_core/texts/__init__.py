"""The language of each request, and what the API writes in it."""
