"""Encodes ids and rows in the forms that PostgreSQL reads fast."""
