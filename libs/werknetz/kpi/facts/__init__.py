"""Elements that come from facts of people, inspection and material, and KPIs over them."""
