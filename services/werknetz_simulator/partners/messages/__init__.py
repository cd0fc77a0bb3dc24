"""How partners write their messages: EDIFACT, VDA, CSV, a webhook and a database."""
