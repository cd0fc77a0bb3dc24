"""The own account: who one is, the own password and second factor."""
