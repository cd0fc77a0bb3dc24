"""Measured characteristics of machines: what capability is computed for."""
