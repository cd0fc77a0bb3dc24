"""KPI values of production orders."""
