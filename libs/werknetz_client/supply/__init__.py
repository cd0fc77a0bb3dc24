"""Collections of the supply side that do more than list: shortages and suppliers."""
