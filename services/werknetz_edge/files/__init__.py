"""File inboxes: watched folders and SFTP folders, each file read once.

Not a connector of its own: `tables`, `edi` and `idoc` add a parser and share the rest.
"""
