"""EDIFACT: bytes → interchanges → messages → facts."""
