"""Losses by plant, line, machine, category, reason, order and shift, and compared."""
