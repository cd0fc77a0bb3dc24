"""Losses by plant, line, machine, category, big loss, reason, order and shift, and compared."""
