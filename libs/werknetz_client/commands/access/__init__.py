"""Who may do what: users, sessions, and who one is."""
