"""What the energy of equipment is computed from: meters, factors, and what is below a meter."""
