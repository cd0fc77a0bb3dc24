"""The group's supply, from one truth: suppliers, what they deliver, and the warehouses between."""
