"""The group's supply chain: suppliers, their deliveries and the warehouses, from one timeline."""
