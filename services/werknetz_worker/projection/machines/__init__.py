"""Reports of other systems about machines: states, jobs, inspections, attendance."""
