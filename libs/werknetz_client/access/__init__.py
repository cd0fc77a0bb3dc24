"""Who may use the API: people and their sessions."""
