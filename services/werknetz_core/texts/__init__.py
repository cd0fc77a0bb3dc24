"""Sentences of the API in German and English, from one catalogue: `catalogue.toml`."""
