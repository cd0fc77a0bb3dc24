"""From samples to elements: what workers compute for machines."""
