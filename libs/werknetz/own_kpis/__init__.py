"""KPIs that a customer defines: YAML with a CEL formula over elements, versioned and tested."""
