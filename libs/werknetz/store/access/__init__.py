"""Who may do what in the database: roles with their rights, and the plants of the caller."""
