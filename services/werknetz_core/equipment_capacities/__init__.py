"""Equipment production capacity: what a machine can produce in an hour of planned time."""
