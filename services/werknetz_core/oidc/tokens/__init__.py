"""Tokens of a provider, and what must be true of them."""
