"""Energy carriers: what a unit of each counts, by plant and time."""
