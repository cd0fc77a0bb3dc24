"""What is known of a machine, and when: which quantities are reported, and in which states."""
