"""What workers have still to compute."""
