"""Files that others put down for us: watched folders and SFTP servers, and each file once.

Not a connector of its own: `tables`, `edi` and `idoc` bring a parser and share the rest.
"""
