"""Targets: how far productivity is from its goal, what is missing, and what would bring it."""
