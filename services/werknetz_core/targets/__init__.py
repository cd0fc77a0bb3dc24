"""Targets: goals of productivity with a frozen baseline, and how far they are."""
