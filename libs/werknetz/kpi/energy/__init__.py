"""Energy: carriers with their factors, meters, and the elements of what they measured."""
