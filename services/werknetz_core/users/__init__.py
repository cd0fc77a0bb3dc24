"""Users: listed, created, changed and deleted by an admin."""
